//! The bill of a run, recomputed from the rows of its files by the formulas of
//! `docs/metrics.md`.

use std::collections::BTreeMap;

use crate::support::{Bench, rows};

type Rows = Vec<BTreeMap<String, String>>;

const SYSTEM: &str = "
name: x
duration: 30m
warmup: 5m
replications: 1
charts: []
record: { requests: true, spend: true }
slo: { e2e: 1.5s }
workload:
  arrivals: { poisson: { rate: 4/s } }
  prompts: { intents: { count: 400, exponent: 0.9, phrasings: 4 } }
  tokens: { input: { lognormal: { mean: 800, p90: 1500 } }, output: { lognormal: { mean: 100, p90: 200 } } }
  max_tokens: 400
cache: { ttl: 3m, levels: [ { name: l1, capacity: 100 } ], semantic: { threshold: 0.75 } }
models:
  small:
    price: { input: 1e-6, output: 4e-6, per_gpu_hour: $3 }
    server: { tokens: { ttft: 300ms, tpot: 4ms }, concurrency: 8, replicas: 2, gpus: 2, faults: { mtbf: 10m, mttr: 30s } }
  large:
    price: { input: 2.5e-6, output: 1e-5 }
    server: { tokens: { ttft: 500ms, tpot: 8ms } }
resilience: { num_retries: 2, timeout: 5s }
cost:
  select: { cascade: { models: [small, large], judge: { false_accept: 0.2, false_reject: 0.1, cost: $0.0002 } } }
  quality: { difficulties: { all: 1 }, accuracy: { small: { all: 0.8 }, large: { all: 0.95 } } }
  wrong_answer: $0.50
  levers: { baseline: large }
";

/// A cell's number; 0 where it is empty.
fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    let cell = &row[column];
    if cell.is_empty() { 0.0 } else { cell.parse().expect("a number") }
}

fn sum(rows: &Rows, column: &str) -> f64 {
    rows.iter().map(|row| number(row, column)).sum()
}

#[test]
fn the_bill_is_that_of_the_rows() {
    let bench = Bench::new(SYSTEM);
    let folder = bench.run(&[]);
    let read = |name: &str| rows(&folder.join(name));
    let run = &read("runs.csv")[0];
    let (mut requests, replicas) = (read("requests.csv"), read("replicas.csv"));
    // Of those that came before the window there are rows, too: they ended in it.
    requests.retain(|row| row["measured"] == "1");
    let metric = |name: &str| number(run, name);
    // Cells have nine digits.
    let near = |name: &str, expected: f64| {
        let found = metric(name);
        assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{name}: {found} {expected}");
        assert!(expected != 0.0, "{name}: there is something to add up");
    };
    let tokens = sum(&requests, "token_cost_usd") + metric("wasted_cost_usd");
    let judges = sum(&requests, "judge_cost_usd");
    let wrong = sum(&requests, "wrong");
    let of_small = replicas.iter().filter(|row| row["model"] == "small");
    let servers: f64 = of_small.map(|row| number(row, "on_s") / 3600.0 * 2.0 * 3.0).sum();
    near("token_cost_usd", tokens);
    near("judge_cost_usd", judges);
    near("server_cost_usd", servers);
    near("server_cost_usd", 25.0 / 60.0 * 12.0);
    near("wrong_answers", wrong);
    near("wrong_answer_cost_usd", 0.5 * wrong);
    let whole = tokens + judges + servers + 0.5 * wrong;
    near("cost_usd", whole);
    let of_rows = sum(&requests, "cost_usd") + metric("wasted_cost_usd") + servers;
    near("cost_usd", of_rows);
    near("cost_per_request_usd", whole / requests.len() as f64);
    let good = |row: &&BTreeMap<String, String>| {
        let answered = ["hit", "answered", "coalesced"].contains(&row["outcome"].as_str());
        answered && number(row, "e2e_s") <= 1.5 && row["wrong"] == "0"
    };
    let good = requests.iter().filter(good).count() as f64;
    assert!(good > 100.0 && good < requests.len() as f64);
    near("cost_per_good_request_usd", whole / good);
    // Of the window, whoever asked: next to what its requests cost.
    let hourly = metric("cost_per_hour_usd");
    assert!((hourly / (whole / (25.0 / 60.0)) - 1.0).abs() < 0.02, "{hourly}");
    near("cost_per_month_usd", hourly * 730.0);
    let (input, output) = (metric("cost_per_input_mtok_usd"), metric("cost_per_output_mtok_usd"));
    near("cost_per_mtok_usd", 1.0 / (1.0 / input + 1.0 / output));
    // Neither compressed nor cut: the baseline's price of the tokens in the row.
    for row in requests.iter().filter(|row| !row["list_cost_usd"].is_empty()) {
        let at_list = number(row, "input_tokens") * 2.5e-6 + number(row, "output_tokens") * 1e-5;
        assert!((number(row, "list_cost_usd") - at_list).abs() < 1e-8 * at_list.max(1.0));
    }
    near("list_cost_usd", sum(&requests, "list_cost_usd"));
    for table in ["models.csv", "users.csv"] {
        let table = read(table);
        let left_out = if table[0].contains_key("judge_cost_usd") { 0.0 } else { judges };
        near("cost_usd", sum(&table, "cost_usd") + left_out);
    }
}
