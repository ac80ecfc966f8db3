//! What policies are built of: entries in slots, found by key, threaded on
//! doubly linked lists, weighed against a capacity.

use super::index::Index;
use crate::cache::{Item, Key, List, Slot};
use crate::spec::Capacity;

/// One of the two words that an entry on no list has to spare.
#[derive(Clone, Copy, Debug)]
pub enum Word {
    /// The one.
    First,
    /// The other.
    Second,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    key: Key,
    /// Towards the front.
    prev: Slot,
    /// Towards the back; of a free slot: the next free one.
    next: Slot,
}

/// Entries by key, on lists if there are any, within a capacity: 25 bytes an entry when full, 4
/// more with weights. The index holds slots only; a slot never moves.
#[derive(Clone, Debug)]
pub struct Table {
    index: Index,
    nodes: Vec<Node>,
    free: Slot,
    lists: u32,
    len: usize,
    capacity: u64,
    weight: u64,
    /// By slot; empty where every entry weighs 1.
    weights: Vec<u32>,
    weighted: bool,
}

impl Table {
    /// An empty table with `lists` empty lists. Entries weigh 1 if the capacity
    /// is in entries or unbounded. Memory is taken as it fills.
    pub fn new(capacity: Capacity, lists: u32) -> Self {
        let (capacity, weighted) = match capacity {
            Capacity::Entries(entries) => (entries, false),
            Capacity::Bytes(weight) | Capacity::Tokens(weight) => (weight, true),
            Capacity::Unbounded => (u64::MAX, false),
        };
        let ends = |n| Node { key: Key(0), prev: Slot(n), next: Slot(n) };
        Table {
            index: Index::default(),
            nodes: (0..lists).map(ends).collect(),
            free: Slot::NONE,
            lists,
            len: 0,
            capacity,
            weight: 0,
            weights: Vec::new(),
            weighted,
        }
    }

