//! What an eviction policy must say, and what follows from it.

use crate::cache::{Item, Slot, Table};

/// An eviction policy together with the entries it looks after.
///
/// A policy says how entries are ordered ([`hit`](Policy::hit),
/// [`place`](Policy::place), [`victim`](Policy::victim)); the rest follows, and
/// may be replaced by one that does more, such as remembering what it evicted.
pub trait Policy {
    /// The entries.
    fn table(&self) -> &Table;

    /// The entries, to change.
    fn table_mut(&mut self) -> &mut Table;

    /// Notes that the entry in `slot` was asked for, or written anew.
    fn hit(&mut self, slot: Slot);

    /// Notes that `item`, which is not there, is about to come in; nothing has
    /// gone for it yet.
    #[inline]
    fn miss(&mut self, _item: Item) {}

    /// Puts an entry that is not there yet into the table. `item.weight` is what
    /// it [counts](Table::counted) for.
    fn place(&mut self, item: Item) -> Slot;

    /// The entry that goes next; `None` only where there is no entry.
    fn victim(&mut self) -> Option<Slot>;

    /// Takes out the entry that [`victim`](Policy::victim) named.
    #[inline]
    fn evict(&mut self, slot: Slot) {
        self.remove(slot);
    }

    /// Takes an entry out that did not have to go, such as an expired one.
    #[inline]
    fn remove(&mut self, slot: Slot) {
        self.table_mut().remove(slot);
    }

    /// Notes that the entry in `slot` was written anew, and that `item.weight` is
    /// what it counts for now.
    #[inline]
    fn renew(&mut self, slot: Slot, item: Item) {
        self.hit(slot);
        self.table_mut().reweigh(slot, item.weight);
    }

    /// Bytes of memory held.
    fn bytes(&self) -> usize {
        self.table().bytes()
    }

    /// Adds an entry that is not there yet, and tells `evicted` of each entry
    /// that had to go (its slot may be used again at once). `None` if it is not
    /// stored: alone it weighs more than the capacity.
    #[inline]
    fn admit(&mut self, item: Item, mut evicted: impl FnMut(Slot)) -> Option<Slot> {
        let item = self.table().counted(item);
        if u64::from(item.weight) > self.table().capacity() {
            return None;
        }
        self.miss(item);
        while !self.table().has_room(item.weight) {
            let victim = self.victim()?;
            evicted(victim);
            self.evict(victim);
        }
        Some(self.place(item))
    }

    /// Notes that the entry in `slot` was written anew and is `item` now, and
    /// tells `evicted` of each entry that had to go for it. False if it went
    /// itself: it outgrew the capacity, or its turn came.
    fn rewrite(&mut self, slot: Slot, item: Item, mut evicted: impl FnMut(Slot)) -> bool {
        debug_assert_eq!(self.table().key(slot), item.key, "an entry keeps its key");
        let item = self.table().counted(item);
        if u64::from(item.weight) > self.table().capacity() {
            evicted(slot);
            self.remove(slot);
            return false;
        }
        self.renew(slot, item);
        while !self.table().has_room(0) {
            let Some(victim) = self.victim() else { break };
            evicted(victim);
            self.evict(victim);
            if victim == slot {
                return false;
            }
        }
        true
    }

    /// One request of a trace: a hit, or a miss that is stored. True if a hit.
    #[inline]
    fn request(&mut self, item: Item) -> bool {
        let found = self.table().find(item.key);
        if let Some(slot) = found {
            self.hit(slot);
        } else {
            self.admit(item, |_| {});
        }
        found.is_some()
    }
}
