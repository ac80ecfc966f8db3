//! The bill: all that is paid for a window, its parts, and from the list price down to it.

use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::stats::{Cell, Table};
use windtunnel::system::RunTables;

use crate::run::{metric, number, tables};

#[track_caller]
fn close(run: &RunTables, name: &str, expected: f64) {
    let found = metric(run, name);
    assert!((found - expected).abs() <= 1e-9 * expected.abs() + 1e-12, "{name}: {found}");
}

fn column(table: &Table, name: &str) -> Vec<f64> {
    let at = table.column(name).unwrap_or_else(|| panic!("no column {name}"));
    let value = |row: &Vec<Cell>| match &row[at] {
        Cell::Num(value) => *value,
        Cell::Int(value) => *value as f64,
        _ => f64::NAN,
    };
    table.rows.iter().map(value).collect()
}

fn sum(table: &Table, name: &str) -> f64 {
    column(table, name).iter().sum()
}

/// Requests at 2/s to one node of $10 an hour, 400 tokens in and 100 out.
fn node(server: &str) -> String {
    format!(
        "duration: 1h
workload:
  arrivals: {{ constant: {{ rate: 2/s }} }}
  prompts: unique
  tokens: {{ input: {{ constant: 400 }}, output: {{ constant: 100 }} }}
  max_tokens: 100
  users: {{ list: [ {{ name: ann, weight: 1 }}, {{ name: bob, weight: 3 }} ] }}
record: {{ spend: true }}
models: {{ own: {{ price: {{ per_gpu_hour: $10 }}, server: {{ {server} }} }} }}
"
    )
}

/// A server that is one, and one replica of a fleet.
const SERVERS: [&str; 2] = [
    "tokens: { ttft: 100ms, tpot: 1ms }",
    "tokens: { ttft: 100ms, tpot: 1ms }, concurrency: 8, gpus: 1",
];

#[test]
fn a_node_of_one_s_own_is_part_of_what_a_request_costs() {
    for server in SERVERS {
        let run = tables(&node(server));
        close(&run, "cost_usd", 10.0);
        close(&run, "server_cost_usd", 10.0);
        close(&run, "token_cost_usd", 0.0);
        // $0.00139, and more than the API's $0.00123.
        close(&run, "cost_per_request_usd", 10.0 / 7200.0);
        close(&run, "cost_per_good_request_usd", 10.0 / 7200.0);
        close(&run, "cost_per_hour_usd", 10.0);
        close(&run, "cost_per_month_usd", 7300.0);
        close(&run, "cost_per_input_mtok_usd", 10.0 / 2.88);
        close(&run, "cost_per_output_mtok_usd", 10.0 / 0.72);
        close(&run, "cost_per_mtok_usd", 10.0 / 3.6);
        for table in [&run.models, &run.users] {
            assert!((sum(table, "cost_usd") - 10.0).abs() < 1e-9);
            assert!((sum(table, "server_cost_usd") - 10.0).abs() < 1e-9);
        }
        // Whoever uses the servers pays for them: by tokens.
        let requests = number(&run.users, "bob", "requests");
        let share = number(&run.users, "bob", "cost_usd") / 10.0;
        assert!((share - requests / 7200.0).abs() < 1e-9 && (share - 0.75).abs() < 0.05);
        assert!((sum(&run.showback, "cost_usd") - 20.0).abs() < 1e-9, "by class and by user");
        assert!((sum(&run.answers, "cost_usd") - 10.0).abs() < 1e-9);
        assert_eq!(column(&run.savings, "usd"), [0.0, -10.0, 10.0], "list, own servers, paid");
        // Over time it is the same, though nobody is charged.
        assert!((sum(&run.timeline, "spend_usd") - 10.0).abs() < 1e-9);
        assert_eq!(sum(&run.timeline, "charged_usd"), 0.0);
    }
}

