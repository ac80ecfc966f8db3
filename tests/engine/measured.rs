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

impl Case {
    /// An engine whose steps are summed from the profile.
    fn by_layers(&self) -> String {
        format!(
            "{{ step: {{ layers: {{ profile: {gpu}/profiles/{profile}, model: {gpu}/models/{model}, \
             tensor_parallel_size: {size} }} }}, overheads: {{ per_step: 300us, per_request: 20ms }}, \
             max_num_seqs: 128, max_num_batched_tokens: 2048, num_gpu_blocks: {blocks} }}",
            gpu = data::folder().join("gpu").display(),
            profile = self.profile,
            model = self.model,
            size = self.size,
            blocks = self.blocks,
        )
    }

    /// An engine whose steps and memory are those of data sheets.
    fn by_data_sheets(&self) -> String {
        format!(
            "{{ step: {{ roofline: {{ model: {gpu}/models/{model}, gpu: rtx-pro-6000, \
             tensor_parallel_size: {size} }} }}, overheads: {{ per_request: 20ms }}, \
             async_scheduling: true, max_num_seqs: 128, max_num_batched_tokens: 2048 }}",
            gpu = data::folder().join("gpu").display(),
            model = self.model,
            size = self.size,
        )
    }
}

/// What was measured and what an engine says, of each request.
fn both(case: &Case, engine: &str) -> Option<Vec<(Millis, Millis)>> {
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
  it: {{ server: {{ engine: {engine} }} }}
",
        file = file.display(),
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

/// The mean within `of_mean`, the 99th percentile within `of_p99`.
fn holds(case: &Case, engine: &str, of_mean: f64, of_p99: f64) {
    let Some(requests) = both(case, engine) else { return };
    for (nth, what) in ["TTFT", "TPOT", "E2E"].into_iter().enumerate() {
        let pairs: Vec<(f64, f64)> = requests.iter().map(|it| (it.0[nth], it.1[nth])).collect();
        let [mean, p99, r] = errors(&pairs);
        println!(
            "| {} | {what} | {:+.1} % | {:+.1} % | {r:.4} |",
            case.name,
            mean * 1e2,
            p99 * 1e2
        );
        assert!(mean.abs() < of_mean, "{}: mean {what} is off by {mean:+.4}", case.name);
        assert!(p99.abs() < of_p99, "{}: p99 of {what} is off by {p99:+.4}", case.name);
        assert!(r > 0.97, "{}: {what} of single requests correlates by {r:.4}", case.name);
    }
}

#[test]
fn real_gpus_one() {
    holds(&LLAMA, &LLAMA.by_layers(), 0.02, 0.05);
}

#[test]
fn real_gpus_two_that_share_layers() {
    holds(&QWEN, &QWEN.by_layers(), 0.02, 0.05);
}

/// Nothing is fitted but the link of the two.
#[test]
fn real_gpus_by_data_sheets() {
    holds(&LLAMA, &LLAMA.by_data_sheets(), 0.02, 0.15);
    holds(&QWEN, &QWEN.by_data_sheets(), 0.06, 0.15);
}

/// With the tables of the wheel, of which nothing was fitted on this GPU, model or version.
#[cfg(feature = "parquet")]
#[test]
fn real_gpus_one_by_the_wheel() {
    let Some(wheel) = std::env::var_os("WINDTUNNEL_WHEEL").map(std::path::PathBuf::from) else {
        println!("SKIPPED: set WINDTUNNEL_WHEEL to the wheel aiconfigurator-core");
        return;
    };
    let engine = format!(
        "{{ step: {{ operators: {{ tables: {}, gpu: rtx_pro_6000_server, model: {} }} }}, \
         overheads: {{ per_request: 20ms }}, max_num_seqs: 128, max_num_batched_tokens: 2048, \
         num_gpu_blocks: 30000 }}",
        wheel.display(),
        data::folder().join("gpu/models").join(LLAMA.model).display(),
    );
    let Some(requests) = both(&LLAMA, &engine) else { return };
    for (nth, what) in ["TTFT", "TPOT", "E2E"].into_iter().enumerate() {
        let pairs: Vec<(f64, f64)> = requests.iter().map(|it| (it.0[nth], it.1[nth])).collect();
        let [mean, p99, r] = errors(&pairs);
        println!("| the wheel | {what} | {:+.1} % | {:+.1} % | {r:.4} |", mean * 1e2, p99 * 1e2);
        assert!(mean.abs() < 0.05, "mean {what} is off by {mean:+.4}");
        assert!(r > 0.97, "{what} of single requests correlates by {r:.4}");
    }
}
