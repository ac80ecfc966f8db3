//! LRU's miss ratio at many capacities from one pass over the trace.

use super::{Distances, Unit};
use crate::workload::trace::accesses::AccessTrace;

/// Points per factor of ten of a [`grid`].
const PER_DECADE: f64 = 48.0;
/// Factors of ten below the footprint that a [`grid`] reaches down to.
const DECADES: i32 = 6;

/// A miss-ratio curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What the capacities count.
    pub unit: Unit,
    /// Rising.
    pub capacities: Vec<u64>,
    /// The share of accesses that miss, at each capacity.
    pub object_miss_ratio: Vec<f64>,
    /// The share of accessed bytes that miss, at each capacity.
    pub byte_miss_ratio: Vec<f64>,
}

impl Curve {
    /// The mean absolute difference of two curves' object miss ratios, at their
    /// capacities of at least `from`; NaN if there are none.
    pub fn mean_absolute_error(&self, other: &Curve, from: u64) -> f64 {
        debug_assert_eq!(self.capacities, other.capacities, "curves at the same capacities");
        let first = self.capacities.partition_point(|capacity| *capacity < from);
        let pairs = self.object_miss_ratio.iter().zip(&other.object_miss_ratio).skip(first);
        mean(pairs.map(|(a, b)| (a - b).abs())).unwrap_or(f64::NAN)
    }
}

/// The mean of some values; `None` if there are none.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// Capacities evenly spaced by ratio up to the footprint of the trace, and
/// those in `also`.
pub fn grid(trace: &AccessTrace, unit: Unit, also: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let top = unit.footprint(trace);
    let steps = DECADES * PER_DECADE as i32;
    let spaced = (0..=steps).map(|step| {
        let ratio = libm::pow(10.0, -f64::from(step) / PER_DECADE);
        (libm::round(top as f64 * ratio) as u64).max(1)
    });
    let mut capacities: Vec<u64> = spaced.chain(also).collect();
    capacities.sort_unstable();
    capacities.dedup();
    capacities
}

/// Hits by the smallest capacity that has them.
#[derive(Clone, Debug)]
pub(super) struct Hits {
    /// The accesses and bytes that hit from there on.
    by_capacity: Vec<(u64, u64)>,
    accesses: u64,
    bytes: u64,
}

impl Hits {
    pub(super) fn new(capacities: usize) -> Self {
        Hits { by_capacity: vec![(0, 0); capacities], accesses: 0, bytes: 0 }
    }

    /// Counts an access that hits from the capacity numbered `from` on; none
    /// if that is past the last.
    #[inline]
    pub(super) fn count(&mut self, from: usize, size: u32) {
        self.accesses += 1;
        self.bytes += u64::from(size);
        if let Some(hits) = self.by_capacity.get_mut(from) {
            hits.0 += 1;
            hits.1 += u64::from(size);
        }
    }

    /// Accesses and bytes counted.
    pub(super) fn counted(&self) -> (u64, u64) {
        (self.accesses, self.bytes)
    }

    /// The curve, if there were `expected` accesses and bytes. What was not seen
    /// of them, or seen too often, is taken for hits at any capacity.
    pub(super) fn curve(&self, unit: Unit, capacities: &[u64], expected: (f64, f64)) -> Curve {
        let share = |misses: u64, expected: f64| (misses as f64 / expected).min(1.0);
        let (mut objects, mut bytes) = (Vec::new(), Vec::new());
        let mut sum = (0, 0);
        for hits in &self.by_capacity {
            sum = (sum.0 + hits.0, sum.1 + hits.1);
            objects.push(share(self.accesses - sum.0, expected.0));
            bytes.push(share(self.bytes - sum.1, expected.1));
        }
        Curve {
            unit,
            capacities: capacities.to_vec(),
            object_miss_ratio: objects,
            byte_miss_ratio: bytes,
        }
    }
}

/// The exact curve of LRU at these capacities (rising), in O(n log m) for n
/// accesses and m objects. The first `warmup` accesses fill the cache and are
/// not counted.
///
/// With capacities in bytes it is exact where every object keeps its size and
/// fits: a cache lets an object pass that is larger than itself, here it would
/// displace others.
pub fn exact_curve(trace: &AccessTrace, unit: Unit, capacities: &[u64], warmup: usize) -> Curve {
    let mut distances = Distances::new();
    let mut hits = Hits::new(capacities.len());
    for (at, (object, size)) in trace.iter().enumerate() {
        let distance = distances.access(object, unit.weigh(size));
        if at >= warmup {
            let from = distance.map_or(capacities.len(), |distance| {
                capacities.partition_point(|capacity| *capacity < distance)
            });
            hits.count(from, size);
        }
    }
    let (accesses, bytes) = hits.counted();
    hits.curve(unit, capacities, (accesses as f64, bytes as f64))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64};

    use proptest::prelude::*;

    use super::super::{Contender, Replay, Room};
    use super::*;
    use crate::cache::PolicySpec;

    /// What LRU does at a capacity, by replaying it.
    fn replayed(trace: &AccessTrace, unit: Unit, amount: u64, warmup: usize) -> (f64, f64) {
        let replay = Replay { trace, warmup, seed: 1, ttl: None };
        let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let rooms = [Room { unit, amount }];
        let counts =
            replay.run(&[Contender::Policy(PolicySpec::Lru)], &rooms, &done, &stop).unwrap()[0]
                .counts;
        (counts.object_miss_ratio(), counts.byte_miss_ratio())
    }

    proptest! {
        #[test]
        fn the_curve_is_that_of_lru_at_every_capacity(
            ids in prop::collection::vec(0u32..60, 1..600),
            warm in 0.0..0.9,
        ) {
            let ids: Vec<u32> = ids.iter().map(|id| id * id / 40).collect();
            // An object keeps its size.
            let sizes: Vec<u32> = ids.iter().map(|id| id * 7 % 11).collect();
            let warmup = (warm * ids.len() as f64) as usize;
            let trace = AccessTrace::from_ids(&ids, Some(sizes));
            for (unit, least) in [(Unit::Objects, 1), (Unit::Bytes, 10)] {
                let capacities: Vec<u64> = (least..=unit.footprint(&trace).max(least) + 30).collect();
                let curve = exact_curve(&trace, unit, &capacities, warmup);
                for (at, capacity) in capacities.iter().enumerate() {
                    let (objects, bytes) = replayed(&trace, unit, *capacity, warmup);
                    prop_assert_eq!(curve.object_miss_ratio[at], objects, "{} {:?}", capacity, unit);
                    let both_nan = bytes.is_nan() && curve.byte_miss_ratio[at].is_nan();
                    prop_assert!(both_nan || curve.byte_miss_ratio[at] == bytes, "{}", capacity);
                }
            }
        }
    }

    #[test]
    fn a_grid_has_the_footprint_and_what_was_asked_for() {
        let trace = AccessTrace::from_ids(&(0..1000).collect::<Vec<_>>(), None);
        let grid = grid(&trace, Unit::Objects, [123, 5000]);
        assert!([1, 123, 1000, 5000].iter().all(|capacity| grid.contains(capacity)));
        assert!(grid.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
