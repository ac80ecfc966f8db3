//! Nominal 95 % intervals hold the truth in 93 % to 97 % of 1,000 seeded experiments on
//! M/M/1.

use windtunnel::kernel::Streams;
use windtunnel::stats::{Batches, mean_ci95, quantile_ci};

use crate::queueing::{Measured, Service, System, replicate, replicate_on};

const EXPERIMENTS: u64 = 1000;
/// Half the server's time: L = rho / (1 - rho) = 1 and W = L / 0.5 = 2.
const LOAD: f64 = 0.5;

fn mm1() -> System {
    System::new(1, LOAD, Service::Exponential(1.0))
}

/// How many of the experiments hold the truth, by each of the tests.
fn covered<const N: usize>(experiment: impl Fn(u64) -> [bool; N] + Sync) -> [f64; N] {
    let held: Vec<[bool; N]> = (0..EXPERIMENTS).map(experiment).collect();
    std::array::from_fn(|test| {
        held.iter().filter(|held| held[test]).count() as f64 / EXPERIMENTS as f64
    })
}

#[test]
fn intervals_over_replications_cover_what_they_say() {
    let [length, time, median] = covered(|seed| {
        let runs: Vec<Measured> = (0..10).map(|r| replicate(mm1(), seed, r, 2000)).collect();
        let of = |measure: fn(&Measured) -> f64| -> Vec<f64> { runs.iter().map(measure).collect() };
        let lengths = of(|run| run.in_system);
        // The median of a run's mean length, of 2000 seconds, is a little below its mean.
        let median = quantile_ci(&lengths, 0.5, 0.95);
        [
            mean_ci95(&lengths).contains(1.0),
            mean_ci95(&of(|run| run.sojourn)).contains(2.0),
            (median.low..=median.high).contains(&0.985),
        ]
    });
    println!("of 95 %: L {length}, W {time}, median {median}");
    for (name, coverage) in [("L", length), ("W", time)] {
        assert!((0.93..=0.97).contains(&coverage), "{name}: {coverage}");
    }
    // Order statistics of ten values cover 97.9 % at the median, never less than 95 %.
    assert!((0.95..=1.0).contains(&median), "median: {median}");
}

#[test]
fn intervals_of_one_long_run_cover_what_they_say() {
    let mut given = 0;
    let mut held = 0;
    for seed in 0..EXPERIMENTS {
        if let Some(interval) = long_run(seed, 20_000).interval() {
            given += 1;
            held += u32::from(interval.contains(2.0));
        }
    }
    let coverage = f64::from(held) / f64::from(given);
    println!("batch means: {coverage:.4} of {given}");
    assert!((0.93..=0.97).contains(&coverage), "{held} of {given}");
    assert!(given > 900, "about 5 % of the runs are said to be too short: {given} are given");
}

/// Times in the system of `customers` customers of M/M/1, after 500 others, by Lindley's
/// recursion.
fn long_run(seed: u64, customers: u32) -> Batches {
    let streams = Streams::new(seed, 1);
    let (mut arrivals, mut services) = (streams.stream("arrivals"), streams.stream("services"));
    let (mut waits, mut batches) = (0.0f64, Batches::default());
    for customer in 0..customers + 500 {
        let service = services.exponential(1.0);
        if customer >= 500 {
            batches.push(waits + service);
        }
        waits = (waits + service - arrivals.exponential(1.0 / LOAD)).max(0.0);
    }
    batches
}

#[test]
fn a_mirrored_pair_varies_less_than_two_independent_runs() {
    let mean = |streams: Streams| replicate_on(mm1(), streams, 2000).in_system;
    let variance = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
    };
    let pairs: Vec<f64> = (0..200)
        .map(|r| {
            let streams = Streams::new(3, r);
            f64::midpoint(mean(streams), mean(streams.mirrored()))
        })
        .collect();
    let two: Vec<f64> = (0..200)
        .map(|r| f64::midpoint(mean(Streams::new(4, r)), mean(Streams::new(5, r))))
        .collect();
    println!("variance of pairs {}, of two runs {}", variance(&pairs), variance(&two));
    assert!(variance(&pairs) < 0.7 * variance(&two), "{} {}", variance(&pairs), variance(&two));
    let centre = mean_ci95(&pairs);
    assert!(centre.contains(1.0), "and it is as right: {centre:?}");
}
