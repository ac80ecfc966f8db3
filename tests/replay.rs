//! Miss-ratio curves on skewed traces: sampled ones beside the exact one.

use windtunnel::cache::replay::{Curve, Sample, Unit, exact_curve, grid, sampled_curve};
use windtunnel::kernel::Streams;
use windtunnel::workload::trace::accesses::AccessTrace;

#[path = "support/zipf.rs"]
mod zipf;

/// A Zipf trace, with sizes that have nothing to do with popularity.
fn trace(objects: usize, exponent: f64, accesses: usize) -> AccessTrace {
    let zipf = zipf::Zipf::new(objects, exponent);
    let mut ranks = Streams::new(3, 0).stream("ranks");
    let ids: Vec<u32> = (0..accesses).map(|_| zipf.rank(&mut ranks) as u32).collect();
    let sizes = ids.iter().map(|id| 100 + id.wrapping_mul(2_654_435_761) % 1000).collect();
    AccessTrace::from_ids(&ids, Some(sizes))
}

/// The mean over many samples of the true error and of its estimate.
fn errors(trace: &AccessTrace, unit: Unit, rate: f64) -> (f64, f64) {
    let capacities = grid(trace, unit, []);
    let exact = exact_curve(trace, unit, &capacities, 0);
    let count = 10;
    let samples: Vec<(Curve, Sample)> = (0..count)
        .map(|seed: u64| sampled_curve(trace, unit, &capacities, 0, (rate, seed)))
        .collect();
    let true_error = |(curve, sample): &(Curve, Sample)| {
        let share = sample.objects as f64 / trace.objects() as f64;
        assert!((share / rate - 1.0).abs() < 0.1, "{share} of the objects, not {rate}");
        exact.mean_absolute_error(curve, sample.resolution)
    };
    let estimate = |(_, sample): &(Curve, Sample)| sample.estimated_error.expect("large enough");
    let count = count as f64;
    (
        samples.iter().map(true_error).sum::<f64>() / count,
        samples.iter().map(estimate).sum::<f64>() / count,
    )
}

#[test]
fn sampled_curves_are_near_and_as_near_as_they_say() {
    for (exponent, most) in [(0.7, 0.025), (1.0, 0.05)] {
        let trace = trace(100_000, exponent, 1_000_000);
        for unit in [Unit::Objects, Unit::Bytes] {
            let (error, estimate) = errors(&trace, unit, 0.1);
            println!("zipf {exponent}, {}: {error:.5}, estimated {estimate:.5}", unit.name());
            assert!(error < most, "zipf {exponent}: {error} in the mean");
            let ratio = error / estimate;
            assert!((0.5..2.0).contains(&ratio), "zipf {exponent}: {error}, estimated {estimate}");
        }
    }
}

#[test]
fn larger_samples_are_nearer() {
    let trace = trace(100_000, 0.7, 500_000);
    let [small, large] = [0.01, 0.2].map(|rate| errors(&trace, Unit::Objects, rate));
    assert!(large.0 < small.0 / 2.0 && large.1 < small.1 / 2.0, "{small:?} {large:?}");
}
