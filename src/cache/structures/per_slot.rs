//! What else is known of entries.

use std::ops::{Index, IndexMut};

use crate::cache::{Slot, Table};

/// One value per slot of a table. What is in a free slot means nothing.
#[derive(Clone, Debug)]
pub struct PerSlot<T>(Vec<T>);

impl<T> Default for PerSlot<T> {
    fn default() -> Self {
        PerSlot(Vec::new())
    }
}

impl<T: Copy + Default> PerSlot<T> {
    /// Writes a value; takes memory for as many as the table has slots.
    #[inline]
    pub fn set(&mut self, table: &Table, slot: Slot, value: T) {
        if slot.index() >= self.0.len() {
            self.grow(table.slots());
        }
        self.0[slot.index()] = value;
    }

    #[cold]
    fn grow(&mut self, slots: usize) {
        self.0.reserve_exact(slots - self.0.len());
        self.0.resize(slots, T::default());
    }

    /// Changes every value.
    pub fn for_each(&mut self, change: impl FnMut(&mut T)) {
        self.0.iter_mut().for_each(change);
    }

    /// Whether memory was taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<T>()
    }
}

impl<T> Index<Slot> for PerSlot<T> {
    type Output = T;
    #[inline]
    fn index(&self, slot: Slot) -> &T {
        &self.0[slot.index()]
    }
}

impl<T> IndexMut<Slot> for PerSlot<T> {
    #[inline]
    fn index_mut(&mut self, slot: Slot) -> &mut T {
        &mut self.0[slot.index()]
    }
}
