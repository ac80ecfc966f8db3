//! Crashes, overload and what ends it, autoscaling.

use crate::support::{assert_near, cell, estimate, markovian, metric, simulate};

#[test]
fn availability_is_mtbf_over_mtbf_and_mttr() {
    let server = "concurrency: 10, replicas: 20, faults: { mtbf: 10m, mttr: 2m }";
    let rest = "resilience: { num_retries: 5, backoff: { base: 100ms } }";
    let yaml = markovian(5.0, server, rest);
    let (availability, error) = estimate(&yaml, 8, "availability");
    assert!((availability - 10.0 / 12.0).abs() <= error && error < 0.03, "{availability} {error}");
    let run = simulate(&yaml);
    let crashes: f64 = (0..20).map(|row| cell(&run.replicas, row, "crashes")).sum();
    // One for each 12 minutes of 115, on each of 20.
    assert_near("crashes", crashes, 20.0 * 115.0 / 12.0, 0.15);
    assert!(metric(&run, "crashed") > 0.0);
    assert_near(
        "answered all the same",
        metric(&run, "completed"),
        metric(&run, "requests"),
        0.001,
    );
}

#[test]
fn where_no_replica_is_up_requests_fail_and_the_run_ends() {
    let run = simulate(&markovian(5.0, "faults: { mtbf: 10m, mttr: 10m }", ""));
    assert!(metric(&run, "rejected") > 1000.0);
    assert!(metric(&run, "completed") > 1000.0);
    assert!(metric(&run, "events") < 200_000.0, "crashes do not go on for ever");
}

#[test]
fn a_breaker_keeps_requests_from_a_broken_replica() {
    // The first replica takes ten times as long, and times out.
    let server = "concurrency: 4, replicas: 4, faults: { slow: { replicas: 1, factor: 100 } }";
    let share = |allowed: &str| {
        let rest = format!("resilience: {{ timeout: 8s, num_retries: 3, {allowed} }}");
        let run = simulate(&markovian(4.0, server, &rest));
        cell(&run.replicas, 0, "requests") / metric(&run, "attempts")
    };
    let (without, with) = (share("allowed_fails:"), share("allowed_fails: 3, cooldown_time: 60s"));
    assert!(without > 0.2 && with < 0.05, "{without} {with}");
}

/// An overload of a minute; afterwards the load is well below what can be served.
/// Clients time out and try again, and the server works on for those who have gone: a
/// metastable failure (Bronson et al., `HotOS` 2021).
fn storm(resilience: &str) -> (f64, f64) {
    let yaml = format!(
        "
duration: 20m
workload:
  arrivals: {{ poisson: {{ rate: 40/s }} }}
  prompts: {{ uniform: {{ count: 1000000 }} }}
  tokens: {{ input: {{ constant: 100 }}, output: {{ constant: 100 }} }}
models:
  m:
    server:
      tokens: {{ ttft: 50ms, tpot: 1.5ms }}
      concurrency: 10
      abort: false
      faults: {{ brown_outs: [{{ from: 4m, until: 5m, factor: 4 }}] }}
resilience: {{ timeout: 2s, {resilience} }}
record: {{ interval: 1m }}
"
    );
    let run = simulate(&yaml);
    let answered = |minutes: std::ops::Range<usize>| {
        let count = minutes.len() as f64;
        minutes.map(|row| cell(&run.timeline, row, "completions_rps")).sum::<f64>() / count
    };
    (answered(1..4), answered(15..20))
}

#[test]
fn a_retry_storm_outlives_its_cause_and_a_retry_budget_ends_it() {
    let (before, after) = storm("num_retries: 4, backoff: { base: 100ms, max: 400ms }");
    assert_near("before", before, 40.0, 0.05);
    assert!(after < 10.0, "the storm goes on: {after} answers a second");
    let (before, after) =
        storm("num_retries: 4, backoff: { base: 100ms, max: 400ms }, retry_budget: { ratio: 0.1 }");
    assert_near("before", before, 40.0, 0.05);
    assert_near("after", after, 40.0, 0.05);
}

#[test]
fn replicas_follow_the_load_and_are_paid_for_by_the_hour() {
    let yaml = "
duration: 4h
workload:
  arrivals: { piecewise: { points: [{ at: 0s, rate: 2/s }, { at: 1h, rate: 2/s }, { at: 3601s, rate: 20/s }, { at: 2h, rate: 20/s }, { at: 7201s, rate: 2/s }, { at: 4h, rate: 2/s }] } }
  prompts: { uniform: { count: 1000000 } }
  tokens: { input: { constant: 1 }, output: { constant: 1000 } }
  max_tokens: 1000
models:
  m:
    price: { per_gpu_hour: $1.50 }
    server:
      tokens: { ttft: 1ms, tpot: 1ms }
      concurrency: 4
      gpus: 2
      autoscale: { min: 1, max: 12, target: { utilization: 0.7 }, cold_start: 30s, cool_down: 5m }
record: { interval: 10m }
";
    let run = simulate(yaml);
    let replicas: Vec<f64> = (0..24).map(|row| cell(&run.timeline, row, "replicas")).collect();
    // 2 a second of a second each are half of four; 20 need 20 / 0.7 / 4 = 7.14.
    assert!(replicas[3] < 2.0 && replicas[22] < 2.0, "{replicas:?}");
    assert!((7.0..=9.0).contains(&replicas[10]), "{replicas:?}");
    let hours = metric(&run, "replica_hours");
    assert_near("rent", metric(&run, "server_cost_usd"), 3.0 * hours, 1e-9);
    assert_near(
        "all",
        metric(&run, "cost_usd"),
        3.0 * hours + metric(&run, "token_cost_usd"),
        1e-9,
    );
    let up: f64 = replicas.iter().sum::<f64>() / 6.0;
    assert!(hours > up && hours < up + 0.3, "starting is paid for: {hours} {up}");
    assert_eq!(metric(&run, "completed"), metric(&run, "requests"), "draining loses nothing");
}
