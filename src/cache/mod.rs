//! Caches of answers: which requests need no model at all.
//!
//! From the outside in:
//! - [`Hierarchy`] is a row of levels, fastest first: a store writes them all, a
//!   hit in a slow one is promoted to the faster ones. [`CacheSpec`] describes
//!   it in an experiment file.
//! - [`LevelSpec`] is one of them: a capacity, a latency, a time to live;
//!   [`LevelStats`] is what happened in it.
//! - What goes with it: [`LatencySpec`], [`InvalidationSpec`], [`NegativeCache`].
//! - [`policy`] decides what goes when a level is full: one file per policy. A
//!   bare policy without values replays a trace at full speed
//!   ([`AnyPolicy::replay`]).
//! - [`Table`] is what policies are built of: key to slot by hashing, and doubly
//!   linked lists threaded through the slots.
//!
//! - [`semantic`] is the cache that is asked last: it answers a prompt with the
//!   answer to a similar one.
//!
//! Memory is bounded by the capacities, never by how many distinct keys passed.

mod admission;
mod deadlines;
mod device;
mod entry;
mod ghosts;
mod heap;
mod hierarchy;
mod index;
mod invalidation;
mod key;
mod key_map;
mod latency;
mod level;
mod level_spec;
mod negative;
mod past;
mod per_slot;
pub mod policy;
mod segments;
pub mod semantic;
mod sketch;
mod spec;
mod table;

pub use admission::{Admission, AdmissionSpec, Dollars, DoorkeeperSpec};
pub use entry::{Hit, Size};
pub use ghosts::Ghosts;
pub use heap::{ByNumber, Heap, Ranked};
pub use hierarchy::Hierarchy;
pub use invalidation::InvalidationSpec;
pub use key::{Key, cache_key_md5};
pub use key_map::KeyMap;
pub use latency::{ExponentialSpec, LatencySpec, LognormalTimeSpec, UniformSpec};
pub use level::LevelStats;
pub use level_spec::{LevelSpec, PromoteSpec, PromoteTo};
pub use negative::NegativeCache;
pub use past::Past;
pub use per_slot::PerSlot;
pub use policy::{AnyPolicy, Item, Policy, PolicySpec};
pub use segments::{Segments, share};
pub use semantic::{SEMANTIC, SemanticCache, SemanticPlan, SemanticSpec};
pub use sketch::Sketch;
pub use spec::{CacheSpec, ExpirySpec, ModeSpec, WriteSpec};
pub use table::{List, Slot, Table, Word};
