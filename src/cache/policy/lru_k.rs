//! LRU-K.
//!
//! E. J. O'Neil, P. E. O'Neil, G. Weikum: The LRU-K page replacement algorithm
//! for database disk buffering. SIGMOD 1993, figure 2.1; without correlated
//! references.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Policy;
use crate::cache::{ByNumber, Heap, Item, Past, PerSlot, Slot, Table, Word};
use crate::spec::{Capacity, NonNegative, Problems};

/// Parameters of [`LruK`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LruKSpec {
    /// Which of the last references counts, from 1 (which is LRU) to 8.
    /// Default: 2.
    pub k: u8,
    /// For how many requests after its last use a key that went is remembered,
    /// as a multiple of the entries held (the retained information period).
    /// Default: 1; 0 forgets what goes.
    pub history: NonNegative,
}

impl Default for LruKSpec {
    fn default() -> Self {
        LruKSpec { k: 2, history: NonNegative::ONE }
    }
}

impl LruKSpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if !(1..=8).contains(&self.k) {
            problems.at("k", |p| {
                p.error_help("k is a number from 1 to 8", "`k: 2` is what the paper recommends");
            });
        }
    }
}

/// The entry goes whose `k`-th last reference is the longest ago; before all
/// others those that were not referenced so often, the least recently used of
/// them first.
#[derive(Clone, Debug)]
pub struct LruK {
    table: Table,
    k: usize,
    history: f64,
    /// The references between the last and the `k`-th last, `k - 2` an entry.
    between: Vec<u32>,
    /// Each entry's place in its heap; the top bit is set in `old`.
    place: PerSlot<u32>,
    /// Entries of fewer than `k` references by the last, and the others by the
    /// `k`-th last. These only grow, so a hit leaves the heap alone: where an
    /// entry comes to the top with an older value, or belongs to the other heap
    /// by now, it is put right.
    young: Heap<ByNumber>,
    old: Heap<ByNumber>,
    past: Past,
    now: u32,
    known: Option<u32>,
}

/// Which of an entry's words is its last reference.
const LAST: Word = Word::First;
/// Which of them is its `k`-th last; 0 if there is none.
const KTH: Word = Word::Second;
const OLD: u32 = 1 << 31;

impl LruK {
    /// An empty cache.
    pub fn new(capacity: Capacity, spec: &LruKSpec) -> Self {
        LruK {
            table: Table::new(capacity, 0),
            k: usize::from(spec.k.clamp(1, 8)),
            history: spec.history.get(),
            between: Vec::new(),
            place: PerSlot::default(),
            young: Heap::default(),
            old: Heap::default(),
            past: Past::default(),
            now: 0,
            known: None,
        }
    }

    #[inline]
    fn tick(&mut self) {
        if self.now == u32::MAX {
            self.grow_younger();
        }
        self.now += 1;
        self.past.forget_before(self.now.saturating_sub(self.period()).max(1));
    }

    /// Requests after which a key that went is forgotten.
    #[inline]
    fn period(&self) -> u32 {
        (self.history * self.table.len() as f64) as u32
    }

    /// All times become half of the range earlier. Of what happened before that,
    /// all counts as equally old.
    #[cold]
    fn grow_younger(&mut self) {
        let half = u32::MAX / 2;
        // 0 stands for no reference.
        let earlier =
            |time: &mut u32| *time = if *time == 0 { 0 } else { time.saturating_sub(half).max(1) };
        self.now -= half;
        self.between.iter_mut().for_each(earlier);
        self.young.for_each(|entry| earlier(&mut entry.0));
        self.old.for_each(|entry| earlier(&mut entry.0));
        for ByNumber(_, slot) in self.young.iter().chain(self.old.iter()) {
            for word in [LAST, KTH] {
                let mut time = self.table.word(slot, word);
                earlier(&mut time);
                self.table.set_word(slot, word, time);
            }
        }
        self.past.clear_out(usize::MAX, half);
    }

