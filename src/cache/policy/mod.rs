//! Eviction policies: what goes when a cache is full. One file each.
//!
//! To add one: write its file, implementing [`Policy`] on a [`Table`], and give
//! it a line in the list below. A policy with parameters has them in braces
//! there, and gets them in `new` after the capacity.

#[macro_use]
mod choice;
mod fifo;
mod lru;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Key, Slot, Table};
use crate::spec::Capacity;

pub use fifo::Fifo;
pub use lru::Lru;

policies! {
    /// Least recently used: a hit makes an entry the last to go.
    #[default]
    Lru => Lru;
    /// First in, first out: hits do not matter.
    Fifo => Fifo;
}

/// An eviction policy together with the entries it looks after.
///
/// A policy says how entries are ordered ([`hit`](Policy::hit),
/// [`place`](Policy::place), [`victim`](Policy::victim)); the rest follows, and
/// may be replaced by one that does more, such as refusing an entry.
pub trait Policy {
    /// The entries.
    fn table(&self) -> &Table;

    /// The entries, to change.
    fn table_mut(&mut self) -> &mut Table;

    /// Notes that the entry in `slot` was asked for, or written anew.
    fn hit(&mut self, slot: Slot);

    /// Puts an entry that is not there yet into the table.
    fn place(&mut self, key: Key, weight: u32) -> Slot;

    /// The entry that goes next; `None` only where there is no entry.
    fn victim(&mut self) -> Option<Slot>;

    /// Takes an entry out.
    #[inline]
    fn remove(&mut self, slot: Slot) {
        self.table_mut().remove(slot);
    }

    /// Adds an entry that is not there yet, and tells `evicted` of each entry
    /// that had to go (its slot may be used again at once). `None` if it is not
    /// stored: alone it weighs more than the capacity.
    #[inline]
    fn admit(&mut self, key: Key, weight: u32, mut evicted: impl FnMut(Slot)) -> Option<Slot> {
        let weight = self.table().counted(weight);
        if u64::from(weight) > self.table().capacity() {
            return None;
        }
        while !self.table().has_room(weight) {
            let victim = self.victim()?;
            evicted(victim);
            self.remove(victim);
        }
        Some(self.place(key, weight))
    }

    /// Notes that the entry in `slot` was written anew and weighs `weight` now,
    /// and tells `evicted` of each entry that had to go for it. False if it went
    /// itself: it outgrew the capacity, or its turn came.
    fn rewrite(&mut self, slot: Slot, weight: u32, mut evicted: impl FnMut(Slot)) -> bool {
        let weight = self.table().counted(weight);
        if u64::from(weight) > self.table().capacity() {
            evicted(slot);
            self.remove(slot);
            return false;
        }
        self.hit(slot);
        self.table_mut().reweigh(slot, weight);
        while !self.table().has_room(0) {
            let Some(victim) = self.victim() else { break };
            evicted(victim);
            self.remove(victim);
            if victim == slot {
                return false;
            }
        }
        true
    }

    /// One request of a trace: a hit, or a miss that is stored. True if a hit.
    #[inline]
    fn request(&mut self, key: Key, weight: u32) -> bool {
        let found = self.table().find(key);
        if let Some(slot) = found {
            self.hit(slot);
        } else {
            self.admit(key, weight, |_| {});
        }
        found.is_some()
    }
}

impl AnyPolicy {
    /// The slot of `key`.
    #[inline]
    pub fn find(&self, key: Key) -> Option<Slot> {
        self.table().find(key)
    }

    /// The entries.
    #[inline]
    pub fn table(&self) -> &Table {
        dispatch!(self, policy => policy.table())
    }

    /// See [`Policy::hit`].
    #[inline]
    pub fn hit(&mut self, slot: Slot) {
        dispatch!(self, policy => policy.hit(slot));
    }

    /// See [`Policy::admit`].
    pub fn admit(&mut self, key: Key, weight: u32, evicted: impl FnMut(Slot)) -> Option<Slot> {
        dispatch!(self, policy => policy.admit(key, weight, evicted))
    }

    /// See [`Policy::rewrite`].
    pub fn rewrite(&mut self, slot: Slot, weight: u32, evicted: impl FnMut(Slot)) -> bool {
        dispatch!(self, policy => policy.rewrite(slot, weight, evicted))
    }

    /// See [`Policy::remove`].
    pub fn remove(&mut self, slot: Slot) {
        dispatch!(self, policy => policy.remove(slot));
    }

    /// See [`Policy::request`].
    #[inline]
    pub fn request(&mut self, key: Key, weight: u32) -> bool {
        dispatch!(self, policy => policy.request(key, weight))
    }

    /// Replays a trace of keys and weights, choosing the policy's code once.
    /// Returns the number of hits.
    pub fn replay(&mut self, trace: impl IntoIterator<Item = (Key, u32)>) -> u64 {
        dispatch!(self, policy => {
            trace.into_iter().map(|(key, weight)| u64::from(policy.request(key, weight))).sum()
        })
    }
}
