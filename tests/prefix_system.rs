//! Prefix caches in whole runs: times, bills and hit rates computed by hand, and
//! the published hit ratios.

use std::path::Path;

use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::stats::{Cell, Table};
use windtunnel::system::RunTables;

#[path = "support/data.rs"]
#[allow(dead_code)] // Whole texts are for others.
mod data;
#[path = "support/runs.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod runs;

use runs::{metric, simulate};

fn problems(yaml: &str) -> String {
    let document = Document::from_text("test.yaml", yaml).expect("YAML");
    match prepare(&document, &Overrides::default()) {
        Ok(prepared) => prepared.warnings.iter().map(ToString::to_string).collect(),
        Err(found) => found.iter().map(ToString::to_string).collect(),
    }
}

fn assert_near(run: &RunTables, name: &str, expected: f64) {
    let value = metric(run, name);
    assert!((value - expected).abs() <= 1e-9 * expected.abs(), "{name}: {value}, not {expected}");
}

fn cell(table: &Table, row: usize, column: &str) -> f64 {
    match table.rows[row][table.column(column).expect("a column")] {
        Cell::Int(value) => value as f64,
        Cell::Num(value) => value,
        _ => f64::NAN,
    }
}

/// Four requests, ten seconds apart: the second goes on where the first ended, the
/// third asks the first again, the fourth begins like it.
const FOUR: &str = r#"{"timestamp": 0, "input_length": 1024, "output_length": 11, "hash_ids": [1, 2]}
{"timestamp": 10000, "input_length": 1536, "output_length": 11, "hash_ids": [1, 2, 3]}
{"timestamp": 20000, "input_length": 1024, "output_length": 1, "hash_ids": [1, 2]}
{"timestamp": 30000, "input_length": 600, "output_length": 5, "hash_ids": [1, 9]}
"#;

/// A run of these rows before a server that takes 100 ms, 1 ms a token of the
/// prompt and 10 ms for each further token of the answer.
fn replay(rows: &str, prefix_cache: &str) -> RunTables {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.jsonl");
    std::fs::write(&file, rows).unwrap();
    simulate(&format!(
        "workload: {{ trace: {{ mooncake: {} }}, max_tokens: 1000 }}
models:
  m:
    price: {{ per_token: $0.000002, cached_input: $0.0000005 }}
    server: {{ tokens: {{ ttft: 100ms, tpot: 10ms, per_input_token: 1ms }}, {prefix_cache} }}
",
        file.display()
    ))
}

#[test]
fn a_ledger_with_cached_input_is_as_computed_by_hand() {
    let run = replay(FOUR, "prefix_cache: { capacity: 100 }");
    // Cached: nothing, 1024, all but the last token of 1024, and 512 tokens.
    assert_near(&run, "input_tokens", 1024.0 + 1536.0 + 1024.0 + 600.0);
    assert_near(&run, "cached_input_tokens", 1024.0 + 1023.0 + 512.0);
    assert_near(&run, "prefix_hit_rate", 2559.0 / 4184.0);
    assert_near(&run, "prefix_block_hit_rate", 5.0 / 9.0);
    // In millionths: 1035 x 2; 523 x 2 + 1024 / 2; 2 x 2 + 1023 / 2; 93 x 2 + 512 / 2.
    assert_near(&run, "cost_usd", (2070.0 + 1558.0 + 515.5 + 442.0) * 1e-6);
    assert_near(&run, "prefix_saved_usd", 2559.0 * 1.5e-6);
    assert_near(&run, "cost_saved_usd", 0.0);
    assert!((cell(&run.models, 0, "cost_usd") - 0.004_585_5).abs() < 1e-12);
    assert!((cell(&run.users, 0, "cost_usd") - 0.004_585_5).abs() < 1e-12);
    assert_eq!(cell(&run.models, 0, "cached_input_tokens"), 2559.0);
    assert!((cell(&run.models, 0, "prefix_hit_rate") - 2559.0 / 4184.0).abs() < 1e-12);
    // To the first token: 1124, 612, 101 and 188 ms.
    assert_near(&run, "ttft_mean_s", (1.124 + 0.612 + 0.101 + 0.188) / 4.0);
    assert_near(&run, "e2e_mean_s", (1.224 + 0.712 + 0.101 + 0.228) / 4.0);
}

#[test]
fn without_a_prefix_cache_everything_is_computed_and_nothing_counted() {
    let run = replay(FOUR, "concurrency: 10");
    assert_near(&run, "ttft_mean_s", (1.124 + 1.636 + 1.124 + 0.7) / 4.0);
    assert_near(&run, "cost_usd", (4184.0 + 28.0) * 2e-6);
    for name in
        ["cached_input_tokens", "prefix_hit_rate", "prefix_block_hit_rate", "prefix_saved_usd"]
    {
        assert!(metric(&run, name).is_nan(), "{name}");
    }
    assert!(run.prefix.rows.is_empty());
}

