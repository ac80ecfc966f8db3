//! Miss-ratio curves from a sample of the objects.
//!
//! C. A. Waldspurger, N. Park, A. Garthwaite, I. Ahmad: Efficient MRC
//! construction with SHARDS. FAST 2015. An object is in the sample if a hash of
//! it is below a threshold, so that all of its accesses are; distances in the
//! sample are then the share of the sample of the true ones. Hot objects make
//! the sample's number of accesses differ from its expectation; `SHARDS_adj`
//! (section 3.5) takes the difference for hits at any capacity.

use super::curve::{Hits, mean};
use super::{Curve, Distances, Unit};
use crate::kernel::keyed_uniform::{GOLDEN, mix};
use crate::workload::trace::accesses::AccessTrace;

/// Disjoint parts of the sample, from whose spread its error is estimated.
const PARTS: usize = 10;
/// `E|X| / sd(X)` of a normal X: from a standard error to a mean absolute one.
const MEAN_ABSOLUTE: f64 = 0.797_884_560_802_865_4;
/// Hashes are compared in this many steps, as in the paper (section 3.1).
const STEPS: u64 = 1 << 24;

/// What a curve was drawn from, and what is known of its accuracy.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The share of objects that were to be sampled.
    pub rate: f64,
    /// Objects in the sample.
    pub objects: u64,
    /// Their accesses that count.
    pub accesses: u64,
    /// The smallest capacity that the sample can tell anything of: that which
    /// holds one object of it.
    pub resolution: u64,
    /// The estimated mean absolute error of the object miss ratios, over the
    /// capacities from the resolution on: from the spread of the curves of ten
    /// disjoint parts of the sample, taken to shrink with the root of the sample
    /// as that of a mean does. It cannot know of hot objects that are in no part.
    /// `None` if a part has no access.
    pub estimated_error: Option<f64>,
}

/// Sampled stack distances at a rate.
struct Sampler {
    distances: Distances,
    hits: Hits,
    rate: f64,
}

impl Sampler {
    fn new(rate: f64, capacities: usize) -> Self {
        Sampler { distances: Distances::new(), hits: Hits::new(capacities), rate }
    }

    #[inline]
    fn access(&mut self, object: u32, weight: u32, size: u32, capacities: &[u64], counts: bool) {
        let distance = self.distances.access(object, weight);
        if counts {
            let own = f64::from(weight);
            // Of the objects in between a share was seen; the object itself was.
            let from = distance.map_or(capacities.len(), |distance| {
                let estimate = (distance as f64 - own) / self.rate + own;
                capacities.partition_point(|capacity| (*capacity as f64) < estimate)
            });
            self.hits.count(from, size);
        }
    }

    fn curve(&self, unit: Unit, capacities: &[u64], all: (u64, u64)) -> Curve {
        let expected = (all.0 as f64 * self.rate, all.1 as f64 * self.rate);
        self.hits.curve(unit, capacities, expected)
    }
}

/// Spreads objects evenly and differently for each seed (`SplitMix64`'s
/// finalizer).
#[inline]
fn place(object: u32, seed: u64) -> u64 {
    mix(u64::from(object).wrapping_add(1).wrapping_mul(GOLDEN) ^ seed) >> 40
}

