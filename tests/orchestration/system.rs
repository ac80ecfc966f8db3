//! Workflows in the whole system: caches, budgets, queues and fleets are met by their
//! calls as by any request.

use windtunnel::stats::{Cell, Table};
use windtunnel::system::{METRICS, RunTables};

use crate::runs::{metric, simulate};

fn number(table: &Table, key: &str, column: &str) -> f64 {
    let index = table.column(column).unwrap_or_else(|| panic!("no column {column}"));
    let named = |row: &&Vec<Cell>| row.iter().any(|cell| *cell == Cell::from(key));
    match table.rows.iter().find(named).unwrap_or_else(|| panic!("no row {key}"))[index] {
        Cell::Num(value) => value,
        Cell::Int(value) => value as f64,
        _ => f64::NAN,
    }
}

const MODEL: &str = "models: { m: { price: { per_token: $0.00001 }, quality: 0.9,
    server: { tokens: { ttft: 200ms, tpot: 10ms } } } }";

/// A plain request is a workflow of one step: it does just what it did without any.
#[test]
fn plain_requests_are_as_they_were_without_workflows() {
    let base = "
duration: 5m
workload:
  arrivals: { poisson: { rate: 5/s } }
  prompts: { zipf: { count: 300, exponent: 0.9 } }
  tokens: { input: { constant: 1200 }, output: { exponential: { mean: 100 } } }
  users: { zipf: { count: 10, exponent: 1.0 } }
  session: { turns: { constant: 3 }, think_time: 5s }
  max_tokens: 1000
cache: { levels: [ { name: l1, capacity: 50, policy: lru, latency: 1ms } ] }
models:
  cheap: { price: { per_token: $0.000001 }, quality: 0.7, server: { tokens: {}, concurrency: 3, prefix_cache: { capacity: 10000 } } }
  dear: { price: { per_token: $0.00001 }, quality: 0.9, server: { tokens: {}, concurrency: 9 } }
cost: { budgets: { default: { daily: $0.5 } } }
";
    let plain = simulate(base);
    let flows = simulate(&format!(
        "{base}
orchestration: {{ workflows: {{ w: {{ steps: {{ a: {{ llm: {{}} }} }} }} }}, mix: {{ request: 1, w: 0 }} }}
"
    ));
    for (index, metric) in METRICS.iter().enumerate() {
        let (a, b) = (plain.metrics[index], flows.metrics[index]);
        let new = a.is_nan() || metric.name == "events" || metric.name.contains("makespan");
        assert!(new || a.to_bits() == b.to_bits(), "{}: {a} and {b}", metric.name);
    }
    assert!(metric(&flows, "cache_hits") > 100.0 && metric(&flows, "queue_mean_s") > 0.0);
    assert_eq!(plain.timeline, flows.timeline);
    // Of which some were refused for want of budget.
    assert!(metric(&flows, "budget_rejections") > 0.0);
    let failed = number(&flows.workflows, "request", "failed_call");
    assert_eq!(failed, metric(&flows, "rejected"));
}

#[test]
fn money_of_workflows_is_the_money_of_their_calls_and_tools() {
    let run = simulate(&format!(
        "
requests: 300
workload: {{ arrivals: {{ poisson: {{ rate: 2/s }} }}, tokens: {{ output: {{ constant: 50 }} }}, max_tokens: 500 }}
{MODEL}
orchestration:
  workflows:
    w:
      deadline: 9s
      steps:
        think: {{ llm: {{ system: 300 }}, loop: {{ max: 5, stop: 0.3 }} }}
        act: {{ after: think, tool: {{ latency: {{ exponential: {{ mean: 2s }} }}, cost: $0.01, failure: 0.2 }} }}
        vote: {{ after: act, llm: {{}}, map: {{ items: {{ constant: 3 }}, join: any }} }}
  mix: {{ request: 1, w: 2 }}
"
    ));
    let spent = |name: &str| number(&run.workflows, name, "cost_usd");
    let all = spent("request") + spent("w");
    assert!((all - metric(&run, "cost_usd")).abs() < 1e-9, "{all}");
    let steps: f64 = ["call", "think", "act", "vote"]
        .map(|step| {
            number(&run.steps, step, "token_cost_usd") + number(&run.steps, step, "tool_cost_usd")
        })
        .iter()
        .sum();
    assert!((all - steps).abs() < 1e-9);
    assert!(number(&run.workflows, "w", "failed_deadline") > 0.0);
    assert!(metric(&run, "workflow_wasted_usd") > 0.0);
    assert!((metric(&run, "tool_cost_usd") - spent_by_tools(&run)).abs() < 1e-9);
}

fn spent_by_tools(run: &RunTables) -> f64 {
    number(&run.steps, "act", "items") * 0.01
}

/// The first step of workflows with the same question asks the same; the second reads
/// the answer, which is the same too.
#[test]
fn the_same_question_is_answered_from_the_cache_step_by_step() {
    let run = simulate(&format!(
        "
workload: {{ requests: [ {{ prompt: What is AI?, at: 0s }}, {{ prompt: What is AI?, at: 60s }} ] }}
cache: {{ levels: [ {{ name: l1, capacity: 100 }} ] }}
{MODEL}
orchestration:
  workflows:
    w: {{ steps: {{ a: {{ llm: {{ system: 100 }} }}, b: {{ after: a, llm: {{}} }}, c: {{ after: b, llm: {{}}, map: {{}} }} }} }}
"
    ));
    assert_eq!((metric(&run, "cache_misses"), metric(&run, "cache_hits")), (5.0, 5.0));
}

