//! Least recently used.
//!
//! R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger: Evaluation techniques
//! for storage hierarchies. IBM Systems Journal 9(2), 1970.

use super::Policy;
use crate::cache::{Item, List, Slot, Table};
use crate::spec::Capacity;

/// Entries in the order of their last use.
#[derive(Clone, Debug)]
pub struct Lru {
    table: Table,
}

/// The latest used first.
const ORDER: List = List::nth(0);

impl Lru {
    /// An empty cache.
    pub fn new(capacity: Capacity) -> Self {
        Lru { table: Table::new(capacity, 1) }
    }
}

impl Policy for Lru {
    kept_in_table!();

    #[inline]
    fn hit(&mut self, slot: Slot) {
        self.table.move_to_front(ORDER, slot);
    }

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        self.table.insert(item.key, item.weight, ORDER)
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        self.table.back(ORDER)
    }
}
