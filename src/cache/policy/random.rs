//! Random replacement.
//!
//! L. A. Belady: A study of replacement algorithms for a virtual-storage
//! computer. IBM Systems Journal 5(2), 1966.

use super::{Item, Policy};
use crate::cache::{Slot, Table, Word};
use crate::kernel::Stream;
use crate::spec::Capacity;

/// Every entry is as likely to go as any other.
#[derive(Clone, Debug)]
pub struct Random {
    table: Table,
    /// The slots in use, in no order.
    entries: Vec<Slot>,
    stream: Stream,
}

/// Which of an entry's words is its place among `entries`.
const PLACE: Word = Word::First;

impl Random {
    /// An empty cache that draws lots from `stream`.
    pub fn new(capacity: Capacity, stream: Stream) -> Self {
        Random { table: Table::new(capacity, 0), entries: Vec::new(), stream }
    }
}

impl Policy for Random {
    #[inline]
    fn table(&self) -> &Table {
        &self.table
    }

    #[inline]
    fn table_mut(&mut self) -> &mut Table {
        &mut self.table
    }

    fn bytes(&self) -> usize {
        self.table.bytes() + self.entries.capacity() * size_of::<Slot>()
    }

    #[inline]
    fn hit(&mut self, _: Slot) {}

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        let slot = self.table.insert_loose(item.key, item.weight);
        self.table.set_word(slot, PLACE, self.entries.len() as u32);
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(self.table.slots() - self.entries.len());
        }
        self.entries.push(slot);
        slot
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        let entries = self.entries.len() as u64;
        (entries > 0).then(|| self.entries[self.stream.below(entries) as usize])
    }

    #[inline]
    fn remove(&mut self, slot: Slot) {
        let place = self.table.word(slot, PLACE);
        self.entries.swap_remove(place as usize);
        if let Some(moved) = self.entries.get(place as usize) {
            self.table.set_word(*moved, PLACE, place);
        }
        self.table.remove(slot);
    }
}
