//! One queue before all replicas of a model.

use crate::support::{assert_near, cell, estimate, markovian, metric, simulate};

/// Erlang's C: the share of arrivals that wait for one of `servers`.
fn erlang_c(servers: u32, load: f64) -> f64 {
    let terms = |until: u32| (1..=until).fold(1.0, |product, n| product * load / f64::from(n));
    let last = terms(servers) * f64::from(servers) / (f64::from(servers) - load);
    last / ((0..servers).map(terms).sum::<f64>() + last)
}

const SHARED: &str = "concurrency: 1, replicas: 5, queue: shared";

#[test]
fn replicas_with_one_queue_wait_as_erlang_c_says() {
    let load = 3.75;
    let (wait, error) = estimate(&markovian(load, SHARED, ""), 8, "queue_mean_s");
    let expected = erlang_c(5, load) / (5.0 - load);
    assert!((wait - expected).abs() <= error && error < 0.1, "{wait} +- {error}, not {expected}");
    // Queues of their own: whoever waits does so though another is idle.
    let (apart, _) =
        estimate(&markovian(load, "concurrency: 1, replicas: 5", ""), 8, "queue_mean_s");
    assert!(apart > 2.0 * wait, "{apart} {wait}");
}

#[test]
fn they_are_one_server_of_as_many_places() {
    for limit in ["", ", queue_limit: 2", ", queue_limit: 0"] {
        let one = simulate(&markovian(4.5, &format!("concurrency: 5{limit}"), ""));
        for balance in ["round_robin", "least_outstanding", "{ power_of_two: {} }"] {
            let server = format!("{SHARED}, balance: {balance}{limit}");
            let many = simulate(&markovian(4.5, &server, ""));
            for name in ["completed", "rejected", "e2e_mean_s", "e2e_p99_s", "queue_p99_s"] {
                let (one, many) = (metric(&one, name), metric(&many, name));
                assert_eq!(one.to_bits(), many.to_bits(), "{server}: {name}: {one} {many}");
            }
        }
    }
}

#[test]
fn a_bounded_queue_loses_what_mmck_does() {
    let (load, places): (f64, u32) = (4.5, 7);
    let server = format!("{SHARED}, queue_limit: 2");
    let run = simulate(&markovian(load, &server, "").replace("2h", "20h"));
    // p(n) grows by load / n up to the servers, then by load / 5.
    let mut state = 1.0;
    let sum: f64 = 1.0
        + (1..=places)
            .map(|n| {
                state *= load / f64::from(n.min(5));
                state
            })
            .sum::<f64>();
    let lost = metric(&run, "rejected") / metric(&run, "requests");
    assert_near("share lost", lost, state / sum, 0.02);
}

#[test]
fn a_crash_loses_what_is_served_and_not_what_waits() {
    let server = "concurrency: 1, replicas: 2, queue: shared, faults: { mtbf: 30s, mttr: 10s }";
    let run = simulate(&markovian(1.2, server, "").replace("warmup: 5m", "warmup: none"));
    let crashes: f64 = (0..2).map(|row| cell(&run.replicas, row, "crashes")).sum();
    assert!(crashes > 200.0, "{crashes}");
    let lost = metric(&run, "crashed");
    // Sometimes both are down, and those that come wait.
    assert_eq!(lost, metric(&run, "rejected"));
    assert!(lost <= crashes && lost > 0.5 * crashes, "{lost} of {crashes}");
    assert_eq!(metric(&run, "completed") + lost, metric(&run, "requests"));
}

#[test]
fn those_that_wait_are_served_when_a_breaker_lets_them_through() {
    let server = "concurrency: 2, replicas: 2, queue: shared, faults: { error_rate: 0.2 }";
    for abort in [true, false] {
        let rest = "resilience: { allowed_fails: 1, cooldown_time: 5s, timeout: 20s, hedge: { after: 3s } }";
        let run = simulate(&markovian(1.0, &format!("{server}, abort: {abort}"), rest));
        assert!(metric(&run, "breaker_opened") > 10.0 && metric(&run, "hedges_won") > 10.0);
        assert!(metric(&run, "completed") > 0.6 * metric(&run, "requests"));
    }
}

#[test]
fn more_replicas_take_what_waits_as_soon_as_they_are_up() {
    let server = "concurrency: 1, queue: shared,
      autoscale: { min: 1, max: 8, target: { outstanding: 2 }, cold_start: 10s, cool_down: 1m }";
    let run = simulate(&markovian(3.0, server, ""));
    assert_eq!(metric(&run, "completed"), metric(&run, "requests"));
    assert!(metric(&run, "replicas_mean") > 3.0, "a server a request a second, and more");
    assert!(metric(&run, "queue_mean_s") < 3.0);
}

fn engines(rate: f64, server: &str, rest: &str) -> String {
    format!(
        "
duration: 5m
workload:
  arrivals: {{ poisson: {{ rate: {rate}/s }} }}
  prompts: {{ zipf: {{ count: 500, exponent: 0.5 }} }}
  tokens: {{ input: {{ constant: 1600 }}, output: {{ lognormal: {{ mean: 200, p90: 450 }} }} }}
  max_tokens: 2000
models:
  m:
    server: {{ engine: {{ max_num_seqs: 6, num_gpu_blocks: 600 }}, replicas: 4, {server} }}
{rest}
"
    )
}

#[test]
fn engines_take_from_one_queue_what_they_have_room_for() {
    let turns = simulate(&engines(8.0, "queue: per_replica", ""));
    let shared = simulate(&engines(8.0, "queue: shared", ""));
    let wait = |run| metric(run, "queue_p99_s");
    assert_eq!(metric(&shared, "completed"), metric(&shared, "requests"));
    assert!(wait(&shared) < 0.5 * wait(&turns), "{} {}", wait(&shared), wait(&turns));
    let bounded = simulate(&engines(8.0, "queue: shared, queue_limit: 1", ""));
    assert!(metric(&bounded, "rejected") > 0.0 && wait(&bounded) < wait(&shared));
}

#[test]
fn whatever_goes_wrong_nobody_is_left_in_the_queue() {
    let rest = "resilience: { timeout: 6s, num_retries: 2, backoff: { base: 50ms }, hedge: { after: 2s, max: 2 }, allowed_fails: 8, cooldown_time: 3s }";
    let faults = "faults: { mtbf: 1m, mttr: 10s, error_rate: 0.02, slow: { factor: 3 } }";
    for other in
        ["abort: true", "abort: false", "disaggregate: { prefill: 2 }", "balance: least_kv"]
    {
        // Little's law and the emptiness of all tables are asserted within.
        let run = simulate(&engines(6.0, &format!("queue: shared, {other}, {faults}"), rest));
        for name in ["timeouts", "crashed", "hedges_won", "retries", "breaker_opened"] {
            assert!(metric(&run, name) > 0.0, "{other}: {name}");
        }
        let answered = metric(&run, "completed") / metric(&run, "requests");
        assert!(answered > 0.3, "{other}: {answered}");
    }
}
