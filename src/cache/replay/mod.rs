//! Caches on a recorded trace, without a simulation around them: miss ratios of
//! policies at capacities, and whole miss-ratio curves of LRU in one pass.
//!
//! - [`Study`] is all that is asked of a trace at once.
//! - [`Replay`] runs policies x capacities in parallel.
//! - [`exact_curve`] gives LRU's miss ratio at every capacity that is asked for
//!   from one pass over the trace, by stack distances ([`Distances`]).
//! - [`sampled_curve`] does the same on a small share of the objects (SHARDS),
//!   with an estimate of its error.
//! - [`Reuse`] gives LRU's hit ratios of accesses that come one by one.
//!
//! An object's size counts as it is at each access; object and byte miss ratios
//! come out of the same pass.

mod capacity;
mod contender;
mod curve;
mod distances;
mod reuse;
mod runner;
mod shards;
mod study;

pub use capacity::{Room, Share, Unit};
pub use contender::Contender;
pub use curve::{Curve, exact_curve, grid};
pub use distances::Distances;
pub use reuse::Reuse;
pub use runner::{Cell, Counts, Replay};
pub use shards::{Sample, sampled_curve};
pub use study::{Drawn, Method, Outcome, Study};
