//! What the specs of all parts are made of: numbers with units and ranges, and
//! the list of problems found in a file. Knows nothing of what is simulated.
//!
//! A part's spec is a serde struct beside the code that it configures. Types
//! here refuse a bad value while it is read ([`Rate`] is never negative);
//! whatever needs more than one field is checked by the part's
//! `check(&self, problems: &mut Problems)`.

mod decimal;
mod names;
mod near;
mod number;
mod problem;
mod units;

pub(crate) use names::one_or_many;
pub use near::{nearest, suggestion};
pub(crate) use number::per_cent;
pub use number::{Correlation, Fraction, NonNegative, Positive};
pub use problem::{Help, Path, Problem, Problems, Segment, Severity};
pub use units::{Bandwidth, Capacity, Rate, format_rate, parse_duration};
pub(crate) use units::{from_text, parse_count};
