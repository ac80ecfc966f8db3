//! Miss-ratio curves on skewed traces: sampled ones beside the exact one.

use std::sync::atomic::{AtomicBool, AtomicU64};

use windtunnel::cache::replay::{
    Contender, Curve, Replay, Room, Sample, Unit, exact_curve, grid, sampled_curve,
};
use windtunnel::kernel::{Duration, Streams};
use windtunnel::workload::trace::accesses::{AccessTrace, ReadOptions, read};

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

/// What each policy misses at each capacity.
fn misses(trace: &AccessTrace, rooms: &[Room], ttl: Option<Duration>) -> Vec<(&'static str, u64)> {
    let replay = Replay { trace, warmup: 0, seed: 1, ttl };
    let policies: Vec<Contender> =
        Contender::all().into_iter().filter(|policy| policy.name() != "belady").collect();
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let cells = replay.run(&policies, rooms, &done, &stop).unwrap();
    cells.iter().map(|cell| (cell.policy.name(), cell.counts.misses)).collect()
}

#[test]
fn objects_that_all_weigh_the_same_are_kept_as_if_they_were_counted() {
    let zipf = zipf::Zipf::new(5_000, 0.9);
    let mut ranks = Streams::new(5, 0).stream("ranks");
    let ids: Vec<u32> = (0..60_000).map(|_| zipf.rank(&mut ranks) as u32).collect();
    let counted = AccessTrace::from_ids(&ids, None);
    let weighed = AccessTrace::from_ids(&ids, Some(vec![4096; ids.len()]));
    let entries = Room { unit: Unit::Objects, amount: 400 };
    let bytes = Room { unit: Unit::Bytes, amount: 400 * 4096 };
    let (of_entries, of_bytes) =
        (misses(&counted, &[entries], None), misses(&weighed, &[bytes], None));
    // Shares of a capacity are rounded to entries, or to bytes: one entry more or less.
    let rounded = ["s3_fifo", "w_tinylfu", "slru", "two_q", "lru_k", "random"];
    for (counted, weighed) in of_entries.iter().zip(&of_bytes) {
        if rounded.contains(&counted.0) {
            let off = counted.1.abs_diff(weighed.1) as f64 / counted.1 as f64;
            assert!(off < 0.02, "{counted:?} {weighed:?}");
        } else {
            assert_eq!(counted, weighed);
        }
    }
}

#[test]
fn what_has_lived_its_time_misses_and_is_stored_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    // One object each second, and another once between: at 0 s, 2 s and 4 s it is stored.
    std::fs::write(&file, "time,key\n0,a\n1,a\n1.5,b\n2,a\n3.999999999,a\n4,a\n").unwrap();
    let options = ReadOptions { keep_times: true, ..ReadOptions::default() };
    let (trace, _) = read(&file, &options).unwrap();
    let room = [Room { unit: Unit::Objects, amount: 10 }];
    for (policy, misses) in misses(&trace, &room, Some(Duration::from_secs(2))) {
        assert_eq!(misses, 4, "{policy}: three of a, one of b");
    }
    for (policy, misses) in misses(&trace, &room, None) {
        assert_eq!(misses, 2, "{policy}");
    }
}
