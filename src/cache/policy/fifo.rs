//! First in, first out.
//!
//! L. A. Belady: A study of replacement algorithms for a virtual-storage
//! computer. IBM Systems Journal 5(2), 1966.

use super::Policy;
use crate::cache::{Item, List, Slot, Table};
use crate::spec::Capacity;

/// Entries in the order in which they came; one that is written anew keeps its
/// place.
#[derive(Clone, Debug)]
pub struct Fifo {
    table: Table,
}

/// The latest arrival first.
const ORDER: List = List::nth(0);

impl Fifo {
    /// An empty cache.
    pub fn new(capacity: Capacity) -> Self {
        Fifo { table: Table::new(capacity, 1) }
    }
}

impl Policy for Fifo {
    kept_in_table!();

    #[inline]
    fn hit(&mut self, _: Slot) {}

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        self.table.insert(item.key, item.weight, ORDER)
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        self.table.back(ORDER)
    }
}
