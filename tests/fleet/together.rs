//! All at once: a cascade, levers and budgets before fleets that crash, err and are
//! slow, with retries, hedges and fallbacks. Nothing gets lost: no request, no money.

use windtunnel::stats::Table;
use windtunnel::system::RunTables;

use crate::support::{assert_near, cell, metric, replicate, simulate};

fn sum(table: &Table, column: &str) -> f64 {
    (0..table.rows.len()).map(|row| cell(table, row, column)).filter(|it| it.is_finite()).sum()
}

/// What must hold of every run, whatever went wrong in it. That nothing is held any more,
/// that ledger and budgets balance to the last unit, that savings add up to the list
/// price, and Little's law, are asserted within.
#[track_caller]
fn assert_nothing_is_lost(run: &RunTables) {
    let ended = metric(run, "completed") + metric(run, "errors") + metric(run, "rejected");
    assert_eq!(metric(run, "requests"), ended, "requests");
    let cost = metric(run, "cost_usd");
    assert!(cost > 0.0);
    assert_near("by user", sum(&run.users, "cost_usd"), cost, 1e-9);
    let of_models = sum(&run.models, "cost_usd") + metric(run, "judge_cost_usd");
    assert_near("by model, and judges", of_models, cost, 1e-9);
    assert!(metric(run, "wasted_cost_usd") <= cost);
    for column in ["completed", "rejected"] {
        assert_eq!(sum(&run.users, column), metric(run, column), "{column}");
    }
}

fn everything(abort: bool, queue: &str, charge: &str) -> String {
    format!(
        "
duration: 10m
workload:
  arrivals: {{ poisson: {{ rate: 4/s }} }}
  prompts: {{ zipf: {{ count: 3000, exponent: 0.6 }} }}
  tokens: {{ input: {{ lognormal: {{ mean: 1200, p90: 2400 }} }}, output: {{ lognormal: {{ mean: 150, p90: 300 }} }} }}
  users: {{ zipf: {{ count: 20, exponent: 1.0, classes: {{ offline: 0.3 }} }} }}
  max_tokens: 800
cache: {{ ttl: 1m, levels: [{{ name: memory, capacity: 100, policy: lru }}] }}
models:
  small:
    price: {{ input: 0.15e-6, output: 0.6e-6, batch: {{ input: 0.075e-6, output: 0.3e-6 }} }}
    server:
      engine: {{ max_num_seqs: 8, max_num_batched_tokens: 2048, async_scheduling: false, num_gpu_blocks: 1500 }}
      replicas: 3
      queue: {queue}
      abort: {abort}
      faults: {{ mtbf: 2m, mttr: 10s, error_rate: 0.05, slow: {{ factor: 3 }} }}
  large:
    price: {{ input: 2.5e-6, output: 10e-6, batch: {{ input: 1.25e-6, output: 5e-6 }} }}
    server:
      tokens: {{ ttft: {{ exponential: {{ mean: 1s }} }}, tpot: 10ms }}
      concurrency: 4
      replicas: 3
      queue: {queue}
      abort: {abort}
      faults: {{ mtbf: 3m, mttr: 10s, error_rate: 0.05, throttle_rate: 0.02 }}
  spare:
    price: {{ input: 5e-6, output: 20e-6 }}
    server: {{ tokens: {{ ttft: 500ms, tpot: 20ms }}, faults: {{ error_rate: 0.02 }} }}
cost:
  select: {{ cascade: {{ models: [small, large], judge: {{ false_accept: 0.1, false_reject: 0.1, cost: $0.0001, latency: 20ms }} }} }}
  quality:
    difficulties: {{ easy: 0.7, hard: 0.3 }}
    accuracy:
      small: {{ easy: 0.9, hard: 0.4 }}
      large: {{ easy: 0.97, hard: 0.8 }}
      spare: {{ easy: 0.97, hard: 0.8 }}
  levers:
    baseline: large
    compression: {{ keep: 0.6, min_tokens: 500, quality: 0.98, latency: 50ms }}
    trim: {{ max_tokens: 400, quality: 0.8 }}
    batch: {{ classes: [offline], soonest: 10s, latest: 1m }}
  budgets: {{ default: {{ daily: $0.35 }} }}
  charge: {charge}
resilience:
  timeout: 6s
  num_retries: 1
  backoff: {{ base: 50ms }}
  hedge: {{ after: p90, initially: 2s }}
  fallbacks: {{ small: [large, spare], large: [spare] }}
  allowed_fails: 5
  cooldown_time: 5s
"
    )
}

#[test]
fn neither_requests_nor_money_are_lost_whatever_goes_wrong() {
    let mut seen = [0.0; 9];
    let names = [
        "escalations",
        "timeouts",
        "crashed",
        "hedges_won",
        "retries",
        "fallbacks",
        "fallbacks_denied",
        "budget_rejections",
        "wasted_cost_usd",
    ];
    for (nth, (abort, queue, charge)) in [
        (true, "per_replica", "reserve"),
        (false, "per_replica", "on_completion"),
        (true, "shared", "on_completion"),
        (false, "shared", "reserve"),
    ]
    .into_iter()
    .enumerate()
    {
        let yaml = everything(abort, queue, charge);
        for replication in 0..3 {
            let run = replicate(&yaml, 10 * nth as u64 + replication);
            assert_nothing_is_lost(&run);
            names.iter().zip(&mut seen).for_each(|(name, seen)| *seen += metric(&run, name));
        }
    }
    assert!(seen.iter().all(|count| *count > 0.0), "all of it happens: {names:?} {seen:?}");
}

fn falling_back(budget: &str, charge: &str) -> String {
    format!(
        "
duration: 5m
workload:
  arrivals: {{ poisson: {{ rate: 20/s }} }}
  tokens: {{ input: {{ constant: 100 }}, output: {{ constant: 100 }} }}
  max_tokens: 100
models:
  cheap: {{ price: {{ per_token: $0.000001 }}, quality: 0.9, server: {{ tokens: {{ ttft: 100ms }}, faults: {{ error_rate: 1.0 }} }} }}
  dear: {{ price: {{ per_token: $0.001 }}, server: {{ tokens: {{ ttft: 2s }} }} }}
  free: {{ quality: 0.5, server: {{ tokens: {{ ttft: 100ms }} }} }}
cost: {{ select: {{ fixed: cheap }}, budgets: {{ default: {{ daily: {budget} }} }}, charge: {charge} }}
resilience: {{ fallbacks: {{ cheap: [dear, free] }} }}
"
    )
}

#[test]
fn a_fallback_that_the_budget_cannot_bear_is_passed_over() {
    // An answer of the dear model costs 20 cents.
    let run = simulate(&falling_back("$0.15", "reserve"));
    let requests = metric(&run, "requests");
    assert_eq!(metric(&run, "fallbacks_denied"), requests);
    assert_eq!((metric(&run, "completed"), metric(&run, "cost_usd")), (requests, 0.0));
    assert_eq!(cell(&run.models, 2, "completed"), requests, "the free one answers all");
    // Twenty a second, each of which takes two: what is held counts.
    let run = simulate(&falling_back("$3.05", "reserve"));
    assert_eq!(cell(&run.models, 1, "completed"), 15.0);
    assert_near("cost", metric(&run, "cost_usd"), 3.0, 1e-9);
    assert_eq!(metric(&run, "budget_overshoot_usd"), 0.0);
    // Without holds those under way are not known to the budget, as for first choices.
    let run = simulate(&falling_back("$3.05", "on_completion"));
    assert!(cell(&run.models, 1, "completed") > 30.0);
    assert!(metric(&run, "budget_overshoot_usd") > 3.0);
}
