//! H100s: what vLLM did under closed loops and constant arrivals, and what `operators` says.
//!
//! `cargo test --test engine h100 -- --nocapture` prints the tables of docs/validation.md. With
//! `WINDTUNNEL_WHEEL` (the wheel `aiconfigurator-core`) and `--features parquet` they are made of
//! its tables, too.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::kernel::Streams;
use windtunnel::system;

use crate::data;

/// Measured and found, for each row.
type Pair = (f64, f64);

fn gpu() -> PathBuf {
    data::folder().join("gpu")
}

/// The rows of a file of measurements; `None`, saying so, if it is not there.
fn rows<R: serde::de::DeserializeOwned>(name: &str) -> Option<Vec<R>> {
    let file = gpu().join("h100").join(name);
    let Ok(mut reader) = csv::Reader::from_path(&file) else {
        println!("SKIPPED: {} is not there (set WINDTUNNEL_DATA)", file.display());
        return None;
    };
    Some(reader.deserialize().collect::<Result<_, _>>().expect("a whole file"))
}

/// Means over all requests, in milliseconds: TTFT, TPOT, E2E.
fn run(yaml: &str, output: u32) -> [f64; 3] {
    let document = Document::from_text("test.yaml", yaml).expect("YAML");
    let prepared = prepare(&document, &Overrides::default()).expect("a sound experiment");
    let (mut sums, mut count) = ([0.0; 3], 0.0);
    let record = Box::new(|finished: &system::Finished<'_>| {
        let times = finished.times();
        let (ttft, e2e) = (times.ttft.as_secs_f64() * 1e3, times.e2e.as_secs_f64() * 1e3);
        let own = [ttft, (e2e - ttft) / f64::from(output - 1), e2e];
        sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        count += 1.0;
    });
    let streams = Streams::new(1, 0);
    system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), Some(record))
        .expect("a run");
    sums.map(|sum| sum / count)
}

fn off((measured, found): Pair) -> f64 {
    found / measured - 1.0
}

/// Errors in per cent: mean absolute and mean.
fn errors(pairs: &[Pair]) -> [f64; 2] {
    let mean = |of: fn(f64) -> f64| pairs.iter().map(|it| of(off(*it))).sum::<f64>();
    [mean(f64::abs), mean(|it| it)].map(|sum| sum / pairs.len() as f64 * 1e2)
}

#[derive(serde::Deserialize)]
struct ClosedLoop {
    input_tokens: u32,
    output_tokens: u32,
    concurrency: u32,
    ttft_mean_ms: f64,
    tpot_mean_ms: f64,
}

/// How many requests each client sends, one after another, fitted on the same three rows as
/// the overheads: the file does not say. All begin at once.
const ROUNDS: u32 = 12;

/// vLLM 0.12, before asynchronous scheduling. Prompts of random words, so that none is found in
/// a cache. Steps of 2048 tokens, as vLLM has it by itself where its engine is not told who uses
/// it; with 4096 TTFT would come out 60 % high.
fn closed_loop(tables: &Path, gpus: &str) -> Option<[Vec<Pair>; 2]> {
    let rows: Vec<ClosedLoop> = rows("closed-loop-qwen3-32b-vllm.csv")?;
    let mut pairs = [Vec::new(), Vec::new()];
    println!(
        "| tokens of an answer | clients | TTFT | | | TPOT | | |\n|---|---|---|---|---|---|---|---|"
    );
    for row in &rows {
        let (clients, output) = (row.concurrency, row.output_tokens);
        let yaml = format!(
            "requests: {requests}
workload:
  arrivals: {{ concurrency: {{ limit: {clients} }} }}
  prompts: unique
  tokens: {{ input: {{ constant: {input} }}, output: {{ constant: {output} }} }}
  max_tokens: {output}
models:
  it:
    server:
      engine:
        step: {{ operators: {{ tables: {tables}, gpu: {gpus}, model: {model}, tensor_parallel_size: 2 }} }}
        overheads: {{ per_request: 10ms }}
        max_num_seqs: 256
        max_num_batched_tokens: 2048
        async_scheduling: false
        enable_prefix_caching: false
",
            input = row.input_tokens,
            requests = clients * ROUNDS,
            tables = tables.display(),
            model = gpu().join("models/Qwen3-32B.json").display(),
        );
        let [ttft, tpot, _] = run(&yaml, output);
        let both = [(row.ttft_mean_ms, ttft), (row.tpot_mean_ms, tpot)];
        let said = both.map(|it| format!("{:.1} | {:.1} | {:+.1} %", it.0, it.1, off(it) * 1e2));
        println!("| {output} | {clients} | {} | {} |", said[0], said[1]);
        pairs.iter_mut().zip(both).for_each(|(pairs, pair)| pairs.push(pair));
    }
    for (pairs, what) in pairs.iter().zip(["TTFT", "TPOT"]) {
        let [absolute, mean] = errors(pairs);
        println!("{what}: mean absolute error {absolute:.1} %, mean {mean:+.1} %");
    }
    Some(pairs)
}