/// A GPU that holds one block above a host; a block is 512 x 131,072 bytes, which
/// take `millis` ms after 5 ms.
fn two_tiers(millis: f64, load: &str) -> String {
    let bandwidth = 512.0 * 131_072.0 / millis * 1000.0;
    format!(
        "prefix_cache: {{ load: {load}, tiers: [ {{ capacity: 1 }}, {{ capacity: 10, \
         bandwidth: {bandwidth}B/s, latency: 5ms }} ] }}"
    )
}

#[test]
fn times_to_first_token_with_two_tiers_are_as_computed_by_hand() {
    // The first block stays in the GPU's memory, the second goes to the host's.
    let run = replay(FOUR, &two_tiers(100.0, "always"));
    assert_near(&run, "ttft_mean_s", (1.124 + 0.717 + 0.206 + 0.188) / 4.0);
    let at = |row, column| cell(&run.prefix, row, column);
    assert_eq!(run.prefix.rows.len(), 2);
    assert_eq!([0, 1].map(|row| at(row, "lookups")), [9.0, 9.0]);
    assert_eq!([0, 1].map(|row| at(row, "hits")), [3.0, 2.0]);
    assert_eq!([0, 1].map(|row| at(row, "blocks")), [1.0, 3.0]);
    assert!((at(1, "loading_s") - 0.210).abs() < 1e-9);

    let run = replay(FOUR, &two_tiers(100.0, "if_faster"));
    assert_near(&run, "ttft_mean_s", (1.124 + 0.717 + 0.206 + 0.188) / 4.0);
    // 1005 ms a block, which is computed in 512.
    let run = replay(FOUR, &two_tiers(1000.0, "if_faster"));
    assert_near(&run, "ttft_mean_s", (1.124 + 1.124 + 0.612 + 0.188) / 4.0);
    assert_near(&run, "cached_input_tokens", 3.0 * 512.0);
    assert_near(&run, "prefix_block_hit_rate", 5.0 / 9.0);
    let run = replay(FOUR, &two_tiers(1000.0, "always"));
    assert_near(&run, "ttft_mean_s", (1.124 + 1.617 + 1.106 + 0.188) / 4.0);
}

#[test]
fn a_prompt_helps_others_once_it_is_read() {
    let rows = |times: [u64; 3]| {
        times.map(|at| {
            format!(
                "{{\"timestamp\": {at}, \"input_length\": 1024, \"output_length\": 101, \
                 \"hash_ids\": [1, 2]}}\n"
            )
        })
    };
    // The first is read after 1124 ms, and answered a second later.
    let cached =
        |times, server: &str| metric(&replay(&rows(times).concat(), server), "cached_input_tokens");
    let cache = "prefix_cache: { capacity: 100 }";
    assert_eq!(cached([0, 1123, 1125], cache), 1023.0, "the third finds what the second missed");
    assert_eq!(cached([0, 1125, 1126], cache), 2046.0);
    let at_once = "prefix_cache: { capacity: 100, stored: at_lookup }";
    assert_eq!(cached([0, 0, 0], at_once), 2046.0);
    // One at a time: what counts is when the server begins.
    let one = format!("concurrency: 1, {cache}");
    assert_eq!(cached([0, 0, 0], &one), 2046.0);
}

#[test]
fn a_run_that_takes_no_time_has_the_published_hit_ratios() {
    for (name, capacities) in [
        ("conversation", [(1000, "0.0445"), (10_000, "0.2112"), (50_000, "0.3546")]),
        ("synthetic", [(1000, "0.0825"), (10_000, "0.4235"), (50_000, "0.6396")]),
    ] {
        let file = data::folder().join(format!("mooncake/{name}_trace.jsonl.gz"));
        if !Path::exists(&file) {
            println!("SKIPPED: {} is not there (set WINDTUNNEL_DATA)", file.display());
            return;
        }
        for (capacity, published) in capacities {
            let run = simulate(&format!(
                "workload: {{ trace: {{ mooncake: {} }}, max_tokens: 9000 }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 0s, tpot: 0s }},
    prefix_cache: {{ capacity: {capacity}, stored: at_lookup }} }} }} }}",
                file.display()
            ));
            let ratio = metric(&run, "prefix_block_hit_rate");
            assert_eq!(format!("{ratio:.4}"), published, "{name}, {capacity}");
        }
    }
}

