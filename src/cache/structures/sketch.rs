//! How often keys were asked for, roughly.

use super::hashed::hash;
use crate::cache::Key;

/// A count-min sketch of 4-bit counters with ageing: 8 bytes per entry of the
/// cache. Four counters a key, in one cache line. When ten requests per entry
/// were counted, all counters are halved.
///
/// G. Einziger, R. Friedman, B. Manes: `TinyLFU`: a highly efficient cache
/// admission policy. ACM Transactions on Storage 13(4), 2017. There is no
/// doorkeeper in front of it: it saves counters where they are wide, and these
/// are not.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    blocks: Vec<[u64; 8]>,
    counted: u64,
    sample: u64,
}

/// Requests per entry after which counters are halved.
const SAMPLE: u64 = 10;
/// The lowest bit of each counter's upper three.
const HALF: u64 = 0x7777_7777_7777_7777;
const ONES: u64 = 0x1111_1111_1111_1111;

impl Sketch {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<[u64; 8]>()
    }

    /// Makes room for the requests for `entries` entries. What is counted stays,
    /// for every key that now shares the counters.
    #[inline]
    pub fn fit(&mut self, entries: usize) {
        if self.blocks.len() * 8 < entries {
            self.grow(entries);
        }
    }

    #[cold]
    fn grow(&mut self, entries: usize) {
        let (old, new) = (self.blocks.len(), entries.div_ceil(8));
        // A key's block is its hash's share of all blocks, so that the keys of a
        // new one come from one or two of the old.
        let block = |block: usize| {
            let (first, last) = (block * old / new, ((block + 1) * old - 1) / new);
            let (one, other) = (self.blocks[first], self.blocks[last]);
            std::array::from_fn(|word| greater(one[word], other[word]))
        };
        self.blocks = if old == 0 { vec![[0; 8]; new] } else { (0..new).map(block).collect() };
        self.sample = SAMPLE * entries as u64;
    }

    /// Word and shift of each of a key's four counters, and its block.
    #[inline]
    fn counters(&self, key: Key) -> (usize, [(usize, u32); 4]) {
        let hash = hash(key);
        let block = ((u128::from(hash) * self.blocks.len() as u128) >> 64) as usize;
        // Two words belong to each counter; 5 bits choose among their 32 counters.
        let counter = |row: usize| {
            let bits = hash >> (5 * row);
            (2 * row + (bits & 1) as usize, (bits >> 1 & 15) as u32 * 4)
        };
        (block, [counter(0), counter(1), counter(2), counter(3)])
    }

    /// How often a key was asked for lately: at most 15, and seldom too high.
    #[inline]
    pub fn estimate(&self, key: Key) -> u8 {
        if self.blocks.is_empty() {
            return 0;
        }
        let (block, counters) = self.counters(key);
        let block = &self.blocks[block];
        counters.iter().map(|(word, shift)| (block[*word] >> shift & 15) as u8).min().unwrap_or(0)
    }

    /// Counts a request.
    #[inline]
    pub fn count(&mut self, key: Key) {
        if self.blocks.is_empty() {
            return;
        }
        let (block, counters) = self.counters(key);
        let block = &mut self.blocks[block];
        let mut any = false;
        for (word, shift) in counters {
            if block[word] >> shift & 15 < 15 {
                block[word] += 1 << shift;
                any = true;
            }
        }
        self.counted += u64::from(any);
        if self.counted >= self.sample {
            self.age();
        }
    }

    /// Halves all counters.
    #[cold]
    fn age(&mut self) {
        let mut odd = 0;
        for word in self.blocks.iter_mut().flatten() {
            odd += u64::from((*word & ONES).count_ones());
            *word = *word >> 1 & HALF;
        }
        // Each request counted four times; what the odd ones lost is taken off.
        self.counted = self.counted.saturating_sub(odd / 4) / 2;
    }
}

/// The greater of each pair of counters.
fn greater(one: u64, other: u64) -> u64 {
    let counter = |shift: u32| (one >> shift & 15).max(other >> shift & 15) << shift;
    (0..16).map(|number| counter(4 * number)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_never_too_low_and_seldom_too_high() {
        let mut sketch = Sketch::default();
        sketch.fit(1000);
        for key in 0..1000u64 {
            for _ in 0..key % 8 {
                sketch.count(Key(key));
            }
        }
        let over = |key: u64| sketch.estimate(Key(key)).checked_sub((key % 8) as u8);
        let over: Vec<u8> = (0..1000).map(|key| over(key).expect("not too low")).collect();
        let wrong = over.iter().filter(|over| **over > 0).count();
        assert!(wrong < 100, "{wrong} of 1000 too high");
    }

    #[test]
    fn counters_stop_at_15_and_are_halved_when_the_sample_is_full() {
        let mut sketch = Sketch::default();
        sketch.fit(10);
        for _ in 0..40 {
            sketch.count(Key(7));
        }
        assert_eq!(sketch.estimate(Key(7)), 15);
        for key in 100..185 {
            sketch.count(Key(key));
        }
        assert_eq!(sketch.estimate(Key(7)), 7);
    }

    #[test]
    fn growing_keeps_what_was_counted() {
        let mut sketch = Sketch::default();
        sketch.fit(100);
        for key in 0..50 {
            sketch.count(Key(key));
            sketch.count(Key(key));
        }
        sketch.fit(200);
        assert!((0..50).all(|key| sketch.estimate(Key(key)) >= 2));
        assert_eq!(sketch.bytes(), 200 * 8);
    }
}
