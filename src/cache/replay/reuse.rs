//! How soon things are asked for again.

use hashbrown::HashTable;

use super::distances::Distances;
use crate::stats::Counts;
use crate::stats::popularity::mix;

/// LRU's hit ratio at every capacity, for things of size 1 that are asked for one
/// after another. They are not kept: memory is some 40 bytes for each distinct thing.
#[derive(Clone, Debug, Default)]
pub struct Reuse {
    ids: HashTable<(u64, u32)>,
    distances: Distances,
    /// How often each stack distance occurred.
    found: Counts,
    total: u64,
}

impl Reuse {
    /// Notes that this thing is asked for.
    #[inline]
    pub fn access(&mut self, key: u64) {
        let next = self.ids.len() as u32;
        let entry = self.ids.entry(mix(key), |(known, _)| *known == key, |(key, _)| mix(*key));
        let (_, id) = *entry.or_insert((key, next)).get();
        if let Some(distance) = self.distances.access(id, 1) {
            self.found.record(u32::try_from(distance).unwrap_or(u32::MAX));
        }
        self.total += 1;
    }

    /// How often anything was asked for.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// How many distinct things there are.
    pub fn distinct(&self) -> u64 {
        self.ids.len() as u64
    }

    /// The share of accesses that an LRU cache for so many things answers, for each
    /// of the capacities; these must ascend.
    pub fn hit_ratios(&self, capacities: &[u64]) -> Vec<f64> {
        debug_assert!(capacities.is_sorted(), "capacities ascend");
        let mut found = self.found.iter().peekable();
        let mut hits = 0;
        let ratio = |capacity: &u64| {
            while let Some((_, count)) =
                found.next_if(|(distance, _)| u64::from(*distance) <= *capacity)
            {
                hits += count;
            }
            hits as f64 / self.total as f64
        };
        capacities.iter().map(ratio).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_hits_what_is_large_enough_for_its_distance() {
        let mut reuse = Reuse::default();
        // Distances: a new, b new, a 2, a 1, c new, b 3.
        for key in [1, 2, 1, 1, 3, 2] {
            reuse.access(key << 40);
        }
        assert_eq!((reuse.total(), reuse.distinct()), (6, 3));
        let sixth = 1.0 / 6.0;
        assert_eq!(reuse.hit_ratios(&[1, 2, 3, 9]), [sixth, 2.0 * sixth, 0.5, 0.5]);
    }
}
