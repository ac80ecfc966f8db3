//! From keys to slots by hashing: 9 bytes an entry at its fullest.
//!
//! Chunks of fifteen entries have a byte for each, its tag, and a count of how many entries
//! wanted a place here but found none, so that a search knows where to end and a removal
//! leaves no mark behind. All tags of a chunk are compared at once; those of all chunks lie
//! side by side, so that what is not there is most often known from the second-level cache.
//! Tags and counts after N. Bronson, X. Shi: Open-sourcing F14 for faster, more
//! memory-efficient hash tables, Facebook Engineering, 2019; tags apart from entries after
//! M. Kulukundis: Designing a fast, efficient, cache-friendly hash table, step by step.
//! `CppCon` 2017.

use wide::u8x16;

use crate::cache::Key;

/// A hash as good as one multiplication makes it: folded onto itself, as wyhash
/// does, so that every bit of the key reaches both ends of the result: the upper
/// half chooses the chunk, the lower end the tag. Both constants are arbitrary
/// odd numbers (digits of pi and of the golden ratio). Ids are interned or come
/// from traces: nobody gains by making them collide.
#[inline]
pub(in crate::cache) fn hash(key: Key) -> u64 {
    let product = u128::from(key.0 ^ 0x243f_6a88_85a3_08d3) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
    product as u64 ^ (product >> 64) as u64
}

/// Places in a chunk.
const WIDTH: usize = 15;
/// Entries per chunk, on average, at which the table grows: one chunk in fifty overflows.
const FULL: usize = 9;

/// What is known of a chunk's entries without looking at them: a tag at each place, 0 where
/// there is no entry, and last how many entries had to go past; once at 255 that stays there.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(16))]
struct Tags([u8; WIDTH + 1]);

impl Tags {
    /// The places that have `tag`, a bit each.
    #[inline]
    fn places(&self, tag: u8) -> Places {
        let same = u8x16::new(self.0).simd_eq(u8x16::splat(tag)).to_bitmask();
        Places(same & ((1 << WIDTH) - 1))
    }

    #[inline]
    fn passed(&self) -> u8 {
        self.0[WIDTH]
    }
}

/// Places of a chunk, a bit each, from the first on.
struct Places(u32);

impl Iterator for Places {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let place = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (place < WIDTH).then_some(place)
    }
}

/// The slots of a chunk's entries: one cache line.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct Slots([u32; WIDTH + 1]);

/// Slots by the hash of their keys.
#[derive(Clone, Debug, Default)]
pub(in crate::cache) struct Hashed {
    tags: Vec<Tags>,
    slots: Vec<Slots>,
    len: usize,
}

impl Hashed {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.tags.capacity() * size_of::<Tags>() + self.slots.capacity() * size_of::<Slots>()
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.tags.len() as u128) >> 64) as usize
    }

    #[inline]
    fn after(&self, chunk: usize) -> usize {
        if chunk + 1 == self.tags.len() { 0 } else { chunk + 1 }
    }

    /// The slot with this hash that satisfies `is`.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a call costs a fifth of a lookup")]
    pub fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let home = self.home(hash);
        let tags = self.tags.get(home)?;
        let places = tags.places(tag(hash));
        if places.0 != 0 {
            let slots = &self.slots[home].0;
            for place in places {
                if is(slots[place]) {
                    return Some(slots[place]);
                }
            }
        }
        if tags.passed() == 0 { None } else { self.find_past(home, tag(hash), is) }
    }

    /// The same for one that had to go past its home.
    #[cold]
    fn find_past(&self, home: usize, tag: u8, is: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = home;
        for _ in 1..self.tags.len() {
            if self.tags[at].passed() == 0 {
                return None;
            }
            at = self.after(at);
            let mut slots = self.tags[at].places(tag).map(|place| self.slots[at].0[place]);
            if let Some(slot) = slots.find(|slot| is(*slot)) {
                return Some(slot);
            }
        }
        None
    }

    /// Adds a slot that is not there. `most` is how many there can ever be;
    /// `hash_of` hashes those that are there.
    #[inline]
    pub fn insert(&mut self, hash: u64, slot: u32, most: usize, hash_of: impl Fn(u32) -> u64) {
        if self.len == self.tags.len() * FULL {
            self.grow(most, hash_of);
        }
        self.put(hash, slot);
    }

    #[inline]
    fn put(&mut self, hash: u64, slot: u32) {
        let mut at = self.home(hash);
        loop {
            let tags = &mut self.tags[at];
            if let Some(place) = tags.places(0).next() {
                tags.0[place] = tag(hash);
                self.slots[at].0[place] = slot;
                self.len += 1;
                return;
            }
            tags.0[WIDTH] = tags.passed().saturating_add(1);
            at = self.after(at);
        }
    }

    /// Takes a slot out.
    #[inline]
    pub fn remove(&mut self, hash: u64, slot: u32) {
        let home = self.home(hash);
        let mut at = home;
        for _ in 0..self.tags.len() {
            let slots = &self.slots[at].0;
            if let Some(place) = self.tags[at].places(tag(hash)).find(|at| slots[*at] == slot) {
                self.tags[at].0[place] = 0;
                self.len -= 1;
                let mut passed = home;
                while passed != at {
                    let count = &mut self.tags[passed].0[WIDTH];
                    *count -= u8::from(*count < u8::MAX);
                    passed = self.after(passed);
                }
                return;
            }
            at = self.after(at);
        }
        debug_assert!(false, "only what is there is removed");
    }

    /// As a vector grows, but not past what `most` entries need.
    #[cold]
    fn grow(&mut self, most: usize, hash_of: impl Fn(u32) -> u64) {
        let least = self.len + 1;
        let chunks = most.max(least).min(2 * least).div_ceil(FULL);
        let tags = std::mem::replace(&mut self.tags, vec![Tags::default(); chunks]);
        let slots = std::mem::replace(&mut self.slots, vec![Slots::default(); chunks]);
        self.len = 0;
        for (tags, slots) in tags.into_iter().zip(slots) {
            for (tag, slot) in tags.0[..WIDTH].iter().zip(slots.0) {
                if *tag != 0 {
                    self.put(hash_of(slot), slot);
                }
            }
        }
    }
}

/// The tag of a hash; never 0.
#[inline]
fn tag(hash: u64) -> u8 {
    (hash as u8).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn slots_of_a_chunk_are_a_cache_line_and_its_tags_a_quarter() {
        assert_eq!((size_of::<Slots>(), size_of::<Tags>()), (64, 16));
    }

    #[test]
    fn a_crowd_with_one_home_is_found_and_leaves_no_trace() {
        let mut index = Hashed::default();
        let hash_of = |slot: u32| if slot < 900 { 7 } else { u64::from(slot) << 40 };
        for slot in 0..1000 {
            index.insert(hash_of(slot), slot, 1000, hash_of);
        }
        for slot in 0..1000 {
            assert_eq!(index.find(hash_of(slot), |other| other == slot), Some(slot));
            assert_eq!(index.find(hash_of(slot), |other| other == slot + 1000), None);
        }
        for slot in (0..1000).rev() {
            index.remove(hash_of(slot), slot);
            assert_eq!(index.find(hash_of(slot), |other| other == slot), None);
        }
        assert!(index.tags.iter().all(|tags| matches!(tags.passed(), 0 | 255)));
        assert_eq!(index.len, 0);
    }
}
