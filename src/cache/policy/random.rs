//! Random replacement.
//!
//! L. A. Belady: A study of replacement algorithms for a virtual-storage
//! computer. IBM Systems Journal 5(2), 1966.

use super::Policy;
use crate::cache::{Item, Slot, Table, Word};
use crate::kernel::Stream;
use crate::spec::Capacity;

/// Every entry is as likely to go as any other.
#[derive(Clone, Debug)]
pub struct Random {
    table: Table,
    stream: Stream,
}

/// Which of an entry's words says that there is an entry.
const STATE: Word = Word::First;
const HELD: u32 = 1;
const FREE: u32 = 0;

impl Random {
    /// An empty cache that draws lots from `stream`.
    pub fn new(capacity: Capacity, stream: Stream) -> Self {
        Random { table: Table::new(capacity, 0), stream }
    }
}

impl Policy for Random {
    kept_in_table!();

    #[inline]
    fn hit(&mut self, _: Slot) {}

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        let slot = self.table.insert_loose(item.key, item.weight);
        self.table.set_word(slot, STATE, HELD);
        slot
    }

    /// Draws slots until there is an entry in one. A full cache of entries has
    /// no others.
    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        if self.table.is_empty() {
            return None;
        }
        loop {
            let slot = self.table.nth_slot(self.stream.below(self.table.slots_used()));
            if self.table.word(slot, STATE) == HELD {
                return Some(slot);
            }
        }
    }

    #[inline]
    fn remove(&mut self, slot: Slot) {
        self.table.set_word(slot, STATE, FREE);
        self.table.remove(slot);
    }
}
