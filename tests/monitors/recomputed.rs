//! Alerts recomputed from the requests alone, by brute force.

use std::sync::atomic::AtomicBool;

use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::kernel::Streams;
use windtunnel::system::{self, RunTables};

use crate::support::{number, text};

/// A request that ended.
#[derive(Clone, Copy, Debug)]
struct Ended {
    /// Arrival and end, in nanoseconds.
    came: u64,
    at: u64,
    failed: bool,
    ttft: u64,
}

const SYSTEM: &str = "
duration: 40m
workload:
  arrivals: { poisson: { rate: 4/s } }
  prompts: { uniform: { count: 100000 } }
  tokens: { input: { constant: 100 }, output: { lognormal: { mean: 100, p90: 200 } } }
  max_tokens: 1000
models:
  m:
    price: { per_token: $0.00001 }
    server:
      tokens: { ttft: { exponential: { mean: 200ms } }, tpot: 5ms }
      concurrency: 3
      queue_limit: 20
      faults: { error_rate: 0.05 }
monitors:
";

/// Runs the system with a rule; returns what came out and all requests that ended.
fn observed(rule: &str, seed: u64) -> (RunTables, Vec<Ended>) {
    let yaml = format!("{SYSTEM}  - {{ {rule} }}\n");
    let document = Document::from_text("test.yaml", &yaml).expect("YAML");
    let prepared = prepare(&document, &Overrides::default()).unwrap_or_else(|found| {
        panic!("{}", found.iter().fold(yaml.clone(), |all, one| all + &one.to_string()))
    });
    let mut ended = Vec::new();
    let run = {
        let recorder: system::Recorder<'_> = Box::new(|finished| {
            let request = finished.request;
            ended.push(Ended {
                came: request.incoming.at.0,
                at: finished.at.0,
                failed: finished.outcome.error().is_some(),
                ttft: finished.times().ttft.0,
            });
        });
        let streams = Streams::new(seed, 0);
        let never = AtomicBool::new(false);
        system::run(&prepared.setups[0], &streams, &never, Some(recorder)).expect("a run")
    };
    (run, ended)
}

const SECOND: u64 = 1_000_000_000;
const END: u64 = 40 * 60 * SECOND;

/// The requests that ended after `from`, until `until`.
fn within(ended: &[Ended], from: u64, until: u64) -> Vec<Ended> {
    ended.iter().copied().filter(|it| it.at > from && it.at <= until).collect()
}

fn quantile(mut times: Vec<u64>, q: f64) -> Option<f64> {
    times.sort_unstable();
    let rank = (q * times.len() as f64).ceil().max(1.0) as usize;
    times.get(rank - 1).map(|nanos| *nanos as f64 / 1e9)
}

/// When alerts fire and are resolved, with their values, of a rule that is evaluated
/// every `every` seconds and holds above `bound`.
fn by_brute_force(
    value: impl Fn(u64) -> Option<f64>,
    every: u64,
    bound: f64,
    hold: u64,
) -> Vec<(u64, Option<u64>, f64)> {
    let mut alerts: Vec<(u64, Option<u64>, f64)> = Vec::new();
    let mut since = None;
    let mut firing = false;
    for second in (1..).map(|count| count * every).take_while(|second| second * SECOND <= END) {
        if let Some(value) = value(second * SECOND).filter(|value| *value > bound) {
            let pending = *since.get_or_insert(second);
            if !firing && second - pending >= hold {
                firing = true;
                alerts.push((second, None, value));
            }
        } else {
            since = None;
            if std::mem::take(&mut firing) {
                alerts.last_mut().expect("it fired").1 = Some(second);
            }
        }
    }
    alerts
}

/// Runs the rule and compares every alert with those of brute force.
fn agrees(
    rule: &str,
    (every, window, bound, hold): (u64, u64, f64, u64),
    tolerance: f64,
    value: impl Fn(&[Ended], f64) -> Option<f64>,
) {
    for seed in [1, 2] {
        let rule = format!("{rule}, window: {window}s, every: {every}s, for: {hold}s");
        let (run, ended) = observed(&rule, seed);
        let at = |until: u64| {
            let from = until.saturating_sub(window * SECOND);
            value(&within(&ended, from, until), (until - from) as f64 / 1e9)
        };
        let expected = by_brute_force(at, every, bound, hold);
        assert!(expected.len() >= 3, "{rule}: the rule has something to do: {expected:?}");
        let seconds = |row, column| text(&run.alerts, row, column).parse::<u64>().ok();
        let found: Vec<(Option<u64>, Option<u64>)> = (0..run.alerts.rows.len())
            .map(|row| (seconds(row, "fired_s"), seconds(row, "resolved_s")))
            .collect();
        let times: Vec<(Option<u64>, Option<u64>)> =
            expected.iter().map(|(fired, resolved, _)| (Some(*fired), *resolved)).collect();
        assert_eq!(found, times, "{rule}, seed {seed}");
        for (row, (.., value)) in expected.iter().enumerate() {
            let found = number(&run.alerts, row, "value");
            assert!((found - value).abs() <= tolerance * value.abs(), "{rule}: {found} {value}");
        }
    }
}

/// As a table keeps nine digits.
const EXACT: f64 = 1e-8;

#[test]
fn shares_and_rates_are_those_of_the_requests() {
    let share = |seen: &[Ended]| seen.iter().filter(|it| it.failed).count() as f64;
    agrees("metric: error_rate, above: 8%", (15, 60, 0.08, 0), EXACT, |seen, _| {
        (!seen.is_empty()).then(|| share(seen) / seen.len() as f64)
    });
    agrees("metric: errors_rps, above: 0.5/s", (7, 30, 0.5, 7), EXACT, |seen, length| {
        Some(share(seen) / length)
    });
    agrees("metric: throughput_rps, above: 4/s", (10, 40, 4.0, 0), EXACT, |seen, length| {
        Some((seen.len() as f64 - share(seen)) / length)
    });
}

#[test]
fn means_and_the_longest_time_are_exact() {
    let times = |seen: &[Ended]| -> Vec<u64> {
        seen.iter().filter(|it| !it.failed).map(|it| it.at - it.came).collect()
    };
    let mean = |times: &[u64]| {
        (!times.is_empty()).then(|| times.iter().sum::<u64>() as f64 / 1e9 / times.len() as f64)
    };
    agrees("metric: e2e_mean_s, above: 1.5s", (15, 60, 1.5, 0), EXACT, |seen, _| {
        mean(&times(seen))
    });
    agrees("metric: e2e_max_s, above: 5s", (10, 25, 5.0, 10), EXACT, |seen, _| {
        times(seen).into_iter().max().map(|nanos| nanos as f64 / 1e9)
    });
}

#[test]
fn quantiles_are_within_a_twentieth_of_a_percent() {
    for (name, q, bound) in [("p50", 0.5, 1.0), ("p90", 0.9, 3.0), ("p99", 0.99, 5.0)] {
        let rule = format!("metric: e2e_{name}_s, above: {bound}s");
        agrees(&rule, (15, 60, bound, 15), 0.0005, |seen, _| {
            let times = seen.iter().filter(|it| !it.failed).map(|it| it.at - it.came);
            quantile(times.collect(), q)
        });
    }
    agrees("metric: ttft_p95_s, above: 2s", (20, 50, 2.0, 0), 0.0005, |seen, _| {
        quantile(seen.iter().filter(|it| !it.failed).map(|it| it.ttft).collect(), 0.95)
    });
}
