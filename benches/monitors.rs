//! What monitors cost: a day of bursts and crashes without a rule, with the five rules of
//! `experiments/monitors.yaml`, and with fifty of the same.
//!
//! `cargo bench --bench monitors`

use std::sync::atomic::AtomicBool;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, Prepared, prepare};
use windtunnel::kernel::Streams;
use windtunnel::system::{self, METRICS, RunTables};

const EXPERIMENT: &str = include_str!("../experiments/monitors.yaml");

/// The experiment's first point, with its rules so many times.
fn prepared(times: usize) -> Prepared {
    let (before, rest) = EXPERIMENT.split_once("monitors:\n").expect("rules");
    let (rules, _) = rest.split_once("sweep:").expect("a sweep");
    let mut text = before.to_owned();
    for copy in 0..times {
        let named = rules.replace("name: ", &format!("name: {copy} "));
        text += if copy == 0 { "monitors:\n" } else { "" };
        text += named.trim_end();
        text += "\n";
    }
    let document = Document::from_text("bench.yaml", &text).expect("YAML");
    prepare(&document, &Overrides::default()).expect("a sound experiment")
}

fn run(prepared: &Prepared) -> RunTables {
    let never = AtomicBool::new(false);
    system::run(&prepared.setups[0], &Streams::new(42, 0), &never, None).expect("a run")
}

fn monitors(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("monitors");
    let requests = METRICS.iter().position(|metric| metric.name == "requests").expect("it is");
    group.throughput(Throughput::Elements(run(&prepared(0)).metrics[requests] as u64));
    group.sample_size(20);
    for (name, times) in [("no rule", 0), ("five rules", 1), ("fifty rules", 10)] {
        let prepared = prepared(times);
        group.bench_function(name, |bencher| bencher.iter(|| run(&prepared)));
    }
    group.finish();
}

criterion_group!(benches, monitors);
criterion_main!(benches);
