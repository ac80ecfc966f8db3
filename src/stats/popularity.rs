//! How often each of many things is asked for.

use hashbrown::HashTable;

/// A count for each distinct key. Memory goes with the number of distinct keys: 17
/// bytes each and up to as much again.
#[derive(Clone, Debug, Default)]
pub struct Popularity {
    counts: HashTable<(u64, u64)>,
    total: u64,
}

/// One multiplication, folded onto itself, so that every bit of the key reaches both
/// ends of the result (as in wyhash).
#[inline]
pub(crate) fn mix(key: u64) -> u64 {
    let product = u128::from(key ^ 0x243f_6a88_85a3_08d3) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
    product as u64 ^ (product >> 64) as u64
}

impl Popularity {
    /// Counts a key.
    #[inline]
    pub fn record(&mut self, key: u64) {
        let entry = self.counts.entry(mix(key), |(known, _)| *known == key, |(key, _)| mix(*key));
        entry.or_insert((key, 0)).into_mut().1 += 1;
        self.total += 1;
    }

    /// How many keys were counted.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// How many of them are distinct.
    pub fn distinct(&self) -> u64 {
        self.counts.len() as u64
    }

    /// The share of keys that were counted before; NaN when empty.
    pub fn repeated(&self) -> f64 {
        (self.total - self.distinct()) as f64 / self.total as f64
    }

    /// The counts, the largest first.
    pub fn ranked(&self) -> Vec<u64> {
        let mut counts: Vec<u64> = self.counts.iter().map(|(_, count)| *count).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ranked_by_their_counts() {
        let mut popularity = Popularity::default();
        for key in [7, 3, 7, u64::MAX, 7, 3] {
            popularity.record(key);
        }
        assert_eq!((popularity.total(), popularity.distinct()), (6, 3));
        assert_eq!(popularity.ranked(), [3, 2, 1]);
        assert_eq!(popularity.repeated(), 0.5);
        assert!(Popularity::default().repeated().is_nan());
    }
}
