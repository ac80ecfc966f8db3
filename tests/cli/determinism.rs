//! The same file and seed give the same bytes.

use crate::support::{Bench, assert_same};

/// Small, but with every kind of file that a run may write.
pub const SWEEP: &str = "
name: sweep
duration: 2m
warmup: 10s
replications: 3
workload:
  arrivals: { poisson: { rate: 20/s } }
  prompts: { zipf: { count: 500, exponent: 0.9 } }
  tokens: { input: { lognormal: { mean: 400, p90: 900 } }, output: { lognormal: { mean: 50, p90: 90 } } }
  users: { zipf: { count: 10, exponent: 1.0 } }
cache: { ttl: 1m, levels: [ { name: l1, capacity: 20 }, { name: l2, capacity: 100, latency: 10ms } ] }
models:
  large: { price: { per_token: $0.00003 }, quality: 0.95, server: { seed: { speed: 1.0 }, concurrency: 4, queue_limit: 50 } }
  small: { price: { per_token: $0.000002 }, quality: 0.85, server: { seed: { speed: 2.0 } } }
cost: { budgets: { default: { daily: $0.5 } } }
sweep:
  grid:
    cache.levels.l1.capacity: [5, 50]
    cache.levels.l1.policy: [lru, fifo]
record: { requests: true, log: true, timeline: true }
";

#[test]
fn any_number_of_threads_and_a_second_time_give_the_same_bytes() {
    let bench = Bench::new(SWEEP);
    let first = bench.run(&["--jobs", "1", "--out", "one"]);
    for (jobs, out) in [("1", "again"), ("2", "two"), ("8", "eight")] {
        assert_same(&first, &bench.run(&["--jobs", jobs, "--out", out]));
    }
}

#[test]
fn common_random_numbers_give_every_point_the_same_arrivals() {
    let bench = Bench::new(SWEEP);
    let folder = bench.run(&["--format", "csv"]);
    let runs = crate::support::rows(&folder.join("runs.csv"));
    for run in &runs {
        let twin = &runs[run["replication"].parse::<usize>().expect("a number")];
        assert_eq!(run["requests"], twin["requests"]);
    }
}
