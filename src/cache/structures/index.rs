//! From keys to slots: a hash table of 7 bytes an entry at its fullest.
//!
//! Chunks of one cache line hold twelve one-byte tags and the slots that belong
//! to them, and count how many entries wanted a place here but found it full, so
//! that a search knows where to end and a removal leaves no mark behind. After
//! N. Bronson, X. Shi: Open-sourcing F14 for faster, more memory-efficient hash
//! tables, Facebook Engineering, 2019.

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
const WIDTH: usize = 12;
/// Entries per chunk, on average, at which the index grows. At 9 an eighth of
/// the chunks overflow.
const FULL: usize = 9;

#[derive(Clone, Debug)]
#[repr(align(64))]
struct Chunk {
    slots: [u32; WIDTH],
    /// 0 where there is no entry.
    tags: [u8; WIDTH],
    /// How many entries had to go past; once at 255 it stays there.
    passed: u8,
}

const EMPTY: Chunk = Chunk { slots: [0; WIDTH], tags: [0; WIDTH], passed: 0 };

impl Chunk {
    /// The places that may hold `tag`: each that does, the first of them first,
    /// and seldom one that holds another, but none that is empty. Bit 7 of byte
    /// `i` stands for place `i`; the last four places come second.
    #[inline]
    fn candidates(&self, tag: u8) -> (u64, u32) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        let low = self.tags.first_chunk().map_or(0, |tags| u64::from_le_bytes(*tags));
        let high = self.tags.last_chunk().map_or(0, |tags| u32::from_le_bytes(*tags));
        let low = low ^ (u64::from(tag) * ONES);
        let high = high ^ (u32::from(tag) * ONES as u32);
        let zeros = low.wrapping_sub(ONES) & !low & (ONES << 7);
        (zeros, high.wrapping_sub(ONES as u32) & !high & ((ONES as u32) << 7))
    }

    /// The first place that holds `tag` and satisfies `is`, which must tell those
    /// of other tags; among empty places, the first.
    #[inline]
    fn find(&self, tag: u8, is: impl Fn(u32) -> bool) -> Option<usize> {
        let (mut low, mut high) = self.candidates(tag);
        while low != 0 {
            let place = low.trailing_zeros() as usize / 8;
            if is(self.slots[place]) {
                return Some(place);
            }
            low &= low - 1;
        }
        while high != 0 {
            let place = 8 + high.trailing_zeros() as usize / 8;
            if is(self.slots[place]) {
                return Some(place);
            }
            high &= high - 1;
        }
        None
    }
}

/// Slots by the hash of their keys.
#[derive(Clone, Debug, Default)]
pub(in crate::cache) struct Index {
    chunks: Vec<Chunk>,
    len: usize,
}

impl Index {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.chunks.capacity() * size_of::<Chunk>()
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.chunks.len() as u128) >> 64) as usize
    }

    #[inline]
    fn after(&self, chunk: usize) -> usize {
        if chunk + 1 == self.chunks.len() { 0 } else { chunk + 1 }
    }

    /// The slot with this hash that satisfies `is`.
    #[inline]
    pub fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash);
        for _ in 0..self.chunks.len() {
            let chunk = &self.chunks[at];
            if let Some(place) = chunk.find(tag(hash), &is) {
                return Some(chunk.slots[place]);
            }
            if chunk.passed == 0 {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    /// Adds a slot that is not there. `most` is how many there can ever be;
    /// `hash_of` hashes those that are there.
    #[inline]
    pub fn insert(&mut self, hash: u64, slot: u32, most: usize, hash_of: impl Fn(u32) -> u64) {
        if self.len == self.chunks.len() * FULL {
            self.grow(most, hash_of);
        }
        self.put(hash, slot);
    }

    #[inline]
    fn put(&mut self, hash: u64, slot: u32) {
        let mut at = self.home(hash);
        loop {
            let chunk = &mut self.chunks[at];
            if let Some(place) = chunk.find(0, |_| true) {
                chunk.tags[place] = tag(hash);
                chunk.slots[place] = slot;
                self.len += 1;
                return;
            }
            chunk.passed = chunk.passed.saturating_add(1);
            at = self.after(at);
        }
    }

    /// Takes a slot out.
    #[inline]
    pub fn remove(&mut self, hash: u64, slot: u32) {
        let mut at = self.home(hash);
        for _ in 0..self.chunks.len() {
            if let Some(place) = self.chunks[at].find(tag(hash), |other| other == slot) {
                self.chunks[at].tags[place] = 0;
                self.len -= 1;
                let mut passed = self.home(hash);
                while passed != at {
                    let count = &mut self.chunks[passed].passed;
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
        let old = std::mem::replace(&mut self.chunks, vec![EMPTY; chunks]);
        self.len = 0;
        for chunk in old {
            for (tag, slot) in chunk.tags.into_iter().zip(chunk.slots) {
                if tag != 0 {
                    self.put(hash_of(slot), slot);
                }
            }
        }
    }
}

/// The tag of a hash; never 0.
#[inline]
fn tag(hash: u64) -> u8 {
    hash as u8 | 0x80
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
    fn a_chunk_is_a_cache_line() {
        assert_eq!(size_of::<Chunk>(), 64);
    }

    #[test]
    fn a_crowd_with_one_home_is_found_and_leaves_no_trace() {
        let mut index = Index::default();
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
        assert!(index.chunks.iter().all(|chunk| matches!(chunk.passed, 0 | 255)));
        assert_eq!(index.len, 0);
    }
}
