//! What holds for every run, whatever the experiment.

use std::fmt::Write as _;

use proptest::prelude::*;
use windtunnel::stats::{Cell, Table};

#[path = "support/runs.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod runs;

use runs::{metric, simulate};

fn column(table: &Table, name: &str) -> Vec<f64> {
    let index = table.column(name).unwrap_or_else(|| panic!("no column {name}"));
    let value = |row: &Vec<Cell>| match row[index] {
        Cell::Int(value) => value as f64,
        Cell::Num(value) => value,
        _ => 0.0,
    };
    table.rows.iter().map(value).collect()
}

fn sum(table: &Table, name: &str) -> f64 {
    column(table, name).iter().sum()
}

#[derive(Debug, Clone)]
struct Case {
    seed: u32,
    rate: u32,
    capacity: u32,
    policy: &'static str,
    concurrency: u32,
    queue: u32,
    daily: f64,
    warmup: u32,
    longest: u32,
}

fn case() -> impl Strategy<Value = Case> {
    (
        any::<u32>(),
        1u32..60,
        1u32..200,
        prop_oneof![Just("lru"), Just("fifo")],
        1u32..12,
        0u32..20,
        0.001f64..2.0,
        0u32..50,
        1000u32..20_000,
    )
        .prop_map(
            |(seed, rate, capacity, policy, concurrency, queue, daily, warmup, longest)| Case {
                seed,
                rate,
                capacity,
                policy,
                concurrency,
                queue,
                daily,
                warmup,
                longest,
            },
        )
}

fn yaml(case: &Case) -> String {
    let mut text = String::new();
    write!(
        text,
        "seed: {}\nduration: 1m\nwarmup: {}s\nreplications: 1\nstart: 2026-01-31T23:59:30Z\n\
         workload:\n  arrivals: {{ poisson: {{ rate: {}/s }} }}\n\
         \x20 prompts: {{ zipf: {{ count: 300, exponent: 0.9 }} }}\n\
         \x20 tokens: {{ input: {{ lognormal: {{ mean: 800, p90: 1700 }} }} }}\n\
         \x20 users: {{ zipf: {{ count: 5, exponent: 1.0 }} }}\n\
         pipeline: {{ max_prompt_length: {}, stages: {{ validate: 1ms, select: 2ms, postprocess: 3ms }} }}\n\
         cache:\n  ttl: 20s\n  levels:\n    - {{ name: l1, capacity: {}, policy: {} }}\n    - {{ name: l2, capacity: 300, latency: 10ms }}\n\
         models:\n  a: {{ price: {{ per_token: $0.00003 }}, quality: 0.95, server: {{ seed: {{ speed: 1.0 }}, concurrency: {}, queue_limit: {} }} }}\n\
         \x20 b: {{ price: {{ per_token: $0.000002 }}, quality: 0.85, server: {{ seed: {{ speed: 2.0 }} }} }}\n\
         cost: {{ select: {{ utility: {{ quality_threshold: 0.9 }} }}, budgets: {{ default: {{ daily: {:.4} }} }} }}\n\
         record: {{ breakdown: true }}\n",
        case.seed, case.warmup, case.rate, case.longest, case.capacity, case.policy, case.concurrency, case.queue, case.daily,
    )
    .expect("text");
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn requests_and_money_are_conserved(case in case()) {
        let run = simulate(&yaml(&case));
        let get = |name| metric(&run, name);
        // Every request that came in has left, one way or another.
        prop_assert_eq!(get("requests"), get("completed") + get("errors") + get("rejected"));
        prop_assert!(get("budget_rejections") <= get("rejected"));
        prop_assert_eq!(get("cache_hits") + get("cache_misses"), get("requests") - get("errors"));
        for table in [&run.users, &run.models] {
            prop_assert!((sum(table, "cost_usd") - get("cost_usd")).abs() < 1e-9);
            prop_assert!((sum(table, "saved_usd") - get("cost_saved_usd")).abs() < 1e-9);
            prop_assert_eq!(sum(table, "completed"), get("completed"));
            prop_assert_eq!(sum(table, "cache_hits"), get("cache_hits"));
            prop_assert_eq!(sum(table, "output_tokens"), get("output_tokens"));
        }
        prop_assert_eq!(sum(&run.users, "requests"), get("requests"));
        prop_assert_eq!(sum(&run.users, "errors"), get("errors"));
        prop_assert_eq!(sum(&run.users, "rejected"), get("rejected"));
        // By models, levels or users, answers are those of the timeline.
        let completions = column(&run.timeline, "completions_rps");
        let (time, rates) = (column(&run.breakdown, "time_s"), column(&run.breakdown, "answers_rps"));
        for by in ["model", "level", "user"] {
            for (end, wanted) in column(&run.timeline, "time_s").iter().zip(&completions) {
                let rows = run.breakdown.rows.iter().zip(time.iter().zip(&rates));
                let found: f64 = rows
                    .filter(|(row, (time, _))| row[0] == Cell::from(by) && *time == end)
                    .map(|(_, (_, rate))| rate)
                    .sum();
                prop_assert!((found - wanted).abs() < 1e-9, "{by} at {end}: {found}, {wanted}");
            }
        }
        // No level holds more than it may, and looks are hits or misses.
        let entries = column(&run.levels, "entries");
        prop_assert!(entries[0] <= f64::from(case.capacity) && entries[1] <= 300.0);
        let (lookups, hits, misses) = (column(&run.levels, "lookups"), column(&run.levels, "hits"), column(&run.levels, "misses"));
        for level in 0..2 {
            prop_assert_eq!(lookups[level], hits[level] + misses[level]);
        }
        // A limited server is never busier than it can be; times are in order.
        let busy = get("utilization");
        prop_assert!(busy.is_nan() || (0.0..=1.0).contains(&busy));
        if get("completed") > 0.0 {
            prop_assert!(get("ttft_p50_s") <= get("e2e_p50_s") * 1.001 + 1e-9);
            prop_assert!(get("e2e_p50_s") <= get("e2e_p99_s") && get("e2e_p99_s") <= get("e2e_max_s") * 1.001);
        }
    }
}

