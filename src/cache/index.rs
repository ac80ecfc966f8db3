//! From a key to its slot: open addressing with linear probing.
//!
//! A cell is one word: 32 bits of the key's hash and the slot. The cells of a
//! probe lie side by side, the hash bits answer nearly every comparison without
//! a look at the slot, and removal shifts the cells behind it back, so that
//! there are no tombstones to clean up however long the cache churns (Knuth,
//! The Art of Computer Programming 3, 6.4, Algorithm R).

use super::{Key, Slot};

const EMPTY: u64 = u64::MAX;

/// The 32 bits by which the index knows a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    /// One 64 x 64 bit multiplication folded onto itself, as wyhash does: every
    /// bit of the key reaches the upper half. Both constants are arbitrary odd
    /// numbers (digits of the golden ratio and of pi).
    #[inline]
    pub(super) fn of(key: Key) -> Tag {
        let product =
            u128::from(key.0 ^ 0x243f_6a88_85a3_08d3) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        Tag(((product as u64 ^ (product >> 64) as u64) >> 32) as u32)
    }
}

/// The index. It holds no keys: whoever asks tells whether a slot has the key.
#[derive(Clone, Debug)]
pub(super) struct Index {
    cells: Vec<u64>,
    len: usize,
    /// No more cells than this are of use.
    most_cells: usize,
}

impl Index {
    /// An index of at most `entries` entries.
    pub(super) fn new(entries: u64) -> Self {
        // Two thirds full at most: 12 bytes an entry. Any size will do, since a
        // cell is found by scaling the hash rather than by masking it.
        let most_cells = usize::try_from(entries.saturating_add(entries / 2).saturating_add(2));
        Index { cells: vec![EMPTY; 8], len: 0, most_cells: most_cells.unwrap_or(usize::MAX) }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<u64>()
    }

    /// The slot with this tag that `is_it` accepts.
    #[inline]
    pub(super) fn find(&self, tag: Tag, is_it: impl Fn(Slot) -> bool) -> Option<Slot> {
        let mut at = self.home(tag);
        loop {
            let cell = self.cells[at];
            if cell == EMPTY {
                return None;
            }
            if tag_of(cell) == tag && is_it(slot_of(cell)) {
                return Some(slot_of(cell));
            }
            at = self.after(at);
        }
    }

    /// Adds a slot that is not there yet.
    #[inline]
    pub(super) fn insert(&mut self, tag: Tag, slot: Slot) {
        if (self.len + 1) * 4 > self.cells.len() * 3 {
            self.grow();
        }
        self.len += 1;
        self.put(u64::from(tag.0) << 32 | u64::from(slot.0));
    }

    /// Removes a slot that is there.
    #[inline]
    pub(super) fn remove(&mut self, tag: Tag, slot: Slot) {
        let cell = u64::from(tag.0) << 32 | u64::from(slot.0);
        let mut hole = self.home(tag);
        while self.cells[hole] != cell {
            debug_assert!(self.cells[hole] != EMPTY, "only what is there is removed");
            hole = self.after(hole);
        }
        self.len -= 1;
        let mut at = self.after(hole);
        while self.cells[at] != EMPTY {
            // A cell may move back as long as it does not pass its home.
            let home = self.home(tag_of(self.cells[at]));
            if self.distance(home, at) >= self.distance(hole, at) {
                self.cells[hole] = self.cells[at];
                hole = at;
            }
            at = self.after(at);
        }
        self.cells[hole] = EMPTY;
    }

    #[inline]
    fn put(&mut self, cell: u64) {
        let mut at = self.home(tag_of(cell));
        while self.cells[at] != EMPTY {
            at = self.after(at);
        }
        self.cells[at] = cell;
    }

    #[cold]
    fn grow(&mut self) {
        let cells = (self.cells.len() * 2).min(self.most_cells.max(self.cells.len() + 8));
        let old = std::mem::replace(&mut self.cells, vec![EMPTY; cells]);
        for cell in old {
            if cell != EMPTY {
                self.put(cell);
            }
        }
    }

    /// Where a tag belongs: the hash as a fraction of the table.
    #[inline]
    fn home(&self, tag: Tag) -> usize {
        ((u64::from(tag.0) * self.cells.len() as u64) >> 32) as usize
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        if at + 1 == self.cells.len() { 0 } else { at + 1 }
    }

    #[inline]
    fn distance(&self, from: usize, to: usize) -> usize {
        if to >= from { to - from } else { to + self.cells.len() - from }
    }
}

#[inline]
fn tag_of(cell: u64) -> Tag {
    Tag((cell >> 32) as u32)
}

#[inline]
fn slot_of(cell: u64) -> Slot {
    Slot(cell as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    /// Mean number of cells read per successful look-up.
    fn mean_probe(keys: impl Iterator<Item = u64> + Clone) -> f64 {
        let mut index = Index::new(keys.clone().count() as u64);
        for (slot, key) in keys.clone().enumerate() {
            index.insert(Tag::of(Key(key)), Slot(slot as u32));
        }
        let reads: usize = keys
            .clone()
            .enumerate()
            .map(|(slot, key)| {
                let mut at = index.home(Tag::of(Key(key)));
                let mut reads = 1;
                while slot_of(index.cells[at]) != Slot(slot as u32) {
                    at = index.after(at);
                    reads += 1;
                }
                reads
            })
            .sum();
        reads as f64 / keys.count() as f64
    }

    #[test]
    fn probes_stay_short_whatever_pattern_the_ids_have() {
        let mut random = Streams::new(1, 0).stream("ids");
        let random: Vec<u64> = (0..20_000).map(|_| random.bits()).collect();
        // Linear probing at two thirds load reads 2.0 cells on average.
        assert!((mean_probe(random.into_iter()) - 2.0).abs() < 0.1);
        for shift in [0, 1, 3, 8, 12, 16, 20, 32, 40, 48] {
            let mean = mean_probe((0..20_000).map(|i| i << shift));
            assert!(mean < 3.0, "ids in steps of 2^{shift}: {mean} cells");
        }
    }

    #[test]
    fn slots_with_equal_tags_are_told_apart() {
        let mut index = Index::new(10);
        let tag = Tag(u32::MAX);
        for slot in 0..5 {
            index.insert(tag, Slot(slot));
        }
        index.remove(tag, Slot(2));
        let found: Vec<bool> =
            (0..5).map(|slot| index.find(tag, |s| s == Slot(slot)).is_some()).collect();
        assert_eq!(found, [true, true, false, true, true]);
    }

    #[test]
    fn agrees_with_a_plain_set_through_churn() {
        let mut random = Streams::new(2, 0).stream("churn");
        let mut index = Index::new(100);
        let mut present = [false; 100];
        for _ in 0..20_000 {
            let slot = random.below(100) as u32;
            let tag = Tag::of(Key(u64::from(slot)));
            let there = &mut present[slot as usize];
            assert_eq!(index.find(tag, |s| s == Slot(slot)).is_some(), *there);
            if *there {
                index.remove(tag, Slot(slot));
            } else {
                index.insert(tag, Slot(slot));
            }
            *there = !*there;
        }
        assert_eq!(index.len, present.iter().filter(|there| **there).count());
    }
}
