//! Small systems whose parts meet in a way that once came out wrong.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};

use crate::hold::{column, sum, texts};
use crate::run::{Books, books};

/// The books of a file's first point.
fn of(yaml: &str) -> Books {
    books(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

/// Everybody who came has left.
fn all_leave(books: &Books) {
    let left = ["completed", "errors", "rejected", "called_off"];
    let left: f64 = left.iter().map(|name| books.count(name)).sum();
    assert_eq!(left, books.count("requests"));
}

#[test]
fn a_crash_that_fails_a_workflow_takes_its_other_calls_along() {
    let books = of("
duration: 1h
workload: { arrivals: { poisson: { rate: 1/s } }, tokens: { input: { constant: 500 }, output: { constant: 100 } }, max_tokens: 100 }
models: { m: { server: { concurrency: 8, tokens: { ttft: 500ms, tpot: 20ms }, faults: { mtbf: 1m, mttr: 5s } } } }
orchestration: { workflows: { fan: { steps: { a: { llm: {}, map: { items: { constant: 4 } } } } } } }
");
    assert!(books.count("crashed") > 0.0 && books.count("called_off") > 0.0);
    all_leave(&books);
}

#[test]
fn agents_side_by_side_survive_crashes_of_their_server() {
    for agent in ["debate", "voting", "map_reduce", "hierarchical", "supervisor", "blackboard"] {
        let books = of(&format!(
            "
duration: 20m
workload: {{ arrivals: {{ poisson: {{ rate: 1/s }} }}, tokens: {{ input: {{ constant: 500 }}, output: {{ constant: 100 }} }}, max_tokens: 100 }}
models: {{ m: {{ server: {{ concurrency: 16, tokens: {{ ttft: 500ms, tpot: 20ms }}, faults: {{ mtbf: 30s, mttr: 5s }} }} }} }}
orchestration: {{ workflows: {{ w: {{ agent: {{ {agent}: {{}} }} }} }} }}
"
        ));
        all_leave(&books);
    }
}

#[test]
fn ten_thousand_calls_are_called_off_at_once() {
    let books = of("
requests: 3
workload: { arrivals: { constant: { rate: 1/m } }, tokens: { input: { constant: 100 }, output: { exponential: { mean: 100 } } }, max_tokens: 1000 }
models: { m: { server: { tokens: { ttft: 500ms, tpot: 20ms } } } }
resilience: { timeout: 1h }
orchestration: { workflows: { race: { steps: { a: { llm: {}, map: { items: { constant: 10000 }, join: any } } } } } }
");
    assert_eq!(books.count("workflows_completed"), 3.0);
    assert!(books.count("called_off") >= 29_000.0);
    all_leave(&books);
}

#[test]
fn a_run_beyond_the_end_of_time_says_which_settings_lead_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("time.yaml");
    let yaml = "
requests: 3
replications: 1
charts: []
workload: { arrivals: { constant: { rate: 1/d } } }
cache: { levels: [ { name: l1, capacity: 10, latency: 14000w }, { name: l2, capacity: 10, latency: 14000w } ] }
models: { m: { server: { tokens: { ttft: 14000w } } } }
";
    std::fs::write(&file, yaml).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_windtunnel"))
        .args(["run", "time.yaml"])
        .current_dir(folder.path())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let began = Instant::now();
    while child.try_wait().expect("a status").is_none() {
        if began.elapsed() > Duration::from_secs(30) {
            child.kill().expect("killed");
            child.wait().expect("a status");
            panic!("it hangs at the end of time");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().expect("its output");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{told}");
    assert!(told.contains("latency") || told.contains("ttft"), "{told}");
}

#[test]
fn setting_up_is_linear_in_the_number_of_different_parameters() {
    let time = |count: u32| {
        let mut yaml = "replications: 1\nworkload:\n  requests:\n".to_owned();
        for number in 0..count {
            let _ =
                writeln!(yaml, "  - {{ at: {number}ms, prompt: a, temperature: 0.{number:06} }}");
        }
        let document = Document::from_text("profiles.yaml", &yaml).expect("YAML");
        let prepared = prepare(&document, &Overrides::default()).expect("a sound experiment");
        let setup = || {
            let began = Instant::now();
            crate::run::tables(&prepared).expect("a run");
            began.elapsed()
        };
        (0..3).map(|_| setup()).min().unwrap_or_default()
    };
    let (small, large) = (time(2_000), time(8_000));
    assert!(large < small * 8, "{small:?} for 2,000, {large:?} for 8,000");
}

/// An engine whose first step with ten prompts of 1000 tokens takes 1.01 s.
const ENGINE: &str = "engine: { step: { linear: { per_step: 10ms, per_prefill_token: 100us, per_decode_seq: 1ms, per_request: 0s, per_input_token: 0s, per_output_token: 0s } }, max_num_batched_tokens: 16384, num_gpu_blocks: 10000 }";

/// Seconds to each request's first token, of ten that come at one instant.
fn at_once(workload: &str, server: &str) -> Vec<f64> {
    let books = of(&format!(
        "requests: 10\nworkload: {{ {workload}, max_tokens: 100 }}\n\
         models: {{ m: {{ server: {{ {ENGINE}, {server} }} }} }}\n"
    ));
    assert_eq!(books.rows.len(), 10);
    books.rows.iter().map(|row| row.ttft_s).collect()
}

#[test]
fn all_that_come_to_an_idle_engine_at_one_instant_are_in_its_first_step() {
    let tokens = "prompts: unique, tokens: { input: { constant: 1000 }, output: { constant: 2 } }";
    let workloads = [
        "trace: { csv: { file: tests/torture/traces/at_once.csv } }".to_owned(),
        format!(
            "arrivals: {{ batch: {{ arrivals: {{ constant: {{ rate: 1/h }} }}, size: {{ constant: 10 }} }} }}, {tokens}"
        ),
        format!(
            "arrivals: {{ closed_loop: {{ clients: 10, think_time: 1h, ramp_up: 0s }} }}, {tokens}"
        ),
        format!("arrivals: {{ concurrency: {{ limit: 10 }} }}, {tokens}"),
    ];
    for workload in &workloads {
        for server in ["queue: per_replica", "queue: shared"] {
            assert_eq!(at_once(workload, server), [1.01; 10], "{workload}, {server}");
        }
        assert_eq!(at_once(workload, "replicas: 2"), [0.51; 10], "{workload}, two replicas");
    }
}

#[test]
fn a_duration_is_half_open() {
    let books = of("duration: 3s\nworkload: { arrivals: { constant: { rate: 1/s } } }\n");
    // At 0 s, 1 s and 2 s.
    assert_eq!(books.count("requests"), 3.0);
}

/// What each request of a small trace is charged, of a server that keeps prefixes.
fn written(server: &str) -> Vec<f64> {
    let books = of(&format!(
        "workload: {{ trace: {{ csv: {{ file: tests/torture/traces/written.csv, prompt: prompt }} }}, max_tokens: 1000 }}\n\
         models: {{ m: {{ price: {{ input: 1e-3, output: 0, cached_input: 1e-4, cache_write: 1.25e-3 }}, server: {{ {server} }} }} }}\n"
    ));
    books.rows.iter().map(|row| row.cost_usd).collect()
}

#[test]
fn what_is_written_to_a_prefix_cache_has_its_price_in_an_engine_too() {
    let tokens = "tokens: { ttft: 10ms, tpot: 1ms, per_input_token: 1us }, prefix_cache: { capacity: unbounded, block_tokens: 16 }";
    let engine = "engine: { step: { linear: { preset: llama-3.1-8b-h100 } }, block_size: 16, enable_prefix_caching: true }";
    for server in [tokens, engine] {
        let first = written(server)[0];
        assert!((first - 0.2).abs() < 1e-9, "160 tokens at $1.25 a thousand, {server}: {first}");
    }
}

#[test]
fn the_seed_s_pipeline_takes_its_time_for_the_prompt_that_is_sent() {
    let books = of("
workload: { requests: [ { prompt: '   ten chars   ' } ] }
pipeline: {}
models: { m: { server: { seed_pipeline: {} } } }
");
    // 0.1 s and 1 ms for each of the nine characters that preprocessing leaves.
    assert!((books.metric("inference_mean_s") - 0.109).abs() < 1e-9);
}

#[test]
fn the_wait_before_a_retry_is_on_the_critical_path() {
    let books = of(
        "orchestration: { workflows: { w: { steps: { s: { tool: { failure: 0.5, latency: 1s }, retries: 2, backoff: {} } } } } }",
    );
    let shares: f64 = ["llm", "queue", "tool", "human", "blocked"]
        .map(|kind| books.count(&format!("critical_{kind}_share")))
        .iter()
        .sum();
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
}

#[test]
fn showback_counts_a_refusal_for_the_budget_as_the_run_does() {
    let books = of("
warmup: 73 requests
pipeline: { stages: { preprocess: 500ms } }
models: { b: { price: { input: 3e-5, output: 2e-6 } } }
cost: { budgets: { default: { max_budget: $0.005 } } }
record: { spend: true }
");
    let showback = &books.tables.showback;
    let counts = column(showback, "budget_rejections");
    let users = texts(showback, "kind").into_iter().zip(counts).filter(|(kind, _)| *kind == "user");
    let refused: f64 = users.map(|(_, count)| count).sum();
    assert!(refused > 0.0);
    assert_eq!(refused, books.count("budget_rejections"));
}

#[test]
fn the_share_of_prompts_found_is_the_same_in_every_table() {
    let books = of("
requests: 1
models: { a: { server: { engine: { max_num_seqs: 2 } } } }
resilience: { hedge: { after: 0s, max: 3 } }
");
    let of_model = column(&books.tables.models, "prefix_hit_rate")[0];
    let of_run = books.metric("prefix_hit_rate");
    assert!((of_run - of_model).abs() < 1e-9, "{of_run} and {of_model}");
}

#[test]
fn an_alert_tells_of_a_fault_that_was_there() {
    let books = of("
requests: 14
models: { b: { server: { faults: { mtbf: 1s, brown_outs: [ { from: 5s, until: 1m } ] } } } }
monitors: [ { metric: cost_usd, below: $0.01, every: 500ms } ]
");
    let faults = &books.tables.faults;
    let known: Vec<_> = texts(faults, "fault").into_iter().zip(column(faults, "from_s")).collect();
    let alerts = &books.tables.alerts;
    let fired = texts(alerts, "fault").into_iter().zip(column(alerts, "fired_s"));
    for (fault, at) in fired.filter(|(fault, _)| !fault.is_empty()) {
        assert!(known.iter().any(|(name, from)| *name == fault && *from <= at), "{fault} at {at}");
    }
    assert!(!alerts.rows.is_empty());
}

#[test]
fn from_the_list_price_to_the_bill_nothing_is_left_out() {
    let books = of("
requests: 40
models: { a: { price: { input: 2e-6, output: 3e-5 }, server: { tokens: {} } } }
resilience: { timeout: 1s }
cost: { levers: {} }
record: { spend: true }
");
    let steps = column(&books.tables.savings, "usd");
    assert!((steps[0] - books.metric("list_cost_usd")).abs() < 1e-9, "{steps:?}");
    let rest = steps[0] - steps[1..steps.len() - 1].iter().sum::<f64>();
    assert!((rest - books.count("cost_usd")).abs() < 1e-9, "{steps:?}");
}

#[test]
fn a_shared_queue_before_an_engine_that_refuses_forgets_nobody() {
    let books = of(
        "requests: 100\nmodels: { a: { server: { engine: { num_gpu_blocks: 20 }, queue: shared } } }",
    );
    assert_eq!(books.count("requests"), 100.0);
    assert!(books.count("completed") > 0.0 && books.count("rejected") > 0.0);
    all_leave(&books);
}

#[test]
fn calls_that_waited_for_another_s_answer_are_not_asked_anew() {
    for levels in ["levels: [], semantic: {}", "levels: [ { capacity: 10 } ]"] {
        let books = of(&format!(
            "
requests: 20
workload: {{ arrivals: {{ constant: {{ rate: 100/s }} }}, prompts: {{ zipf: {{ count: 1 }} }} }}
cache: {{ {levels}, single_flight: true }}
orchestration: {{ workflows: {{ w: {{ agent: {{ chain: {{}} }}, max_budget: $0.01 }} }} }}
"
        ));
        let (requests, misses) = (books.count("requests"), books.count("cache_misses"));
        assert_eq!(requests, 60.0);
        assert!(misses <= requests, "{misses} misses of {requests} requests");
    }
}

#[test]
fn an_engine_that_only_fails_is_no_busier_than_it_can_be() {
    let books = of(
        "models: { a: { server: { engine: { step: { linear: { per_prefill_token: 1ms } } }, faults: { error_rate: 1, error_after: 1us } } } }",
    );
    let busy = books.metric("utilization");
    assert!((0.0..=1.0).contains(&busy), "{busy}");
    assert_eq!(sum(&books.tables.replicas, "failed"), books.count("requests"));
}

/// Requests that a workflow's limit holds back come long after the window, when nobody is kept
/// alive any more.
#[test]
fn prompts_are_kept_alive_no_longer_than_the_window_and_late_requests_begin_anew() {
    let books = of("
seed: 1479
requests: 10
duration: 1m
orchestration: { workflows: { w0: { steps: { s0: { llm: {} } }, tpm: 500 } } }
models: { a: { prompt_cache: { keep_alive: { every: 4m, until: 1s }, min_tokens: 0 } } }
");
    all_leave(&books);
}