#[test]
fn servers_are_paid_for_the_window_and_not_for_the_drain() {
    // Each takes 2 s of the one that works: half of the hour's requests are left at its end.
    let slow = "tokens: { ttft: 2s, tpot: 0s }, concurrency: 1";
    for server in [slow.to_owned(), format!("{slow}, gpus: 1")] {
        for (warmup, hours) in [("none", 1.0), ("5m", 55.0 / 60.0), ("1000 requests", f64::NAN)] {
            let run = tables(&format!("warmup: {warmup}\n{}", node(&server)));
            assert!(metric(&run, "e2e_max_s") > 3600.0, "it is overloaded");
            let hours = if hours.is_nan() { 1.0 - run.window_start_s / 3600.0 } else { hours };
            close(&run, "server_cost_usd", 10.0 * hours);
            close(&run, "cost_usd", 10.0 * hours);
            close(&run, "cost_per_hour_usd", 10.0);
            if server != slow {
                close(&run, "replica_hours", hours);
                close(&run, "replicas_mean", 1.0);
                close(&run, "availability", 1.0);
                assert!((sum(&run.replicas, "server_cost_usd") - 10.0 * hours).abs() < 1e-9);
                assert!((sum(&run.replicas, "on_s") - 3600.0 * hours).abs() < 1e-6);
            }
            assert!(metric(&run, "utilization") <= 1.0 + 1e-9);
            // The timeline has the warm-up as well, and what is served after the window.
            assert!((sum(&run.timeline, "spend_usd") - 10.0).abs() < 1e-9);
        }
    }
}

/// 20 requests a minute apart for the same answer, which a cache keeps for 2.5 minutes: of
/// three, one is made. From the second one that is made on, the prompt is in the prefix
/// cache.
fn two_caches(rest: &str) -> String {
    format!(
        "requests: 20
workload:
  arrivals: {{ constant: {{ rate: 1/m }} }}
  prompts: {{ uniform: {{ count: 1 }} }}
  tokens: {{ input: {{ constant: 1570 }}, output: {{ constant: 198 }} }}
  max_tokens: 1000
cache: {{ ttl: 150s, levels: [ {{ name: l1, capacity: 10 }} ] }}
models:
  large:
    price: {{ input: 2.5e-6, output: 1e-5, cached_input: 1.25e-6 }}
    server: {{ tokens: {{ ttft: 100ms, tpot: 1ms }}, prefix_cache: {{ capacity: 100000, block_tokens: 1 }} }}
  small:
    price: {{ input: 0.25e-6, output: 1e-6, cached_input: 0.125e-6 }}
    server: {{ tokens: {{ ttft: 100ms, tpot: 1ms }}, prefix_cache: {{ capacity: 100000, block_tokens: 1 }} }}
record: {{ spend: true }}
cost: {{ {rest} }}
"
    )
}

/// A row of `savings.csv`; 0 where it is left out.
fn step(run: &RunTables, name: &str) -> f64 {
    let row = run.savings.rows.iter().find(|row| row[0] == Cell::from(name));
    row.map_or(0.0, |row| match &row[1] {
        Cell::Num(usd) => *usd,
        other => panic!("{other:?}"),
    })
}

/// The first row less all between is the last, and that is the bill.
#[track_caller]
fn adds_up(run: &RunTables) {
    let usd = column(&run.savings, "usd");
    let [list, between @ .., paid] = &usd[..] else { panic!("{usd:?}") };
    assert!((list - between.iter().sum::<f64>() - paid).abs() < 1e-12, "{usd:?}");
    close(run, "cost_usd", *paid);
}

#[test]
fn the_list_price_is_at_full_length_at_once_and_with_nothing_cached() {
    let each = 1570.0 * 2.5e-6 + 198.0 * 1e-5;
    let run = tables(&two_caches("select: { fixed: large }, levers: {}"));
    let hits = metric(&run, "cache_hits");
    let found = metric(&run, "cached_input_tokens");
    assert!(hits >= 12.0 && found >= 6.0 * 1569.0, "both caches work: {hits}, {found}");
    close(&run, "list_cost_usd", 20.0 * each);
    let near = |name, usd: f64| assert!((step(&run, name) - usd).abs() < 1e-12, "{name}");
    near("list price", 20.0 * each);
    near("cache l1", hits * each);
    near("prefix cache", found * 1.25e-6);
    near("paid", (20.0 - hits) * each - found * 1.25e-6);
    near("choice of models", 0.0);
    adds_up(&run);
    // What the cached answers had cost when they were made is less: they were made with the
    // prefix cache.
    assert!(metric(&run, "cost_saved_usd") < hits * each - 1e-4);
}

