//! The batching engine that passes steps in one go beside the plain reference of the
//! tests that goes step by step: the Azure conversation trace through one engine, and
//! answers of growing length.
//!
//! `cargo bench --bench engine`; the trace is looked for in `$WINDTUNNEL_DATA` and in
//! `../shared/data`, and left out if it is not there.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use windtunnel::kernel::{Streams, Time};
use windtunnel::serving::engine::{Engine, EngineSpec, Job, JobId, Progress};
use windtunnel::serving::step::{RooflineSpec, StepModel, StepSpec};
use windtunnel::workload::DataPaths;
use windtunnel::workload::trace::AzureReader;

#[path = "../tests/support/data.rs"]
#[allow(dead_code)] // Whole texts are for others.
mod data;
#[path = "../tests/engine/reference.rs"]
mod reference;

use reference::Reference;

type Jobs = Vec<(Time, Job<'static>)>;

/// Runs all jobs through an engine of either kind; returns when the last one ended, and
/// counts what happened.
macro_rules! replay {
    ($engine:expr, $jobs:expr) => {{
        let engine = $engine;
        let mut happened: Vec<Progress> = Vec::new();
        let (mut count, mut last) = (0, Time::ZERO);
        let mut drain = |happened: &mut Vec<Progress>| {
            count += happened.len();
            last = happened.last().map_or(last, |progress| progress.at);
            happened.clear();
        };
        for (at, job) in $jobs {
            while let Some(next) = engine.next_at().filter(|next| next < at) {
                engine.advance(next, &mut happened);
                drain(&mut happened);
            }
            engine.submit(*at, job).expect("it fits");
        }
        while let Some(next) = engine.next_at() {
            engine.advance(next, &mut happened);
            drain(&mut happened);
        }
        (last, count)
    }};
}

fn conversation() -> Option<Jobs> {
    let file = data::folder().join("azure-2023/AzureLLMInferenceTrace_conv.csv");
    if !file.is_file() {
        println!("SKIPPED: {} is not there (set WINDTUNNEL_DATA)", file.display());
        return None;
    }
    let mut reader = AzureReader::open(&file).expect("an Azure trace");
    let mut jobs = Jobs::new();
    let mut start = None;
    while let Some(row) = reader.next_row().expect("a good row") {
        let start = *start.get_or_insert(row.stamp);
        let job = Job {
            id: (jobs.len() as u32).into(),
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens.unwrap_or(1),
            ..Job::default()
        };
        jobs.push((Time(row.stamp - start), job));
    }
    Some(jobs)
}

/// Poisson arrivals of prompts of 500 tokens that are answered with `output`, at a
/// load that keeps some 30 sequences in the batch.
fn answers_of(output: u32, count: u32) -> Jobs {
    let mut stream = Streams::new(42, 0).stream("arrivals");
    let mut at = Time::ZERO;
    let gap = f64::from(output) * 0.006 / 30.0;
    let mut next = |id| {
        at += stream.exponential_span(gap);
        (
            at,
            Job { id: JobId::from(id), input_tokens: 500, output_tokens: output, ..Job::default() },
        )
    };
    (0..count).map(&mut next).collect()
}

/// Measures both kinds of engine on the same jobs, which must come out alike.
fn both(criterion: &mut Criterion, name: &str, spec: &EngineSpec, jobs: &Jobs, samples: usize) {
    let step = StepModel::new(&spec.step, &DataPaths::default()).expect("a sound model");
    let fresh = || Engine::new(spec, &step);
    let mut engine = fresh();
    let outcome = replay!(&mut engine, jobs);
    let mut plain = Reference::new(spec, &step);
    assert_eq!(replay!(&mut plain, jobs), outcome, "the same times");
    let stats = engine.stats(outcome.0);
    println!(
        "{name}: {} jobs, {} tokens out, {} steps, mean batch {:.1}, busy {:.3}, KV at most {:.3}, preempted {}, ITL p50 {:.2} ms",
        jobs.len(),
        stats.output_tokens,
        stats.steps,
        stats.batch_mean,
        stats.busy_share,
        stats.kv_max,
        stats.preemptions,
        engine.inter_token().quantile(0.5) * 1e3,
    );
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(jobs.len() as u64));
    group.sampling_mode(SamplingMode::Flat).sample_size(samples);
    group.bench_function("in one go", |bencher| {
        bencher.iter_batched_ref(fresh, |engine| replay!(engine, jobs), BatchSize::PerIteration);
    });
    group.bench_function("step by step", |bencher| {
        bencher.iter_batched_ref(
            || Reference::new(spec, &step),
            |plain| black_box(replay!(plain, jobs)),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn azure(criterion: &mut Criterion) {
    let Some(jobs) = conversation() else { return };
    let linear = EngineSpec::default();
    both(criterion, "azure conversation hour, linear", &linear, &jobs, 10);
    let roofline =
        EngineSpec { step: StepSpec::Roofline(RooflineSpec::default()), ..EngineSpec::default() };
    both(criterion, "azure conversation hour, roofline", &roofline, &jobs, 10);
    let tight = EngineSpec { num_gpu_blocks: Some(1500), ..EngineSpec::default() };
    both(criterion, "azure conversation hour, 1500 blocks", &tight, &jobs, 10);
}

fn lengths(criterion: &mut Criterion) {
    for output in [64, 256, 1024, 4096] {
        let jobs = answers_of(output, 1000);
        both(
            criterion,
            &format!("1000 answers of {output} tokens"),
            &EngineSpec::default(),
            &jobs,
            10,
        );
    }
}

criterion_group!(benches, azure, lengths);
criterion_main!(benches);
