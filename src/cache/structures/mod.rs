//! What policies are made of: entries in slots, found by their keys, in lists and
//! heaps; keys that went, and how often keys were asked for.

mod ghosts;
mod hashed;
mod heap;
mod index;
mod past;
mod per_slot;
mod segments;
mod sketch;
mod slot;
mod table;

pub use ghosts::Ghosts;
pub(in crate::cache) use hashed::{Hashed, hash};
pub use heap::{ByNumber, Heap, Ranked};
pub use past::Past;
pub use per_slot::PerSlot;
pub use segments::{Segments, share};
pub use sketch::Sketch;
pub use slot::{List, Slot};
pub use table::{Table, Word};
