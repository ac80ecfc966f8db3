//! The charts of traces, one file each.

pub(super) mod arrivals;
mod common;
pub(super) mod fit_cdf;
pub(super) mod lengths;
pub(super) mod popularity;
pub(super) mod reuse;
