//! Ids that say what they are, and whether they still are it.
//!
//! A [`Table`] gives each of its rows a slot and a generation. When a row goes, its slot
//! is given away again, with the next generation: an [`Id`] of what was there before
//! finds nothing. Schedulers, queues and engines know their jobs by slot alone;
//! [`Table::at`] makes an id of one while its row is there.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// Of what an id is.
#[derive(Debug)]
pub enum OfRequest {}

/// See above.
#[derive(Debug)]
pub enum OfInference {}

/// See above.
#[derive(Debug)]
pub enum OfAttempt {}

/// See above.
#[derive(Debug)]
pub enum OfFollowUp {}

/// Names a request.
pub type RequestId = Id<OfRequest>;
/// Names a request's way through the models.
pub type InferenceId = Id<OfInference>;
/// Names one request to one replica.
pub type AttemptId = Id<OfAttempt>;
/// Names a request that is to come.
pub type FollowUpId = Id<OfFollowUp>;

/// Names a row of a [`Table`] of the kind `K`, as long as it is there.
pub struct Id<K> {
    slot: u32,
    generation: u32,
    of: PhantomData<fn() -> K>,
}

impl<K> Id<K> {
    /// The place in the table, which another row may have later.
    #[inline]
    pub const fn slot(self) -> u32 {
        self.slot
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        (self.slot, self.generation) == (other.slot, other.generation)
    }
}

impl<K> Eq for Id<K> {}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.slot, self.generation)
    }
}

/// A place in a table.
#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    row: Option<T>,
}

/// Rows of the kind `K` that come and go, by id.
#[derive(Debug)]
pub struct Table<K, T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    of: PhantomData<fn() -> K>,
}

impl<K, T> Default for Table<K, T> {
    fn default() -> Self {
        Table { slots: Vec::new(), free: Vec::new(), of: PhantomData }
    }
}

impl<K, T> Table<K, T> {
    /// The id that the next row will have.
    #[inline]
    pub fn next_id(&self) -> Id<K> {
        let slot = self.free.last().copied().unwrap_or(self.slots.len() as u32);
        let generation = self.slots.get(slot as usize).map_or(0, |slot| slot.generation);
        Id { slot, generation, of: PhantomData }
    }

    /// Adds a row.
    #[inline]
    pub fn insert(&mut self, row: T) -> Id<K> {
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
    pub fn get(&self, id: Id<K>) -> Option<&T> {
        let slot = self.slots.get(id.slot as usize)?;
        slot.row.as_ref().filter(|_| slot.generation == id.generation)
    }

    /// The row, if it is still there.
    #[inline]
    pub fn get_mut(&mut self, id: Id<K>) -> Option<&mut T> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        if slot.generation == id.generation { slot.row.as_mut() } else { None }
    }

    /// Takes the row out, if it is still there.
    #[inline]
    pub fn remove(&mut self, id: Id<K>) -> Option<T> {
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
    pub fn at(&self, slot: u32) -> Option<Id<K>> {
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
impl<K, T> Index<Id<K>> for Table<K, T> {
    type Output = T;

    #[inline]
    fn index(&self, id: Id<K>) -> &T {
        self.get(id).expect("the row is there as long as something holds its id")
    }
}

impl<K, T> IndexMut<Id<K>> for Table<K, T> {
    #[inline]
    fn index_mut(&mut self, id: Id<K>) -> &mut T {
        self.get_mut(id).expect("the row is there as long as something holds its id")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_what_was_there_before_finds_nothing() {
        let mut table: Table<OfRequest, &str> = Table::default();
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
