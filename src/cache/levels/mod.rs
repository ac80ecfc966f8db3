//! Answers kept level by level.
//!
//! [`Hierarchy`] is the row of levels; a level has a policy, a capacity and times to
//! live. What may go with it: [`Admission`], a device that serves a
//! few at a time, deadlines of a timer, changes at the origin ([`InvalidationSpec`]).
//! [`NegativeCache`] stands beside them and keeps failures.

mod admission;
mod deadlines;
mod device;
mod entry;
mod hierarchy;
mod invalidation;
mod key_map;
mod level;
mod level_spec;
mod negative;
mod spec;

pub use admission::{Admission, AdmissionSpec, Dollars, DoorkeeperSpec};
pub use entry::{Hit, Size};
pub use hierarchy::Hierarchy;
pub use invalidation::InvalidationSpec;
pub use key_map::KeyMap;
pub use level::LevelStats;
pub(in crate::cache) use level_spec::check_life;
pub use level_spec::{LevelSpec, PromoteSpec, PromoteTo};
pub use negative::NegativeCache;
pub use spec::{CacheSpec, ExpirySpec, ModeSpec, WriteSpec};