    /// Notes a reference at `time`.
    #[inline]
    fn refer(&mut self, slot: Slot, time: u32) {
        let mut oldest = self.table.word(slot, LAST);
        if self.k == 1 {
            oldest = time;
        } else if self.k > 2 {
            let between = self.k - 2;
            for earlier in &mut self.between[slot.index() * between..][..between] {
                std::mem::swap(earlier, &mut oldest);
            }
        }
        self.table.set_word(slot, LAST, time);
        self.table.set_word(slot, KTH, oldest);
    }

    /// Puts an entry into the heap where it belongs.
    fn push(&mut self, slot: Slot) {
        let (most, place) = (self.table.slots(), &mut self.place);
        match self.table.word(slot, KTH) {
            0 => {
                let last = self.table.word(slot, LAST);
                self.young.push(ByNumber(last, slot), most, |slot, at| place[slot] = at);
            }
            kth => self.old.push(ByNumber(kth, slot), most, |slot, at| place[slot] = at | OLD),
        }
    }

    /// Takes an entry out of its heap.
    #[inline]
    fn pull(&mut self, slot: Slot) {
        let place = &mut self.place;
        let at = place[slot];
        if at & OLD == 0 {
            self.young.remove(at, |slot, at| place[slot] = at);
        } else {
            self.old.remove(at & !OLD, |slot, at| place[slot] = at | OLD);
        }
    }
}

impl Policy for LruK {
    kept_in_table!();

    fn bytes(&self) -> usize {
        self.table.bytes()
            + self.between.capacity() * size_of::<u32>()
            + self.place.bytes()
            + self.young.bytes()
            + self.old.bytes()
            + self.past.bytes()
    }

    #[inline]
    fn hit(&mut self, slot: Slot) {
        self.tick();
        self.refer(slot, self.now);
    }

    #[inline]
    fn miss(&mut self, item: Item) {
        self.tick();
        self.known = self.past.take(item.key);
    }

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        let slot = self.table.insert_loose(item.key, item.weight);
        self.place.set(&self.table, slot, 0);
        self.table.set_word(slot, LAST, 0);
        if self.k > 2 {
            let between = self.k - 2;
            self.between.resize(self.table.slots() * between, 0);
            self.between[slot.index() * between..][..between].fill(0);
        }
        if let Some(before) = self.known.take() {
            self.refer(slot, before);
        }
        self.refer(slot, self.now);
        self.push(slot);
        slot
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        while let Some(ByNumber(value, slot)) = self.young.first() {
            let last = self.table.word(slot, LAST);
            if self.table.word(slot, KTH) > 0 {
                self.pull(slot);
                self.push(slot);
            } else if last == value {
                return Some(slot);
            } else {
                let place = &mut self.place;
                self.young.change(0, ByNumber(last, slot), |slot, at| place[slot] = at);
            }
        }
        loop {
            let ByNumber(value, slot) = self.old.first()?;
            let kth = self.table.word(slot, KTH);
            if kth == value {
                return Some(slot);
            }
            let place = &mut self.place;
            self.old.change(0, ByNumber(kth, slot), |slot, at| place[slot] = at | OLD);
        }
    }

    #[inline]
    fn evict(&mut self, slot: Slot) {
        if self.history > 0.0 {
            let last = self.table.word(slot, LAST);
            self.past.put(self.table.key(slot), last, usize::MAX);
        }
        self.remove(slot);
    }

    #[inline]
    fn remove(&mut self, slot: Slot) {
        self.pull(slot);
        self.table.remove(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Key;
    use crate::kernel::Streams;

    #[test]
    fn nothing_changes_when_the_clock_starts_anew() {
        let mut cache = LruK::new(Capacity::Entries(20), &LruKSpec::default());
        let mut late = cache.clone();
        late.now = u32::MAX - 2000;
        let mut stream = Streams::new(1, 0).stream("keys");
        for number in 0..5000 {
            let most = 1 + stream.below(60);
            let key = stream.below(most);
            let hits = [&mut cache, &mut late].map(|cache| cache.request(Item::unit(Key(key))));
            assert_eq!(hits[0], hits[1], "request {number}");
        }
        assert!(late.now < u32::MAX / 2 + 5000 && cache.now == 5000);
    }
}