#[derive(serde::Deserialize)]
struct OpenLoop {
    workload: String,
    model: String,
    tp: u32,
    rate_rps: f64,
    sent: u32,
    prompt_len_mean: f64,
    e2e_mean_ms: f64,
    ttft_mean_ms: f64,
}

/// vLLM 0.15, which schedules a step ahead, in steps of 8192 tokens. 100 prompts are asked
/// again and again. Answers are of 250 tokens, which is where most ended.
fn open_loop(tables: &Path, gpus: &str) -> Option<[Vec<Pair>; 2]> {
    let rows: Vec<OpenLoop> = rows("open-loop-vllm-0.15.1.csv")?;
    let mut pairs = [Vec::new(), Vec::new()];
    println!("| model | workload | E2E | | | TTFT | | |\n|---|---|---|---|---|---|---|---|");
    for row in &rows {
        let name = row.model.rsplit('/').next().expect("a name");
        let yaml = format!(
            "requests: {sent}
workload:
  arrivals: {{ constant: {{ rate: {rate}/s }} }}
  prompts: {{ uniform: {{ count: 100 }} }}
  tokens: {{ input: {{ constant: {input} }}, output: {{ constant: 250 }} }}
  max_tokens: 250
models:
  it:
    server:
      engine:
        step: {{ operators: {{ tables: {tables}, gpu: {gpus}, model: {model}.json, tensor_parallel_size: {size} }} }}
        overheads: {{ per_request: 10ms }}
        max_num_seqs: 256
        max_num_batched_tokens: 8192
        async_scheduling: true
",
            sent = row.sent,
            rate = row.rate_rps,
            size = row.tp,
            input = row.prompt_len_mean.round(),
            tables = tables.display(),
            model = gpu().join("models").join(name).display(),
        );
        let [ttft, _, e2e] = run(&yaml, 250);
        let both = [(row.e2e_mean_ms, e2e), (row.ttft_mean_ms, ttft)];
        let said = both.map(|it| format!("{:.1} | {:.1} | {:+.1} %", it.0, it.1, off(it) * 1e2));
        println!("| {name} | {} | {} | {} |", row.workload, said[0], said[1]);
        pairs.iter_mut().zip(both).for_each(|(pairs, pair)| pairs.push(pair));
    }
    Some(pairs)
}

#[test]
fn h100_closed_loop() {
    let Some([ttft, tpot]) = closed_loop(&gpu().join("h100"), "h100") else { return };
    assert!(errors(&ttft)[0] < 15.0, "TTFT is off by {:?}", errors(&ttft));
    assert!(errors(&tpot)[0] < 5.0, "TPOT is off by {:?}", errors(&tpot));
}

#[test]
fn h100_open_loop() {
    let Some([e2e, ttft]) = open_loop(&gpu().join("h100"), "h100") else { return };
    for (pairs, most) in [(e2e, 0.03), (ttft, 0.1)] {
        for pair in pairs {
            assert!(off(pair).abs() < most, "{pair:?}");
        }
    }
}

#[cfg(feature = "parquet")]
#[test]
fn h100_by_the_wheel() {
    let Some(wheel) = std::env::var_os("WINDTUNNEL_WHEEL").map(PathBuf::from) else {
        println!("SKIPPED: set WINDTUNNEL_WHEEL to the wheel aiconfigurator-core");
        return;
    };
    let Some([ttft, tpot]) = closed_loop(&wheel, "h100_sxm") else { return };
    assert!(errors(&ttft)[0] < 20.0, "TTFT is off by {:?}", errors(&ttft));
    assert!(errors(&tpot)[0] < 5.0, "TPOT is off by {:?}", errors(&tpot));
    open_loop(&wheel, "h100_sxm");
}