/// Turn k of an agent finds all of turn k - 1's prompt in the cache.
#[test]
fn an_agents_turns_find_their_beginnings_in_the_prefix_cache() {
    let run = simulate(
        "
workload: { requests: [ { prompt: one, at: 0s }, { prompt: two, at: 1h } ] }
models: { m: { server: { tokens: {}, prefix_cache: { capacity: 100000, block_tokens: 1 } } } }
orchestration:
  workflows:
    w: { agent: { react: { stop: 0, max_turns: 3, think: { system: 500, output: { constant: 30 } },
         tool: { output: { constant: 70 } } } } }
",
    );
    // 501, 601 and 701 tokens; then the same, of which the system prompt is known.
    let read = 2.0 * (501.0 + 601.0 + 701.0);
    let found = (501.0 + 601.0) + (500.0 + 501.0 + 601.0);
    let rate = metric(&run, "cached_input_tokens") / metric(&run, "input_tokens");
    assert!((metric(&run, "input_tokens") - read).abs() < 3.0, "{}", metric(&run, "input_tokens"));
    assert!((rate - found / read).abs() < 2e-3, "{rate} and {}", found / read);
}

#[test]
fn a_call_that_waits_for_its_users_budget_is_blocked_by_it() {
    let run = simulate(
        "
duration: 10m
workload: { arrivals: { constant: { rate: 1/m } }, tokens: { output: { constant: 10 } } }
models: { m: { price: { input: 0, output: $0.01 }, server: { tokens: {} } } }
cost: { budgets: { default: { max_budget: $1.05, budget_duration: 1h, at_limit: queue } } }
orchestration: { workflows: { w: { steps: { a: { llm: {} }, b: { after: a, llm: {} } } } } }
",
    );
    assert!(metric(&run, "blocked_budget_mean_s") > 600.0);
    assert!(metric(&run, "makespan_p99_s") > 3000.0);
}

fn shares(schedule: &str) -> RunTables {
    simulate(&format!(
        "
duration: 2h
workload: {{ arrivals: {{ poisson: {{ rate: 0.1/s }} }}, tokens: {{ output: {{ constant: 100 }} }}, max_tokens: 1000 }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 0s, tpot: 10ms }}, concurrency: 1, policy: priority }} }} }}
orchestration:
  schedule: {schedule}
  workflows:
    short: {{ priority: 0, steps: {{ a: {{ llm: {{}} }} }} }}
    long: {{ priority: 1, steps: {{ a: {{ llm: {{}}, loop: {{ max: 25 }} }} }} }}
  mix: {{ short: 3, long: 1 }}
"
    ))
}

/// Work is the same whoever goes first; short workflows gain where they do.
#[test]
fn who_goes_first_is_as_the_schedule_says() {
    let of = |run: &RunTables, name: &str| number(&run.workflows, name, "makespan_mean_s");
    let arrival = shares("arrival");
    let priority = shares("priority");
    let attained = shares("least_attained_service");
    let critical = shares("critical_path");
    assert!(of(&priority, "short") < 0.7 * of(&arrival, "short"));
    assert!(of(&attained, "short") < 0.7 * of(&arrival, "short"));
    assert!(of(&critical, "short") > of(&arrival, "short"));
    for run in [&priority, &attained, &critical] {
        assert_eq!(metric(run, "calls_per_workflow"), metric(&arrival, "calls_per_workflow"));
        assert!((metric(run, "utilization") / metric(&arrival, "utilization") - 1.0).abs() < 0.01);
    }
    // One that has begun is not broken off: at most 1 s of another's, and then its own.
    assert!(of(&priority, "short") < 1.0 + 1.0);
}

/// Calls that nobody waits for are broken off at servers that can do so, whatever else
/// goes wrong there.
#[test]
fn workflows_over_a_fleet_with_faults_lose_nothing() {
    let run = simulate(
        "
duration: 30m
warmup: 2m
workload: { arrivals: { poisson: { rate: 1/s } }, tokens: { input: { constant: 500 }, output: { exponential: { mean: 80 } } }, users: { zipf: { count: 3, exponent: 0 } }, max_tokens: 1000 }
models:
  small: { price: { per_token: $0.000001 }, quality: 0.6, server: { replicas: 3, abort: true, engine: { step: { linear: { } } }, faults: { mtbf: 2m, mttr: 20s, error_rate: 0.05 } } }
  large: { price: { per_token: $0.00001 }, quality: 0.95, server: { replicas: 2, concurrency: 8, tokens: {}, faults: { error_rate: 0.1 } } }
cost: { select: { cheapest: { quality_threshold: 0.5 } }, charge: reserve, budgets: { default: { daily: $3 } } }
resilience: { timeout: 20s, num_retries: 2, hedge: { after: 3s }, fallbacks: { small: [large] } }
orchestration:
  workflows:
    race: { deadline: 15s, steps: { a: { llm: {}, map: { items: { constant: 4 }, join: any } }, b: { after: a, llm: { model: large } } } }
    agent: { agent: { react: { stop: 0.4 } }, max_cost: $0.05 }
  mix: { race: 1, agent: 1, request: 1 }
",
    );
    assert!(metric(&run, "called_off") > 100.0);
    assert!(metric(&run, "hedges") > 0.0 && metric(&run, "crashed") > 0.0);
    let [race, agent, request] =
        ["race", "agent", "request"].map(|name| number(&run.workflows, name, "cost_usd"));
    let all = race + agent + request;
    // What was asked before the warm-up ended and charged after it is no workflow's here.
    assert!((all / metric(&run, "cost_usd") - 1.0).abs() < 0.05, "{all}");
    assert!(number(&run.steps, "b", "calls") > 0.0);
}