/// LRU's curve at these capacities (rising) from a share `rate` of the objects,
/// in (0, 1]. The first `warmup` accesses of the trace are not counted. `seed`
/// chooses the sample.
pub fn sampled_curve(
    trace: &AccessTrace,
    unit: Unit,
    capacities: &[u64],
    warmup: usize,
    (rate, seed): (f64, u64),
) -> (Curve, Sample) {
    let threshold = (libm::round(rate * STEPS as f64) as u64).clamp(1, STEPS);
    let rate = threshold as f64 / STEPS as f64;
    let mut whole = Sampler::new(rate, capacities.len());
    let mut parts: Vec<Sampler> =
        (0..PARTS).map(|_| Sampler::new(rate / PARTS as f64, capacities.len())).collect();
    let mut dense = Dense::new(trace.objects());
    let mut all = (0, 0);
    for (at, (object, size)) in trace.iter().enumerate() {
        let counts = at >= warmup;
        if counts {
            all = (all.0 + 1, all.1 + u64::from(size));
        }
        let place = place(object, seed);
        if place < threshold {
            let (object, weight) = (dense.number(object), unit.weigh(size));
            whole.access(object, weight, size, capacities, counts);
            let part = (place * PARTS as u64 / threshold) as usize;
            parts[part].access(object, weight, size, capacities, counts);
        }
    }
    let curve = whole.curve(unit, capacities, all);
    let object = unit.footprint(trace) as f64 / trace.objects().max(1) as f64;
    let sample = Sample {
        rate,
        objects: u64::from(dense.len),
        accesses: whole.hits.counted().0,
        resolution: (object / rate) as u64,
        estimated_error: None,
    };
    let estimated_error = estimate(&parts, unit, capacities, all, sample.resolution);
    (curve, Sample { estimated_error, ..sample })
}

/// The mean absolute error of the mean of the parts' curves.
fn estimate(
    parts: &[Sampler],
    unit: Unit,
    capacities: &[u64],
    all: (u64, u64),
    from: u64,
) -> Option<f64> {
    if parts.iter().any(|part| part.hits.counted().0 == 0) {
        return None;
    }
    let curves: Vec<Curve> = parts.iter().map(|part| part.curve(unit, capacities, all)).collect();
    let count = curves.len() as f64;
    let error = |at: usize| {
        let ratios = curves.iter().map(|curve| curve.object_miss_ratio[at]);
        let mean = ratios.clone().sum::<f64>() / count;
        let spread: f64 = ratios.map(|ratio| (ratio - mean) * (ratio - mean)).sum();
        libm::sqrt(spread / (count - 1.0) / count) * MEAN_ABSOLUTE
    };
    let first = capacities.partition_point(|capacity| *capacity < from);
    mean((first..capacities.len()).map(error))
}

/// Numbers the objects of a sample from 0, so that nothing is kept of others
/// but four bytes each.
struct Dense {
    numbers: Vec<u32>,
    len: u32,
}

impl Dense {
    fn new(objects: u64) -> Self {
        Dense { numbers: vec![u32::MAX; objects as usize], len: 0 }
    }

    #[inline]
    fn number(&mut self, object: u32) -> u32 {
        let number = &mut self.numbers[object as usize];
        if *number == u32::MAX {
            *number = self.len;
            self.len += 1;
        }
        *number
    }
}

#[cfg(test)]
mod tests {
    use super::super::{exact_curve, grid};
    use super::*;

    #[test]
    fn a_sample_of_everything_is_exact() {
        let ids: Vec<u32> = (0..5000).map(|i| i * i % 701).collect();
        let sizes = ids.iter().map(|id| 1 + id % 50).collect();
        let trace = AccessTrace::from_ids(&ids, Some(sizes));
        for unit in [Unit::Objects, Unit::Bytes] {
            let capacities = grid(&trace, unit, []);
            let (curve, sample) = sampled_curve(&trace, unit, &capacities, 100, (1.0, 7));
            assert_eq!(curve, exact_curve(&trace, unit, &capacities, 100));
            assert_eq!((sample.objects, sample.accesses), (trace.objects(), 4900));
        }
    }

    #[test]
    fn a_sample_of_hardly_anything_is_no_failure() {
        let ids: Vec<u32> = (0..100).map(|i| i * i % 31).collect();
        let trace = AccessTrace::from_ids(&ids, None);
        let capacities = grid(&trace, Unit::Objects, []);
        let (curve, sample) = sampled_curve(&trace, Unit::Objects, &capacities, 0, (1e-9, 1));
        assert_eq!(sample.estimated_error, None);
        assert!(curve.object_miss_ratio.iter().all(|ratio| (0.0..=1.0).contains(ratio)));
    }
}
