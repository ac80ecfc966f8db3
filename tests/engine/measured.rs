//! Against real GPUs: what vLLM did with 300 requests, and what the engine says of them.
//!
//! The overheads were fitted on the first case and predict the second, for which latency and
//! bandwidth of its all-reduce were fitted, which is in no profile. The table is printed with
//! `cargo test --test engine real_gpus -- --nocapture`.

mod h100;

use std::sync::atomic::AtomicBool;

use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::kernel::Streams;
use windtunnel::system;

use crate::data;

struct Case {
    name: &'static str,
    measured: &'static str,
    profile: &'static str,
    model: &'static str,
    size: u32,
    /// Tokens of a block, times so many: more than are ever used.
    blocks: u32,
}

const LLAMA: Case = Case {
    name: "RTX PRO 6000, Llama-3.1-8B",
    measured: "RTXPRO6000-Llama-3.1-8B",
    profile: "RTXPRO6000/meta-llama/Llama-3.1-8B/bf16",
    model: "Llama-3.1-8B.json",
    size: 1,
    blocks: 30_000,
};

const QWEN: Case = Case {
    name: "two RTX PRO 6000, Qwen3-32B",
    measured: "RTXPRO6000-Qwen3-32B",
    profile: "RTXPRO6000/Qwen/Qwen3-32B/bf16",
    model: "Qwen3-32B.json",
    size: 2,
    blocks: 20_000,
};

/// Milliseconds of a request: to the first token, for each further one, to the last.
type Millis = [f64; 3];

#[derive(serde::Deserialize)]
struct Row {
    output_tokens: u32,
    ttft_ms: f64,
    tpot_ms: f64,
    e2e_ms: f64,
}

/// The step model of a case: its layers.
fn layers(case: &Case) -> String {
    let gpu = data::folder().join("gpu");
    format!(
        "layers: {{ profile: {gpu}/profiles/{profile}, model: {gpu}/models/{model}, tensor_parallel_size: {size} }}",
        gpu = gpu.display(),
        profile = case.profile,
        model = case.model,
        size = case.size,
    )
}

/// What was measured and what the engine with this step model says, of each request.
fn both(case: &Case, step: &str) -> Option<Vec<(Millis, Millis)>> {
    let gpu = data::folder().join("gpu");
    let file = gpu.join("measured").join(case.measured).join("requests_ms.csv");
    let Ok(mut rows) = csv::Reader::from_path(&file) else {
        println!("SKIPPED: {} is not there (set WINDTUNNEL_DATA)", file.display());
        return None;
    };
    let rows: Vec<Row> = rows.deserialize().collect::<Result<_, _>>().expect("a whole file");
    let yaml = format!(
        "workload:
  trace: {{ csv: {{ file: {file}, time: arrival_s, input_tokens: input_tokens, output_tokens: output_tokens }} }}
  max_tokens: 100000
models:
  it:
    server:
      engine:
        step: {{ {step} }}
        overheads: {{ per_step: 300us, per_request: 20ms }}
        max_num_seqs: 128
        num_gpu_blocks: {blocks}
",
        file = file.display(),
        blocks = case.blocks,
    );
    let document = Document::from_text("test.yaml", &yaml).expect("YAML");
    let prepared = prepare(&document, &Overrides::default()).expect("a sound experiment");
    let mut found = vec![[0.0; 3]; rows.len()];
    let record = Box::new(|finished: &system::Finished<'_>| {
        let times = finished.times();
        let nth = usize::try_from(finished.request.id).expect("few requests");
        let gaps = f64::from(rows[nth].output_tokens - 1);
        let (ttft, e2e) = (times.ttft.as_secs_f64() * 1e3, times.e2e.as_secs_f64() * 1e3);
        found[nth] = [ttft, (e2e - ttft) / gaps, e2e];
    });
    let streams = Streams::new(1, 0);
    system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), Some(record))
        .expect("a run");
    let measured = rows.iter().map(|row| [row.ttft_ms, row.tpot_ms, row.e2e_ms]);
    Some(measured.zip(found).collect())
}

/// Errors of the mean and of the 99th percentile, and how single requests correlate.
fn errors(pairs: &[(f64, f64)]) -> [f64; 3] {
    let count = pairs.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let p99 = |of: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = pairs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[(0.99 * count) as usize]
    };
    let (x, y) = (mean(&|it| it.0), mean(&|it| it.1));
    let product = |a: f64, b: f64| (a - x) * (b - y);
    let covariance = mean(&|it| product(it.0, it.1));
    let spread = |of: fn(&(f64, f64)) -> f64, mean_of: f64| {
        mean(&move |it| (of(it) - mean_of) * (of(it) - mean_of)).sqrt()
    };
    [
        y / x - 1.0,
        p99(|it| it.1) / p99(|it| it.0) - 1.0,
        covariance / (spread(|it| it.0, x) * spread(|it| it.1, y)),
    ]
}

/// The mean within 2 %, the 99th percentile within 5 %.
fn holds(case: &Case) {
    let Some(requests) = both(case, &layers(case)) else { return };
    for (nth, what) in ["TTFT", "TPOT", "E2E"].into_iter().enumerate() {
        let pairs: Vec<(f64, f64)> = requests.iter().map(|it| (it.0[nth], it.1[nth])).collect();
        let [mean, p99, r] = errors(&pairs);
        println!(
            "| {} | {what} | {:+.1} % | {:+.1} % | {r:.4} |",
            case.name,
            mean * 1e2,
            p99 * 1e2
        );
        assert!(mean.abs() < 0.02, "{}: mean {what} is off by {mean:+.4}", case.name);
        assert!(p99.abs() < 0.05, "{}: p99 of {what} is off by {p99:+.4}", case.name);
        assert!(r > 0.97, "{}: {what} of single requests correlates by {r:.4}", case.name);
    }
}

#[test]
fn real_gpus_one() {
    holds(&LLAMA);
}

#[test]
fn real_gpus_two_that_share_layers() {
    holds(&QWEN);
}

/// With the tables of the wheel, of which nothing was fitted on this GPU, model or version.
#[cfg(feature = "parquet")]
#[test]
fn real_gpus_one_by_the_wheel() {
    let Some(wheel) = std::env::var_os("WINDTUNNEL_WHEEL").map(std::path::PathBuf::from) else {
        println!("SKIPPED: set WINDTUNNEL_WHEEL to the wheel aiconfigurator-core");
        return;
    };
    let step = format!(
        "operators: {{ tables: {}, gpu: rtx_pro_6000_server, model: {}, per_step: 0s }}",
        wheel.display(),
        data::folder().join("gpu/models").join(LLAMA.model).display(),
    );
    let Some(requests) = both(&LLAMA, &step) else { return };
    for (nth, what) in ["TTFT", "TPOT", "E2E"].into_iter().enumerate() {
        let pairs: Vec<(f64, f64)> = requests.iter().map(|it| (it.0[nth], it.1[nth])).collect();
        let [mean, p99, r] = errors(&pairs);
        println!("| the wheel | {what} | {:+.1} % | {:+.1} % | {r:.4} |", mean * 1e2, p99 * 1e2);
        assert!(mean.abs() < 0.05, "mean {what} is off by {mean:+.4}");
        assert!(r > 0.97, "{what} of single requests correlates by {r:.4}");
    }
}
