//! Caches of answers: which requests need no model at all.
//!
//! From the outside in:
//! - [`Hierarchy`] is a row of levels, fastest first: a store writes them all, a
//!   hit in a slow one is promoted to the faster ones. [`CacheSpec`] describes
//!   it in an experiment file.
//! - [`Level`] is one of them: a capacity, a latency, a time to live, statistics.
//! - [`policy`] decides what goes when a level is full: one file per policy. A
//!   bare policy without values replays a trace at full speed
//!   ([`AnyPolicy::replay`]).
//! - [`replay`] runs bare policies on a recorded trace, and draws LRU's whole
//!   miss-ratio curve in one pass.
//! - [`Admission`] decides what a level does not even take: [`AdmissionSpec`].
//! - [`Table`] is what policies are built of: key to slot by hashing, and doubly
//!   linked lists threaded through the slots; also [`Segments`] (lists that know
//!   their weight), [`PerSlot`] (what else is known of an entry), [`Heap`],
//!   [`Ghosts`] and [`Past`] (keys that went), and [`Sketch`] (how often keys were
//!   asked for).
//!
//! Memory is bounded by the capacities, never by how many distinct keys passed.

mod admission;
mod ghosts;
mod heap;
mod hierarchy;
mod index;
mod key;
mod level;
mod past;
mod per_slot;
pub mod policy;
pub mod replay;
mod segments;
mod sketch;
mod slot;
mod table;

pub use admission::{Admission, AdmissionSpec, Dollars, DoorkeeperSpec};
pub use ghosts::Ghosts;
pub use heap::{ByNumber, Heap, Ranked};
pub use hierarchy::{CacheSpec, Hierarchy};
pub use key::{Key, cache_key_md5};
pub use level::{Level, LevelSpec, LevelStats, Size};
pub use past::Past;
pub use per_slot::PerSlot;
pub use policy::{AnyPolicy, Item, Policy, PolicySpec};
pub use segments::{Segments, share};
pub use sketch::Sketch;
pub use slot::{List, Slot};
pub use table::{Table, Word};
