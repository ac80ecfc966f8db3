//! What policies are built of: entries in slots, found by key, threaded on
//! doubly linked lists, weighed against a capacity.

use super::Key;
use super::index::{Index, Tag};
use crate::spec::Capacity;

/// Where an entry lives, from its insertion to its removal; then the slot is
/// used again. Whatever else is known of an entry is kept in arrays by slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(pub(super) u32);

impl Slot {
    const NONE: Slot = Slot(u32::MAX);

    /// As the index of an array.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One of a table's lists. Its ends meet in a slot that is no entry, so that
/// linking and unlinking have no special cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List(u32);

impl List {
    /// The `n`th list of a table.
    pub const fn nth(n: u32) -> List {
        List(n)
    }
}

#[derive(Clone, Copy, Debug)]
struct Node {
    key: Key,
    /// Towards the front.
    prev: Slot,
    /// Towards the back; of a free slot: the next free one.
    next: Slot,
}

/// Entries by key, on lists, within a capacity: 28 bytes an entry when full, 32
/// with weights.
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
            index: Index::new(capacity),
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

    /// Entries held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
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

    /// What an entry counts for: `weight`, but 1 where entries are counted, and
    /// never nothing, so that no number of entries fits a finite capacity.
    #[inline]
    pub fn counted(&self, weight: u32) -> u32 {
        if self.weighted { weight.max(1) } else { 1 }
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
        self.index.find(Tag::of(key), |slot| self.nodes[slot.index()].key == key)
    }

    /// The key in a slot.
    #[inline]
    pub fn key(&self, slot: Slot) -> Key {
        self.nodes[slot.index()].key
    }

    /// Puts in an entry that is not there yet, at the front of `list`.
    #[inline]
    pub fn insert(&mut self, key: Key, weight: u32, list: List) -> Slot {
        let slot = self.free;
        let slot = if slot == Slot::NONE {
            self.add_slot()
        } else {
            self.free = self.nodes[slot.index()].next;
            slot
        };
        self.nodes[slot.index()].key = key;
        self.index.insert(Tag::of(key), slot);
        self.len += 1;
        self.weight += u64::from(weight);
        if self.weighted {
            self.weights[slot.index()] = weight;
        }
        self.push_front(list, slot);
        slot
    }

    /// Takes an entry out.
    #[inline]
    pub fn remove(&mut self, slot: Slot) {
        self.index.remove(Tag::of(self.key(slot)), slot);
        self.unlink(slot);
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
        let last = self.nodes[list.0 as usize].prev;
        (last.0 >= self.lists).then_some(last)
    }

    /// Moves an entry to the front of `list`, from wherever it is.
    #[inline]
    pub fn move_to_front(&mut self, list: List, slot: Slot) {
        self.unlink(slot);
        self.push_front(list, slot);
    }

    #[inline]
    fn push_front(&mut self, list: List, slot: Slot) {
        let first = std::mem::replace(&mut self.nodes[list.0 as usize].next, slot);
        self.nodes[first.index()].prev = slot;
        let node = &mut self.nodes[slot.index()];
        node.prev = Slot(list.0);
        node.next = first;
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
