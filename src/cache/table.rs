//! What policies are built of: entries in slots, found by key, threaded on
//! doubly linked lists, weighed against a capacity.

use hashbrown::HashTable;

use super::{Item, Key};
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

/// A hash as good as one multiplication makes it: folded onto itself, as wyhash
/// does, so that every bit of the key reaches both ends of the result, which is
/// where the index looks. Both constants are arbitrary odd numbers (digits of pi
/// and of the golden ratio). Ids are interned or come from traces: nobody gains
/// by making them collide.
#[inline]
fn hash(key: Key) -> u64 {
    let product = u128::from(key.0 ^ 0x243f_6a88_85a3_08d3) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
    product as u64 ^ (product >> 64) as u64
}

/// Entries by key, on lists, within a capacity: 22 to 32 bytes an entry when
/// full, 4 more with weights. The index holds slots only; a slot never moves.
#[derive(Clone, Debug)]
pub struct Table {
    /// Slots, by the hash of their keys.
    index: HashTable<u32>,
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
            index: HashTable::new(),
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
        self.index.allocation_size()
            + self.nodes.capacity() * size_of::<Node>()
            + self.weights.capacity() * size_of::<u32>()
    }

    /// The slot of `key`.
    #[inline]
    pub fn find(&self, key: Key) -> Option<Slot> {
        let nodes = &self.nodes;
        self.index.find(hash(key), |slot| nodes[*slot as usize].key == key).map(|slot| Slot(*slot))
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
        self.index_slot(key, slot);
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
        match self.index.find_entry(hash(self.key(slot)), |other| *other == slot.0) {
            Ok(entry) => _ = entry.remove(),
            Err(_) => debug_assert!(false, "only what is there is removed"),
        }
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
        let slot = self.nodes[list.0 as usize].prev;
        (slot.0 >= self.lists).then_some(slot)
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

    #[inline]
    fn index_slot(&mut self, key: Key, slot: Slot) {
        if self.index.capacity() == self.index.len() {
            self.sweep_index();
        }
        let nodes = &self.nodes;
        self.index.insert_unique(hash(key), slot.0, |slot| hash(nodes[*slot as usize].key));
    }

    /// Clears the index of the marks that removals leave behind, if they are a
    /// quarter of it; else it is the entries that fill it, and it may double. Left
    /// alone, it would double on account of marks whenever it is half full.
    #[cold]
    fn sweep_index(&mut self) {
        let full = self.index.num_buckets() / 8 * 7;
        if self.index.len() > full / 4 * 3 {
            return;
        }
        let marked = std::mem::replace(&mut self.index, HashTable::with_capacity(full));
        for slot in marked {
            let nodes = &self.nodes;
            let hash_of = |slot: &u32| hash(nodes[*slot as usize].key);
            self.index.insert_unique(hash_of(&slot), slot, hash_of);
        }
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
    fn ids_of_any_pattern_are_spread_evenly() {
        // 65,536 keys into 4,096 places by either end of the hash: 16 each; the
        // fullest would have some 33 if they fell at random.
        for step in [1, 3, 10, 1 << 8, 1000, 1 << 12, 1 << 16, 1 << 24, 1 << 32, 1 << 40, 1 << 48] {
            let (mut low, mut high) = ([0; 4096], [0; 4096]);
            for i in 0..65_536u64 {
                let hash = hash(Key(i * step));
                low[hash as usize % 4096] += 1;
                high[(hash >> 52) as usize] += 1;
            }
            for fullest in [low.iter().max(), high.iter().max()] {
                assert!(fullest < Some(&48), "ids in steps of {step}: {fullest:?} in one place");
            }
        }
    }

    #[test]
    fn a_full_table_needs_under_36_bytes_an_entry_however_long_it_churns() {
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
                assert!(bytes < 36.0, "{bytes} bytes an entry of {capacity}");
            }
        }
    }
}
