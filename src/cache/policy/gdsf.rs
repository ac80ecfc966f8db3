//! Greedy-Dual-Size-Frequency.
//!
//! L. Cherkasova: Improving WWW proxies performance with
//! Greedy-Dual-Size-Frequency caching policy. HP Laboratories HPL-98-69R1, 1998.

use super::Policy;
use crate::cache::{Heap, Item, PerSlot, Ranked, Slot, Table, Word};
use crate::spec::Capacity;

/// Entries by `age + frequency x cost / weight`, where age is the value of the
/// last that had to go. The least goes; of equals, the one last used first.
#[derive(Clone, Debug)]
pub struct Gdsf {
    table: Table,
    heap: Heap<Valued>,
    /// Empty while everything costs 1.
    costs: PerSlot<f32>,
    age: f64,
    /// Uses so far, modulo 2^32: these only part equals.
    uses: u32,
}

/// An entry, what it is worth, and the number of its last use.
#[derive(Clone, Copy, Debug)]
struct Valued {
    value: f64,
    used: u32,
    slot: Slot,
}

impl Ranked for Valued {
    #[inline]
    fn slot(&self) -> Slot {
        self.slot
    }

    #[inline]
    fn is_before(&self, other: &Self) -> bool {
        (self.value, self.used) < (other.value, other.used)
    }
}

/// Which of an entry's words is its place in the heap.
const PLACE: Word = Word::First;
/// Which of them is how often it was asked for.
const FREQUENCY: Word = Word::Second;

impl Gdsf {
    /// An empty cache.
    pub fn new(capacity: Capacity) -> Self {
        Gdsf {
            table: Table::new(capacity, 0),
            heap: Heap::default(),
            costs: PerSlot::default(),
            age: 0.0,
            uses: 0,
        }
    }

    /// What the entry is worth if it is used now.
    #[inline]
    fn value(&mut self, slot: Slot) -> Valued {
        self.uses = self.uses.wrapping_add(1);
        let cost = if self.costs.is_empty() { 1.0 } else { f64::from(self.costs[slot]) };
        let frequency = f64::from(self.table.word(slot, FREQUENCY));
        let value = self.age + frequency * cost / f64::from(self.table.weight_of(slot));
        Valued { value, used: self.uses, slot }
    }

    fn set_cost(&mut self, slot: Slot, cost: f32) {
        if self.costs.is_empty() {
            if cost == 1.0 {
                return;
            }
            self.costs.set(&self.table, slot, cost);
            self.costs.for_each(|cost| *cost = 1.0);
        }
        // What is not a cost is worth nothing.
        self.costs.set(&self.table, slot, if cost > 0.0 { cost.min(f32::MAX) } else { 0.0 });
    }
}

impl Policy for Gdsf {
    kept_in_table!();

    fn bytes(&self) -> usize {
        self.table.bytes() + self.heap.bytes() + self.costs.bytes()
    }

    #[inline]
    fn hit(&mut self, slot: Slot) {
        let frequency = self.table.word(slot, FREQUENCY).saturating_add(1);
        self.table.set_word(slot, FREQUENCY, frequency);
        let value = self.value(slot);
        let table = &mut self.table;
        let place = table.word(slot, PLACE);
        self.heap.change(place, value, |slot, place| table.set_word(slot, PLACE, place));
    }

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        let slot = self.table.insert_loose(item.key, item.weight);
        self.table.set_word(slot, FREQUENCY, 1);
        self.set_cost(slot, item.cost);
        let value = self.value(slot);
        let table = &mut self.table;
        let most = table.slots();
        self.heap.push(value, most, |slot, place| table.set_word(slot, PLACE, place));
        slot
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        self.heap.first().map(|least| least.slot)
    }

    #[inline]
    fn evict(&mut self, slot: Slot) {
        self.age = self.heap.at(self.table.word(slot, PLACE)).value;
        self.remove(slot);
    }

    #[inline]
    fn remove(&mut self, slot: Slot) {
        let table = &mut self.table;
        let place = table.word(slot, PLACE);
        self.heap.remove(place, |slot, place| table.set_word(slot, PLACE, place));
        self.table.remove(slot);
    }

    fn renew(&mut self, slot: Slot, item: Item) {
        self.table.reweigh(slot, item.weight);
        self.set_cost(slot, item.cost);
        self.hit(slot);
    }
}