#[test]
fn every_lever_has_its_part_where_answers_are_cached_too() {
    let run = tables(&two_caches(
        "select: { fixed: small }, levers: { baseline: large, compression: { keep: 0.5 }, trim: { max_tokens: 98 } }",
    ));
    let each = 1570.0 * 2.5e-6 + 198.0 * 1e-5;
    let (hits, found) = (metric(&run, "cache_hits"), metric(&run, "cached_input_tokens"));
    let made = 20.0 - hits;
    let near = |name, usd: f64| {
        assert!((step(&run, name) - usd).abs() < 1e-12, "{name}: {} {usd}", step(&run, name));
    };
    near("list price", 20.0 * each);
    near("cache l1", hits * each);
    near("choice of models", made * each * 0.9);
    near("compression", made * 785.0 * 0.25e-6);
    near("trimming", made * 100.0 * 1e-6);
    near("prefix cache", found * 0.125e-6);
    near("paid", made * (785.0 * 0.25e-6 + 98.0 * 1e-6) - found * 0.125e-6);
    adds_up(&run);
}

#[test]
fn a_judge_s_fees_are_no_list_price_and_the_baseline_answers_once() {
    let run = tables(&two_caches(
        "select: { cascade: { models: [small, large], judge: { false_accept: 0, false_reject: 1, cost: $0.0001 } } },
         quality: { difficulties: { all: 1 }, accuracy: { small: { all: 0 }, large: { all: 1 } } },
         levers: { baseline: large }",
    ));
    let each = 1570.0 * 2.5e-6 + 198.0 * 1e-5;
    close(&run, "list_cost_usd", 20.0 * each);
    let made = 20.0 - metric(&run, "cache_hits");
    // Both are asked, and the first one's answer is judged.
    close(&run, "judge_cost_usd", made * 0.0001);
    close(&run, "routing_saved_usd", -made * (0.1 * each + 0.0001));
    adds_up(&run);
}

#[test]
fn tools_and_judges_are_told_apart() {
    let run = tables(
        "requests: 50
workload: { arrivals: { constant: { rate: 1/s } }, tokens: { input: { constant: 100 }, output: { constant: 100 } }, max_tokens: 100 }
models:
  small: { price: { per_token: 0.00001 }, server: { tokens: {} } }
  large: { price: { per_token: 0.0001, per_gpu_hour: $36 }, server: { tokens: {} } }
cost:
  select: { cascade: { models: [small, large], judge: { false_accept: 0, false_reject: 0, cost: $0.001 } } }
  quality: { difficulties: { all: 1 }, accuracy: { small: { all: 0.5 }, large: { all: 1 } } }
  wrong_answer: $0.50
record: { spend: true }
orchestration: { workflows: { w: { steps: { a: { llm: {} }, b: { after: a, tool: { cost: $0.01, right: 0.8 } } } } } }
",
    );
    close(&run, "judge_cost_usd", 50.0 * 0.001);
    close(&run, "tool_cost_usd", 50.0 * 0.01);
    let wrong = 50.0 * (1.0 - metric(&run, "workflow_success_rate"));
    assert!(wrong > 2.0);
    close(&run, "wrong_answers", wrong);
    close(&run, "wrong_answer_cost_usd", 0.5 * wrong);
    let parts = ["token", "server", "judge", "tool", "wrong_answer"];
    let total: f64 = parts.iter().map(|part| metric(&run, &format!("{part}_cost_usd"))).sum();
    close(&run, "cost_usd", total);
    close(&run, "cost_per_job_usd", total / (50.0 - wrong));
    close(&run, "cost_per_workflow_usd", total / 50.0);
    for table in [&run.users, &run.workflows] {
        for part in parts {
            let name = format!("{part}_cost_usd");
            assert!((sum(table, &name) - metric(&run, &name)).abs() < 1e-9, "{name}");
        }
        assert!((sum(table, "cost_usd") - total).abs() < 1e-9);
    }
    assert!((sum(&run.steps, "judge_cost_usd") - metric(&run, "judge_cost_usd")).abs() < 1e-9);
    adds_up(&run);
}

/// Phrasings of intents before a semantic cache that takes any similar one.
fn phrasings(cost: &str) -> String {
    format!(
        "requests: 2000
workload:
  arrivals: {{ poisson: {{ rate: 1/s }} }}
  prompts: {{ intents: {{ count: 200, exponent: 0.9, phrasings: 5 }} }}
  tokens: {{ input: {{ constant: 100 }}, output: {{ constant: 100 }} }}
  max_tokens: 100
cache: {{ levels: [], semantic: {{ threshold: 0.7, capacity: 10000 }} }}
models: {{ m: {{ price: {{ per_token: 0.00001 }}, server: {{ tokens: {{}} }} }} }}
{cost}
"
    )
}