#[test]
fn prompts_known_by_name_alone_share_what_the_workload_says() {
    let run = |workload: &str| {
        simulate(&format!(
            "requests: 10
workload: {{ arrivals: {{ constant: {{ rate: 1/s }} }}, tokens: {{ input: {{ constant: 1250 }}, output: {{ constant: 5 }} }}, {workload} }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 100ms, per_input_token: 10us }}, prefix_cache: {{ block_tokens: 100, capacity: unbounded }} }} }} }}"
        ))
    };
    let none = run("prompts: unique");
    assert_eq!(metric(&none, "cached_input_tokens"), 0.0);
    let system_prompt = run("prompts: unique, shared_prefix: 640");
    assert_near(&system_prompt, "cached_input_tokens", 9.0 * 600.0);
    let same = run("prompts: { zipf: { count: 1 } }");
    assert_near(&same, "cached_input_tokens", 9.0 * 1200.0);
}

#[test]
fn prompts_with_the_same_system_prompt_share_it_and_no_other() {
    let run = |prefix: &str| {
        simulate(&format!(
            "requests: 3000
workload:
  arrivals: {{ constant: {{ rate: 1/s }} }}
  tokens: {{ input: {{ constant: 1250 }}, output: {{ constant: 5 }} }}
  prompts: unique
  shared_prefix: {prefix}
models: {{ m: {{ server: {{ tokens: {{ ttft: 100ms, per_input_token: 10us }}, prefix_cache: {{ block_tokens: 100, capacity: unbounded }} }} }} }}"
        ))
    };
    let one = run("640");
    assert_near(&one, "cached_input_tokens", 2999.0 * 600.0);
    // A list of one is the same; the first request with each of two computes it.
    assert_eq!(metric(&run("[{ tokens: 640 }]"), "cached_input_tokens"), 2999.0 * 600.0);
    assert_near(
        &run("[{ tokens: 640, weight: 3 }, { tokens: 640 }]"),
        "cached_input_tokens",
        2998.0 * 600.0,
    );
    // Shares of 3/4 and 1/4; a standard deviation is 24 requests of 300 tokens.
    let mixed =
        metric(&run("[{ tokens: 640, weight: 3 }, { tokens: 340 }]"), "cached_input_tokens");
    let expected = 2998.0 * (0.75 * 600.0 + 0.25 * 300.0);
    assert!((mixed - expected).abs() < 4.0 * 24.0 * 300.0, "{mixed}, expected {expected}");
    assert_near(
        &run("{ zipf: { count: 10, exponent: 0, tokens: { constant: 640 } } }"),
        "cached_input_tokens",
        2990.0 * 600.0,
    );
}

#[test]
fn a_system_prompt_comes_on_top_of_texts() {
    let tokens = |prefix: &str| {
        metric(
            &simulate(&format!(
                "workload: {{ requests: [{{ prompt: What is AI? }}, {{ prompt: Why? }}], {prefix} }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 100ms }} }} }} }}"
            )),
            "input_tokens",
        )
    };
    assert!((tokens("") - 5.2).abs() < 1e-9, "4 words");
    assert!((tokens("shared_prefix: 100") - 205.2).abs() < 1e-9);
    // No warning, as it does have an effect.
    let found =
        problems("workload: { requests: [{ prompt: a }], shared_prefix: 5 }\nmodels: { m: {} }\n");
    assert_eq!(found, "");
    let one = "workload: { shared_prefix: [{ name: a, tokens: 5 }] }\nmodels: { m: { server: { tokens: { per_input_token: 1us }, prefix_cache: {} } } }\n";
    assert_eq!(
        problems(&format!(
            "{one}sweep: {{ grid: {{ workload.shared_prefix.a.tokens: [5, 9] }} }}\n"
        )),
        ""
    );
    let wrong = problems("workload:\n  shared_prefix:\n    - { tokens: 5, wieght: 3 }\n");
    assert!(wrong.contains("did you mean `weight`?") && wrong.contains("test.yaml:3:"), "{wrong}");
}

#[test]
fn what_does_not_fit_together_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.jsonl");
    std::fs::write(&file, FOUR).unwrap();
    let with = |model: &str| {
        problems(&format!(
            "workload: {{ trace: {{ mooncake: {} }}, max_tokens: 9 }}\nmodels: {{ m: {model} }}\n",
            file.display()
        ))
    };
    let size = with("{ server: { prefix_cache: { block_tokens: 16 } } }");
    assert!(size.contains("the blocks of the trace have 512 tokens"), "{size}");
    assert!(size.contains("test.yaml:2:"), "{size}");
    let price = with("{ price: { per_token: 2e-6, cached_input: 1e-6 } }");
    assert!(price.contains("no input is ever cached"), "{price}");
    let useless = with("{ server: { tokens: , prefix_cache: { capacity: 5 } } }");
    assert!(useless.contains("it saves no time"), "{useless}");
    assert_eq!(with("{ server: { prefix_cache: { capacity: 5 } } }"), "");
    let shared = problems("workload: { shared_prefix: 500 }\nmodels: { m: {} }\n");
    assert!(
        shared.contains("as no model has a `prompt_cache`, nor its server a `prefix_cache`"),
        "{shared}"
    );
}
