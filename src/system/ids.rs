//! Ids that say what they are, and whether they still are it.
//!
//! A [`Table`] gives each of its rows a slot and a generation. When a row goes, its slot
//! is given away again, with the next generation: an [`Id`] of what was there before
//! finds nothing. Schedulers, queues and engines know their jobs by slot alone;
//! [`Table::at`] makes an id of one while its row is there.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// Names a row of a [`Table`] of `T`, as long as it is there.
pub struct Id<T> {
    slot: u32,
    generation: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// The place in the table, which another row may have later.
    #[inline]
    pub const fn slot(self) -> u32 {
        self.slot
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.slot, self.generation) == (other.slot, other.generation)
    }
}

impl<T> Eq for Id<T> {}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.slot, self.generation)
    }
}

/// A place in a table.
#[derive(Clone, Debug)]
struct Slot<T> {
    generation: u32,
    row: Option<T>,
}

/// Rows that come and go, by id.
#[derive(Clone, Debug)]
pub struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Table<T> {
    /// The id that the next row will have.
    #[inline]
    pub fn next_id(&self) -> Id<T> {
        let slot = self.free.last().copied().unwrap_or(self.slots.len() as u32);
        let generation = self.slots.get(slot as usize).map_or(0, |slot| slot.generation);
        Id { slot, generation, of: PhantomData }
    }

    /// Adds a row.
    #[inline]
    pub fn insert(&mut self, row: T) -> Id<T> {
        let id = self.next_id();
        if self.free.pop().is_some() {
            self.slots[id.slot as usize].row = Some(row);
        } else {
            self.slots.push(Slot { generation: 0, row: Some(row) });
        }
        id
    }

    /// The row, if it is still there.
    #[inline]
    pub fn get(&self, id: Id<T>) -> Option<&T> {
        let slot = self.slots.get(id.slot as usize)?;
        slot.row.as_ref().filter(|_| slot.generation == id.generation)
    }

    /// The row, if it is still there.
    #[inline]
    pub fn get_mut(&mut self, id: Id<T>) -> Option<&mut T> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        if slot.generation == id.generation { slot.row.as_mut() } else { None }
    }

    /// Takes the row out, if it is still there.
    #[inline]
    pub fn remove(&mut self, id: Id<T>) -> Option<T> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        if slot.generation != id.generation {
            return None;
        }
        let row = slot.row.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(id.slot);
        Some(row)
    }

    /// The id of the row that has the slot now, if one has it.
    #[inline]
    pub fn at(&self, slot: u32) -> Option<Id<T>> {
        let it = self.slots.get(slot as usize)?;
        it.row.as_ref().map(|_| Id { slot, generation: it.generation, of: PhantomData })
    }

    /// How many rows there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The row of an id that is known to be valid.
impl<T> Index<Id<T>> for Table<T> {
    type Output = T;

    #[inline]
    fn index(&self, id: Id<T>) -> &T {
        self.get(id).expect("the row is there as long as something holds its id")
    }
}

impl<T> IndexMut<Id<T>> for Table<T> {
    #[inline]
    fn index_mut(&mut self, id: Id<T>) -> &mut T {
        self.get_mut(id).expect("the row is there as long as something holds its id")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_what_was_there_before_finds_nothing() {
        let mut table = Table::default();
        assert_eq!(table.next_id(), table.insert("first"));
        let first = table.at(0).unwrap();
        let second = table.insert("second");
        assert_eq!(table.remove(first), Some("first"));
        assert_eq!((table.remove(first), table.at(0), table.len()), (None, None, 1));
        let third = table.insert("third");
        assert_eq!((third.slot(), table[third], table[second]), (0, "third", "second"));
        assert_eq!(table.get(first), None);
        assert_eq!(table.get_mut(first), None);
        assert_eq!(table.remove(first), None, "what is there now stays");
        assert_eq!(table.at(0), Some(third));
        table.remove(second);
        table.remove(third);
        assert!(table.is_empty());
    }
}