#[test]
fn a_false_hit_costs_what_a_wrong_answer_does() {
    let (free, dear) = (
        tables(&phrasings("")),
        tables(&phrasings("cost: { wrong_answer: $0.50, budgets: { default: { daily: $9 } } }")),
    );
    let wrong = metric(&dear, "semantic_false_hits");
    assert!(wrong > 5.0, "{wrong}");
    close(&dear, "wrong_answers", wrong);
    close(&dear, "wrong_answer_cost_usd", 0.5 * wrong);
    close(&dear, "cost_usd", metric(&free, "cost_usd") + 0.5 * wrong);
    close(&dear, "cost_per_good_request_usd", metric(&dear, "cost_usd") / (2000.0 - wrong));
    assert!((sum(&dear.models, "wrong_answer_cost_usd") - 0.5 * wrong).abs() < 1e-9);
    assert!((sum(&dear.timeline, "spend_usd") - metric(&dear, "cost_usd")).abs() < 1e-9);
    assert_eq!(metric(&dear, "budget_rejections"), 0.0, "no budget pays for it");
    // It changes nothing but the bill.
    for name in ["semantic_false_hits", "e2e_mean_s", "token_cost_usd", "events", "wrong_answers"] {
        assert_eq!(metric(&dear, name).to_bits(), metric(&free, name).to_bits(), "{name}");
    }
}

#[test]
fn an_answer_that_is_drawn_as_wrong_is_wrong_whenever_it_is_given() {
    let run = tables(
        "requests: 3000
workload: { arrivals: { poisson: { rate: 10/s } }, prompts: { uniform: { count: 300 } }, tokens: { input: { constant: 100 }, output: { constant: 100 } }, max_tokens: 100 }
cache: { levels: [ { name: l1, capacity: 1000 } ] }
models: { m: { price: { per_token: 0.00001 }, server: { tokens: {} } } }
cost:
  quality: { difficulties: { all: 1 }, accuracy: { m: { all: 0.8 } } }
  wrong_answer: $0.50
",
    );
    assert!(metric(&run, "cache_hits") > 2000.0);
    let wrong = 3000.0 * (1.0 - metric(&run, "quality_mean"));
    assert!((metric(&run, "wrong_answers") - wrong).abs() < 1e-6 && wrong > 300.0, "{wrong}");
    close(&run, "wrong_answer_cost_usd", 0.5 * wrong.round());
}

/// What a file is told besides its errors.
fn warnings(yaml: &str) -> Vec<String> {
    let document = Document::from_text("test.yaml", yaml).expect("YAML");
    let prepared = prepare(&document, &Overrides::default()).expect("no errors");
    prepared.warnings.into_iter().map(|warning| warning.message).collect()
}

#[test]
fn a_price_of_wrong_answers_that_nobody_can_know_is_questioned() {
    let told = |rest: &str| {
        let yaml = format!("requests: 1\ncost: {{ wrong_answer: $0.50 }}\n{rest}\n");
        warnings(&yaml).iter().any(|message| message.contains("no answer is known to be wrong"))
    };
    assert!(told(""));
    assert!(!told("workload: { prompts: { intents: {} } }\ncache: { semantic: {} }"));
    assert!(!told("orchestration: { workflows: { w: { steps: { a: { llm: {} } } } } }"));
    // Another point of the sweep may have what this one has not.
    assert!(!told(
        "workload: { prompts: { intents: {} } }\nsweep: { grid: { cache: [null, { semantic: {} }] } }"
    ));
}

#[test]
fn monitors_see_what_servers_cost() {
    let rules = "monitors: [ { metric: cost_per_hour_usd, above: $9.99/h }, { metric: cost_usd, above: $1, window: 5m, name: dear } ]";
    let run = tables(&format!("{}{rules}\n", node(SERVERS[1])));
    let fired = column(&run.alerts, "value");
    assert_eq!(fired.len(), 1, "$10 an hour, and $0.83 in five minutes: {fired:?}");
    assert!((fired[0] - 10.0).abs() < 1e-9);
}