    /// Finds entries by number from now on, not by hashing: for an empty table whose keys are
    /// numbers from 0 to below `keys`, such as those of a trace. Takes 4 bytes for each number
    /// instead of some 9 for each entry.
    pub fn number_keys(&mut self, keys: usize) {
        debug_assert!(self.is_empty(), "an index is chosen before the first entry");
        self.index = Index::numbered(keys);
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether entries have weights of their own.
    pub fn is_weighted(&self) -> bool {
        self.weighted
    }

    /// What the entries weigh together.
    #[inline]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// What they may weigh together.
    #[inline]
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The item with the weight that it counts for: its own, but 1 where entries
    /// are counted, and never nothing, lest any number of entries fit a finite
    /// capacity.
    #[inline]
    pub fn counted(&self, item: Item) -> Item {
        Item { weight: if self.weighted { item.weight.max(1) } else { 1 }, ..item }
    }

    /// Whether `weight` more fits.
    #[inline]
    pub fn has_room(&self, weight: u32) -> bool {
        self.weight + u64::from(weight) <= self.capacity
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.index.bytes()
            + self.nodes.capacity() * size_of::<Node>()
            + self.weights.capacity() * size_of::<u32>()
    }

    /// The slot of `key`.
    #[inline]
    pub fn find(&self, key: Key) -> Option<Slot> {
        let nodes = &self.nodes;
        self.index.find(key, |slot| nodes[slot as usize].key).map(Slot)
    }

    /// The key in a slot.
    #[inline]
    pub fn key(&self, slot: Slot) -> Key {
        self.nodes[slot.index()].key
    }

    /// The entry in a slot as an item, of unknown cost.
    #[inline]
    pub fn item(&self, slot: Slot) -> Item {
        Item::new(self.key(slot), self.weight_of(slot))
    }

    /// Puts in an entry that is not there yet, at the front of `list`.
    #[inline]
    pub fn insert(&mut self, key: Key, weight: u32, list: List) -> Slot {
        let slot = self.insert_loose(key, weight);
        self.push_front(list, slot);
        slot
    }

    /// Puts in an entry that is not there yet, on no list. Only in a table that
    /// has none: there the two links of an entry are [words](Table::word) for
    /// the policy to use.
    #[inline]
    pub fn insert_loose(&mut self, key: Key, weight: u32) -> Slot {
        let slot = self.free;
        let slot = if slot == Slot::NONE {
            self.add_slot()
        } else {
            self.free = self.nodes[slot.index()].next;
            slot
        };
        self.nodes[slot.index()].key = key;
        let nodes = &self.nodes;
        let most = usize::try_from(self.capacity).unwrap_or(usize::MAX);
        self.index.insert(key, slot.0, most, |slot| nodes[slot as usize].key);
        self.len += 1;
        self.weight += u64::from(weight);
        if self.weighted {
            self.weights[slot.index()] = weight;
        }
        slot
    }

    /// One of the two words of an entry on no list.
    #[inline]
    pub fn word(&self, slot: Slot, which: Word) -> u32 {
        debug_assert_eq!(self.lists, 0, "links are in use");
        let node = &self.nodes[slot.index()];
        match which {
            Word::First => node.prev.0,
            Word::Second => node.next.0,
        }
    }

    /// Writes one of the two words of an entry on no list.
    #[inline]
    pub fn set_word(&mut self, slot: Slot, which: Word, value: u32) {
        debug_assert_eq!(self.lists, 0, "links are in use");
        let node = &mut self.nodes[slot.index()];
        match which {
            Word::First => node.prev.0 = value,
            Word::Second => node.next.0 = value,
        }
    }

    /// Takes an entry out.
    #[inline]
    pub fn remove(&mut self, slot: Slot) {
        self.index.remove(self.key(slot), slot.0);
        if self.lists > 0 {
            self.unlink(slot);
        }
        self.nodes[slot.index()].next = self.free;
        self.free = slot;
        self.len -= 1;
        self.weight -= u64::from(self.weight_of(slot));
    }

    /// What the entry in a slot counts for.
    #[inline]
    pub fn weight_of(&self, slot: Slot) -> u32 {
        if self.weighted { self.weights[slot.index()] } else { 1 }
    }

    /// Changes what an entry counts for.
    pub fn reweigh(&mut self, slot: Slot, weight: u32) {
        if self.weighted {
            let old = std::mem::replace(&mut self.weights[slot.index()], weight);
            self.weight = self.weight - u64::from(old) + u64::from(weight);
        }
    }

    /// The last entry of a list.
    #[inline]
    pub fn back(&self, list: List) -> Option<Slot> {
        self.entry(self.nodes[list.index()].prev)
    }

    /// The first entry of a list.
    #[inline]
    pub fn front(&self, list: List) -> Option<Slot> {
        self.entry(self.nodes[list.index()].next)
    }

    /// The entry one nearer to the front of the list.
    #[inline]
    pub fn before(&self, slot: Slot) -> Option<Slot> {
        self.entry(self.nodes[slot.index()].prev)
    }

    /// The entry one nearer to the back of the list.
    #[inline]
    pub fn after(&self, slot: Slot) -> Option<Slot> {
        self.entry(self.nodes[slot.index()].next)
    }

    /// Unless the slot is the end of a list.
    #[inline]
    fn entry(&self, slot: Slot) -> Option<Slot> {
        (slot.0 >= self.lists).then_some(slot)
    }

    /// Slots that ever held an entry.
    #[inline]
    pub fn slots_used(&self) -> u64 {
        self.nodes.len() as u64 - u64::from(self.lists)
    }

    /// The `n`th of the slots that ever held an entry.
    #[inline]
    pub fn nth_slot(&self, n: u64) -> Slot {
        debug_assert!(n < self.slots_used());
        Slot(self.lists + n as u32)
    }

    /// Slots for which there is memory: how long an array by slot must be.
    #[inline]
    pub fn slots(&self) -> usize {
        self.nodes.capacity()
    }

    /// Moves an entry to the front of `list`, from wherever it is.
    #[inline]
    pub fn move_to_front(&mut self, list: List, slot: Slot) {
        self.unlink(slot);
        self.push_front(list, slot);
    }

    /// Moves an entry to the back of `list`, from wherever it is.
    #[inline]
    pub fn move_to_back(&mut self, list: List, slot: Slot) {
        self.unlink(slot);
        self.link_after(self.nodes[list.index()].prev, slot);
    }

    /// Moves an entry in front of another.
    #[inline]
    pub fn move_before(&mut self, slot: Slot, other: Slot) {
        self.unlink(slot);
        self.link_after(self.nodes[other.index()].prev, slot);
    }

    #[inline]
    fn push_front(&mut self, list: List, slot: Slot) {
        self.link_after(Slot(list.0), slot);
    }

    #[inline]
    fn link_after(&mut self, prev: Slot, slot: Slot) {
        let next = std::mem::replace(&mut self.nodes[prev.index()].next, slot);
        self.nodes[next.index()].prev = slot;
        let node = &mut self.nodes[slot.index()];
        node.prev = prev;
        node.next = next;
    }

    #[inline]
    fn unlink(&mut self, slot: Slot) {
        let Node { prev, next, .. } = self.nodes[slot.index()];
        self.nodes[prev.index()].next = next;
        self.nodes[next.index()].prev = prev;
    }

    #[cold]
    fn add_slot(&mut self) -> Slot {
        let used = self.nodes.len();
        assert!(used < Slot::NONE.index(), "a cache level holds fewer than 2^32 entries");
        if used == self.nodes.capacity() {
            // As a vector grows, but not past what the capacity can ever use.
            let most = self.capacity.saturating_sub(self.len as u64).max(1);
            let more = usize::try_from(most).map_or(used, |most| used.min(most)).max(1);
            self.nodes.reserve_exact(more);
            if self.weighted {
                self.weights.reserve_exact(self.nodes.capacity() - self.weights.len());
            }
        }
        self.nodes.push(Node { key: Key(0), prev: Slot::NONE, next: Slot::NONE });
        if self.weighted {
            self.weights.resize(self.nodes.len(), 0);
        }
        Slot(used as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: List = List::nth(0);
    const SECOND: List = List::nth(1);

    fn keys_from_the_back(table: &mut Table, list: List) -> Vec<u64> {
        let mut keys = Vec::new();
        while let Some(slot) = table.back(list) {
            keys.push(table.key(slot).0);
            table.remove(slot);
        }
        keys
    }

    #[test]
    fn lists_keep_their_order_through_moves_and_removals() {
        let mut table = Table::new(Capacity::Entries(10), 2);
        for key in 0..6 {
            table.insert(Key(key), 1, FIRST);
        }
        let slot = |table: &Table, key| table.find(Key(key)).unwrap();
        table.move_to_front(FIRST, slot(&table, 0));
        table.move_to_front(SECOND, slot(&table, 3));
        table.move_to_front(SECOND, slot(&table, 1));
        table.remove(slot(&table, 4));
        table.insert(Key(9), 1, FIRST);
        assert_eq!(table.len(), 6);
        assert_eq!(keys_from_the_back(&mut table, FIRST), [2, 5, 0, 9]);
        assert_eq!(keys_from_the_back(&mut table, SECOND), [3, 1]);
        assert!(table.is_empty() && table.weight() == 0);
    }

    #[test]
    fn a_full_table_needs_under_30_bytes_an_entry_however_long_it_churns() {
        for capacity in [1000, 1024, 4000, 10_000, 12_545, 14_337, 28_672] {
            for unit in [Capacity::Entries, Capacity::Bytes] {
                let mut table = Table::new(unit(capacity), 1);
                for key in 0..20 * capacity {
                    if !table.has_room(1) {
                        table.remove(table.back(FIRST).unwrap());
                    }
                    table.insert(Key(key), 1, FIRST);
                }
                let bytes = table.bytes() as f64 / capacity as f64;
                assert!(bytes < 30.0, "{bytes} bytes an entry of {capacity}");
            }
        }
    }
}
