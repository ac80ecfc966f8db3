//! A sweep: what is varied, and the points that this makes. Each design of points is a
//! file in `designs/`.

pub(super) mod designs;
pub(super) mod frame;
pub(super) mod points;
pub(super) mod quantity;
pub(super) mod range;
pub(super) mod range_spec;
pub(super) mod spec;
#[cfg(test)]
mod tests;
mod when;

pub use designs::latin_hypercube::LatinHypercubeSpec;
pub use designs::morris::{MorrisSpec, Step, Trajectory};
pub use designs::random::RandomSpec;
pub use designs::sobol::SobolSpec;
pub use frame::Axis;
pub use points::{MOST_POINTS, MOST_RUNS, Sweep};
pub use quantity::base_number;
pub use range::Range;
pub use range_spec::{RangeSpec, SpanSpec};
pub use spec::{SweepSpec, VARIANT, Values, Variant};
pub use when::WhenSpec;
