//! What policies of several queues are built of: a table whose entries know
//! their list, and lists that know their weight.

use crate::cache::{Item, List, PerSlot, Slot, Table};
use crate::spec::Capacity;

/// Entries on up to 255 lists, each with its weight. One byte an entry more than
/// a [`Table`].
#[derive(Clone, Debug)]
pub struct Segments {
    table: Table,
    list: PerSlot<u8>,
    weights: Vec<u64>,
}

impl Segments {
    /// Empty lists.
    pub fn new(capacity: Capacity, lists: u8) -> Self {
        Segments {
            table: Table::new(capacity, lists.into()),
            list: PerSlot::default(),
            weights: vec![0; lists.into()],
        }
    }

    /// The entries.
    #[inline]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The entries, to be given to [`Policy`](crate::cache::Policy) alone: what changes
    /// lists or weights must go through the segments.
    #[inline]
    pub fn table_mut(&mut self) -> &mut Table {
        &mut self.table
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.table.bytes() + self.list.bytes()
    }

    /// What the entries of a list weigh together.
    #[inline]
    pub fn weight(&self, list: List) -> u64 {
        self.weights[list.index()]
    }

    /// Where an entry is.
    #[inline]
    pub fn list_of(&self, slot: Slot) -> List {
        List::nth(self.list[slot].into())
    }

    /// Puts in an entry that is not there yet, at the front of `list`.
    #[inline]
    pub fn insert(&mut self, item: Item, list: List) -> Slot {
        let slot = self.table.insert(item.key, item.weight, list);
        self.list.set(&self.table, slot, list.index() as u8);
        self.weights[list.index()] += u64::from(item.weight);
        slot
    }

    /// Moves an entry to the front of `list`.
    #[inline]
    pub fn move_to(&mut self, list: List, slot: Slot) {
        let from = self.list_of(slot);
        if from != list {
            let weight = u64::from(self.table.weight_of(slot));
            self.weights[from.index()] -= weight;
            self.weights[list.index()] += weight;
            self.list[slot] = list.index() as u8;
        }
        self.table.move_to_front(list, slot);
    }

    /// Takes an entry out.
    #[inline]
    pub fn remove(&mut self, slot: Slot) {
        let list = self.list_of(slot);
        self.weights[list.index()] -= u64::from(self.table.weight_of(slot));
        self.table.remove(slot);
    }

    /// Changes what an entry counts for.
    pub fn reweigh(&mut self, slot: Slot, weight: u32) {
        let list = self.list_of(slot);
        let others = self.weights[list.index()] - u64::from(self.table.weight_of(slot));
        self.weights[list.index()] = others + u64::from(weight);
        self.table.reweigh(slot, weight);
    }

    /// The last entry of a list.
    #[inline]
    pub fn back(&self, list: List) -> Option<Slot> {
        self.table.back(list)
    }
}

/// A share of a capacity, rounded down.
pub fn share(capacity: u64, share: f64) -> u64 {
    (capacity as f64 * share) as u64
}
