//! A queue of keys that were evicted.

use crate::cache::{Item, Key, Past};

/// Ghosts: keys in the order in which they were evicted, the oldest forgotten
/// when they weigh too much. Some 11 bytes each, 4 to 8 more with weights; see
/// [`Past`] for how keys are remembered.
#[derive(Clone, Debug)]
pub struct Ghosts {
    past: Past,
    /// What each number since `first` weighs, if its key is still there.
    there: Ring,
    /// The oldest number that may be there.
    first: u32,
    /// The number of the next; the first of all is 1.
    next: u32,
    len: usize,
    weight: u64,
    most: u64,
}

impl Ghosts {
    /// None yet, of up to `most` in weight; `weighted` says whether any will
    /// weigh more than 1.
    pub fn new(most: u64, weighted: bool) -> Self {
        let there = if weighted { Ring::Weights(Vec::new()) } else { Ring::Units(Vec::new()) };
        Ghosts { past: Past::default(), there, first: 1, next: 1, len: 0, weight: 0, most }
    }

    /// What they weigh together.
    #[inline]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.past.bytes() + self.there.bytes()
    }

    /// Takes a key out. True if it was there.
    #[inline]
    pub fn take(&mut self, key: Key) -> bool {
        let Some(number) = self.past.take(key) else { return false };
        self.forget(number);
        true
    }

    /// Puts in a key that is not there, and forgets the oldest of too many.
    #[inline]
    pub fn push(&mut self, item: Item) {
        if u64::from(item.weight) > self.most {
            return;
        }
        while self.weight + u64::from(item.weight) > self.most {
            self.drop_oldest();
        }
        if (self.next - self.first) as usize == self.there.room() || self.next == u32::MAX {
            self.make_room();
        }
        self.there.set(self.next, item.weight);
        self.past.put(item.key, self.next, self.len + 1);
        self.next += 1;
        self.len += 1;
        self.weight += u64::from(item.weight);
    }

    /// Forgets the oldest, if there is one.
    #[inline]
    pub fn drop_oldest(&mut self) {
        while self.first < self.next {
            let number = self.first;
            self.first += 1;
            if self.there.get(number) > 0 {
                self.forget(number);
                break;
            }
        }
        self.past.forget_before(self.first);
    }

    #[inline]
    fn forget(&mut self, number: u32) {
        let weight = self.there.take(number);
        debug_assert!(weight > 0, "only what is there is forgotten");
        self.weight -= u64::from(weight);
        self.len -= 1;
    }

    /// Room for one more number. Where most of the numbers stand for keys that
    /// were taken out, the oldest key goes, lest it alone keep them all.
    #[cold]
    fn make_room(&mut self) {
        if self.next == u32::MAX {
            // Whole rounds, so that numbers keep their places in the ring.
            let round = (self.there.room() as u32).max(1);
            let earlier = (self.first - 1) / round * round;
            self.past.clear_out(self.len, earlier);
            self.first -= earlier;
            self.next -= earlier;
        }
        let room = self.there.room();
        if (self.next - self.first) as usize == room {
            if room > 64 && self.len < room / 8 {
                self.drop_oldest();
            } else {
                self.there.double(self.first..self.next);
            }
        }
    }
}

/// What numbers stand for, the number modulo the room being the place: a bit
/// where everything weighs 1, else a weight.
#[derive(Clone, Debug)]
enum Ring {
    Units(Vec<u64>),
    Weights(Vec<u32>),
}

impl Ring {
    fn bytes(&self) -> usize {
        match self {
            Ring::Units(words) => words.capacity() * size_of::<u64>(),
            Ring::Weights(weights) => weights.capacity() * size_of::<u32>(),
        }
    }

    /// A power of two, or none.
    #[inline]
    fn room(&self) -> usize {
        match self {
            Ring::Units(words) => words.len() * 64,
            Ring::Weights(weights) => weights.len(),
        }
    }

    #[inline]
    fn place(&self, number: u32) -> usize {
        number as usize & (self.room() - 1)
    }

    #[inline]
    fn get(&self, number: u32) -> u32 {
        let place = self.place(number);
        match self {
            Ring::Units(words) => (words[place / 64] >> (place % 64)) as u32 & 1,
            Ring::Weights(weights) => weights[place],
        }
    }

    #[inline]
    fn set(&mut self, number: u32, weight: u32) {
        let place = self.place(number);
        match self {
            Ring::Units(words) => words[place / 64] |= 1 << (place % 64),
            Ring::Weights(weights) => weights[place] = weight,
        }
    }

    #[inline]
    fn take(&mut self, number: u32) -> u32 {
        let weight = self.get(number);
        let place = self.place(number);
        match self {
            Ring::Units(words) => words[place / 64] &= !(1 << (place % 64)),
            Ring::Weights(weights) => weights[place] = 0,
        }
        weight
    }

    fn double(&mut self, numbers: std::ops::Range<u32>) {
        let mut larger = match self {
            Ring::Units(words) => Ring::Units(vec![0; (2 * words.len()).max(1)]),
            Ring::Weights(weights) => Ring::Weights(vec![0; (2 * weights.len()).max(64)]),
        };
        for number in numbers {
            let weight = self.get(number);
            if weight > 0 {
                larger.set(number, weight);
            }
        }
        *self = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ghosts_are_a_queue_of_keys_of_limited_weight(
            most in 1u64..60,
            weighted in any::<bool>(),
            ops in prop::collection::vec((0u64..100, 1u32..8), 1..400),
            start in prop_oneof![Just(1), (0u32..300).prop_map(|before| u32::MAX - before)],
        ) {
            let mut ghosts = Ghosts::new(most, weighted);
            (ghosts.first, ghosts.next) = (start, start);
            let mut plain: Vec<(u64, u32)> = Vec::new();
            for (key, weight) in ops {
                let weight = if weighted { weight } else { 1 };
                let there = plain.iter().position(|(k, _)| *k == key);
                prop_assert_eq!(ghosts.take(Key(key)), there.is_some());
                if let Some(at) = there {
                    plain.remove(at);
                } else if weight == 7 {
                    ghosts.drop_oldest();
                    plain.drain(..plain.len().min(1));
                } else {
                    ghosts.push(Item::new(Key(key), weight));
                    if u64::from(weight) <= most {
                        plain.push((key, weight));
                    }
                }
                let total = |plain: &[(u64, u32)]| plain.iter().map(|(_, w)| u64::from(*w)).sum::<u64>();
                while total(&plain) > most {
                    plain.remove(0);
                }
                prop_assert_eq!(ghosts.weight(), total(&plain));
                prop_assert_eq!(ghosts.len, plain.len());
            }
        }
    }

    #[test]
    fn a_ghost_needs_some_11_bytes_however_long_they_come_and_go() {
        for most in [1000, 10_000, 33_000] {
            let mut ghosts = Ghosts::new(most, false);
            for key in 0..30 * most {
                ghosts.take(Key(key.wrapping_sub(key % most / 2)));
                ghosts.push(Item::unit(Key(key)));
            }
            let bytes = ghosts.bytes() as f64 / most as f64;
            assert!(bytes < 14.0, "{bytes} bytes each of {most}");
        }
    }
}
