//! SIEVE.
//!
//! Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi: SIEVE is simpler than
//! LRU: an efficient turn-key eviction algorithm for web caches. NSDI 2024,
//! algorithm 1.

use super::Policy;
use crate::cache::{Item, List, PerSlot, Slot, Table};
use crate::spec::Capacity;

/// Entries in the order in which they came. A hand goes from the oldest to the
/// newest, sparing those hit since it last passed, and evicts where it stops;
/// what it spares stays in its place.
#[derive(Clone, Debug)]
pub struct Sieve {
    table: Table,
    visited: PerSlot<bool>,
    /// Where the hand goes on; none: from the oldest.
    hand: Option<Slot>,
}

/// The latest arrival first.
const ORDER: List = List::nth(0);

impl Sieve {
    /// An empty cache.
    pub fn new(capacity: Capacity) -> Self {
        Sieve { table: Table::new(capacity, 1), visited: PerSlot::default(), hand: None }
    }
}

impl Policy for Sieve {
    kept_in_table!();

    fn bytes(&self) -> usize {
        self.table.bytes() + self.visited.bytes()
    }

    #[inline]
    fn hit(&mut self, slot: Slot) {
        self.visited[slot] = true;
    }

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        let slot = self.table.insert(item.key, item.weight, ORDER);
        self.visited.set(&self.table, slot, false);
        slot
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        let mut slot = self.hand.or_else(|| self.table.back(ORDER))?;
        while self.visited[slot] {
            self.visited[slot] = false;
            slot = self.table.before(slot).or_else(|| self.table.back(ORDER))?;
        }
        self.hand = Some(slot);
        Some(slot)
    }

    #[inline]
    fn remove(&mut self, slot: Slot) {
        if self.hand == Some(slot) {
            self.hand = self.table.before(slot);
        }
        self.table.remove(slot);
    }
}