#[test]
fn littles_law_holds_over_the_timeline() {
    let run = simulate(
        "duration: 30m\nreplications: 1\nworkload: { arrivals: { poisson: { rate: 10/s } }, prompts: unique }\n\
         models: { a: { price: { per_token: 0 }, quality: 1, server: { seed: { speed: 1.0 }, concurrency: 8 } } }\n",
    );
    // The time average of requests in flight = arrivals per second x mean time.
    let (times, levels) = (column(&run.timeline, "time_s"), column(&run.timeline, "in_flight"));
    let mut area = 0.0;
    let mut from = 0.0;
    for (time, level) in times.iter().zip(&levels) {
        area += level * (time - from);
        from = *time;
    }
    let time_in_system = metric(&run, "e2e_mean_s") * metric(&run, "completed");
    // The area lacks the sliver after the last full interval.
    assert!(
        (area - time_in_system).abs() < 1e-3 * area,
        "{area} request-seconds against {time_in_system}"
    );
}

#[test]
fn changing_one_part_does_not_change_the_draws_of_another() {
    let with = |users: &str, capacity: u32| {
        simulate(&format!(
            "duration: 5m\nreplications: 1\nworkload: {{ arrivals: {{ poisson: {{ rate: 10/s }} }}, users: {users} }}\n\
             cache: {{ levels: [ {{ name: l1, capacity: {capacity} }} ] }}\n"
        ))
    };
    let base = with("{ zipf: { count: 5, exponent: 1.0 } }", 100);
    let more_users = with("{ zipf: { count: 50, exponent: 0.5 } }", 100);
    // Who asks is drawn apart from when and what: the same hits.
    assert_eq!(metric(&base, "requests"), metric(&more_users, "requests"));
    assert_eq!(metric(&base, "cache_hits"), metric(&more_users, "cache_hits"));
    let larger = with("{ zipf: { count: 5, exponent: 1.0 } }", 1000);
    assert_eq!(metric(&base, "requests"), metric(&larger, "requests"));
    assert!(metric(&larger, "cache_hits") > metric(&base, "cache_hits"));
}

#[test]
fn budgets_reset_at_midnight_of_the_virtual_calendar() {
    // A dollar a day is gone long before midnight; the next day it is there again.
    let run = simulate(
        "start: 2026-02-27T12:00:00Z\nduration: 3d\nreplications: 1\n\
         workload: { arrivals: { constant: { rate: 60/h } }, prompts: unique, tokens: { input: { constant: 1000 }, output: { constant: 100 } } }\n\
         models: { a: { price: { per_token: $0.0001 }, quality: 1 } }\n\
         cost: { budgets: { default: { daily: $1 } } }\nrecord: { interval: 12h }\n",
    );
    // 1000 + 100 tokens cost $0.11: nine fit into a dollar, four days are touched.
    assert!(
        (metric(&run, "cost_usd") - 4.0 * 9.0 * 0.11).abs() < 1e-9,
        "{}",
        metric(&run, "cost_usd")
    );
    let spend: Vec<f64> =
        column(&run.timeline, "spend_usd").iter().map(|spend| (spend * 100.0).round()).collect();
    assert_eq!(spend[..6], [99.0, 99.0, 0.0, 99.0, 0.0, 99.0]);
    assert_eq!(metric(&run, "budget_overshoot_usd"), 0.0);
}
