//! Balancers against queueing theory.

use crate::support::{assert_near, cell, estimate, markovian, metric, simulate};

#[test]
fn replicas_chosen_by_lot_are_as_many_mm1_queues() {
    let yaml = markovian(7.0, "concurrency: 1, replicas: 10, balance: random", "");
    let (wait, error) = estimate(&yaml, 8, "queue_mean_s");
    // M/M/1: Wq = rho / (1 - rho) of a mean service.
    assert!((wait - 0.7 / 0.3).abs() <= error && error < 0.2, "{wait} +- {error}");
    let (busy, _) = estimate(&yaml, 8, "utilization");
    assert_near("utilization", busy, 0.7, 0.01);
}

/// Mitzenmacher's fixed point: a share of rho^(2^k - 1) of the queues has k or more,
/// so that a queue has the sum of these on average.
#[test]
fn power_of_two_has_the_doubly_exponential_tail() {
    let load: f64 = 0.9;
    let yaml = markovian(
        90.0,
        "concurrency: 1, replicas: 100, balance: { power_of_two: { choices: 2 } }",
        "",
    )
    .replace("duration: 2h", "duration: 30m");
    let (sojourn, _) = estimate(&yaml, 8, "e2e_mean_s");
    let length: f64 = (1..12).map(|k| load.powf(2_f64.powi(k) - 1.0)).sum();
    assert_near("time in the system", sojourn, length / load, 0.03);
    // Blind choice is an M/M/1 queue: ten times a service.
    let blind = yaml.replace("{ power_of_two: { choices: 2 } }", "random");
    let (blind, _) = estimate(&blind, 8, "e2e_mean_s");
    assert_near("by lot", blind, 1.0 / (1.0 - load), 0.05);
}

#[test]
fn one_replica_of_many_servers_waits_as_erlang_c_says() {
    // A fleet of one must be what a plain server is.
    let (servers, load) = (5.0_f64, 3.75_f64);
    let yaml = markovian(load, "concurrency: 5", "resilience: { num_retries: 1 }");
    let term = |n: i32| (1..=n).fold(1.0, |product, i| product * load / f64::from(i));
    let last = term(5) * servers / (servers - load);
    let waits = last / ((0..5).map(term).sum::<f64>() + last);
    let (wait, error) = estimate(&yaml, 8, "queue_mean_s");
    let expected = waits / (servers - load);
    assert!((wait - expected).abs() <= error && error < 0.1, "{wait} +- {error}, not {expected}");
}

#[test]
fn knowing_the_load_beats_not_knowing_it() {
    let wait = |balance: &str| {
        let server = format!("concurrency: 1, replicas: 10, balance: {balance}");
        estimate(&markovian(8.0, &server, ""), 8, "queue_mean_s").0
    };
    let (random, turns) = (wait("random"), wait("round_robin"));
    let (two, least) = (wait("{ power_of_two: {} }"), wait("least_outstanding"));
    assert!(least < two && two < turns && turns < random, "{least} {two} {turns} {random}");
}

#[test]
fn affinity_keeps_prefixes_together() {
    let hits = |balance: &str| {
        let run = simulate(&format!(
            "
duration: 20m
workload:
  arrivals: {{ poisson: {{ rate: 5/s }} }}
  prompts: {{ zipf: {{ count: 400, exponent: 0.6 }} }}
  tokens: {{ input: {{ constant: 2048 }}, output: {{ constant: 10 }} }}
models:
  m:
    server:
      tokens: {{ ttft: 10ms, tpot: 1ms, per_input_token: 100us }}
      concurrency: 1
      replicas: 8
      balance: {balance}
      prefix_cache: {{ capacity: 256, block_tokens: 512 }}
"
        ));
        assert_eq!(run.replicas.rows.len(), 8);
        metric(&run, "prefix_hit_rate")
    };
    let (turns, affine) = (hits("round_robin"), hits("{ prefix_affinity: { bound: 3 } }"));
    let scored = hits("{ scores: { prefix: 3 } }");
    assert!(affine > 2.0 * turns && scored > 2.0 * turns, "{turns} {affine} {scored}");
}

#[test]
fn turns_are_even() {
    let run = simulate(&markovian(5.0, "replicas: 4", ""));
    let requests: Vec<f64> = (0..4).map(|row| cell(&run.replicas, row, "requests")).collect();
    assert!(requests.iter().all(|count| (count - requests[0]).abs() <= 1.0), "{requests:?}");
    assert_eq!(requests.iter().sum::<f64>(), metric(&run, "attempts"));
}

/// Prompts of very different lengths before engines, some of which come together.
fn skewed(balance: &str) -> String {
    format!(
        "
duration: 5m
warmup: 1m
workload:
  arrivals: {{ poisson: {{ rate: 45/s }} }}
  prompts: unique
  tokens: {{ input: {{ lognormal: {{ mean: 3000, p90: 6500 }} }}, output: {{ lognormal: {{ mean: 200, p90: 400 }} }} }}
  max_tokens: 2000
models:
  m:
    server: {{ engine: {{ max_num_seqs: 256, max_num_batched_tokens: 2048, async_scheduling: false, enable_prefix_caching: false }}, replicas: 4, balance: {balance} }}
"
    )
}

#[test]
fn tokens_are_a_better_guide_than_turns_or_requests() {
    let first_token = |balance: &str| {
        let mean = |name: &str| estimate(&skewed(balance), 8, name).0;
        (mean("ttft_mean_s"), mean("ttft_p99_s"))
    };
    let memory = first_token("least_kv");
    for other in ["round_robin", "least_outstanding"].map(first_token) {
        assert!(memory.0 < 0.85 * other.0 && memory.1 < 0.7 * other.1, "{memory:?} {other:?}");
    }
}
