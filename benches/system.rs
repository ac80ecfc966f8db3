//! The whole request path: validation, key, three cache levels, model choice with
//! budgets, servers, metrics; and a sweep on one thread and on two.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, Prepared, Progress, Workspace, execute, prepare};
use windtunnel::kernel::Streams;
use windtunnel::system;

const REQUESTS: u64 = 1_000_000;

/// Three levels, three models, budgets, lognormal lengths, Zipf prompts and users.
const PATH: &str = "
requests: 1000000
replications: 1
workload:
  arrivals: { poisson: { rate: 100/s } }
  prompts: { zipf: { count: 10000, exponent: 0.9 } }
  tokens: { input: { lognormal: { mean: 1155, p90: 2400 } }, output: { lognormal: { mean: 211, p90: 424 } } }
  users: { zipf: { count: 100, exponent: 1.0 } }
  max_tokens: 2000
pipeline: { max_prompt_length: 1000000, max_tokens_cap: 2000 }
cache:
  ttl: 1h
  levels:
    - { name: l1, capacity: 100, policy: lru, latency: 0ms }
    - { name: l2, capacity: 500, policy: lru, latency: 10ms }
    - { name: l3, capacity: 2000, policy: lru, latency: 50ms }
models:
  gpt-4:       { price: { per_token: $0.00003 },   quality: 0.95, server: { seed: { speed: 1.0 } } }
  gpt-3.5:     { price: { per_token: $0.000002 },  quality: 0.85, server: { seed: { speed: 2.0 } } }
  local-llama: { price: { per_token: $0.0000001 }, quality: 0.75, server: { seed: { speed: 0.5 } } }
cost: { select: { utility: { quality_threshold: 0.8 } }, budgets: { default: { daily: $1000 } } }
";

fn prepared(yaml: &str) -> Prepared {
    let document = Document::from_text("bench.yaml", yaml).expect("YAML");
    prepare(&document, &Overrides::default()).expect("a sound experiment")
}

fn request_path(criterion: &mut Criterion) {
    let prepared = prepared(PATH);
    let mut group = criterion.benchmark_group("request path");
    group.throughput(Throughput::Elements(REQUESTS));
    group.bench_function("three levels, three models, budgets", |bencher| {
        bencher.iter(|| {
            let streams = Streams::new(42, 0);
            system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), None)
                .expect("a run")
        });
    });
    group.finish();
}

fn sweep(criterion: &mut Criterion) {
    let text = PATH
        .replace("requests: 1000000", "requests: 100000")
        .replace("replications: 1", "replications: 10");
    let prepared = prepared(&format!(
        "{text}sweep: {{ grid: {{ cache.levels.l3.capacity: [1000, 2000] }} }}\n"
    ));
    let mut group = criterion.benchmark_group("sweep of 20 runs");
    group.throughput(Throughput::Elements(20 * 100_000));
    for jobs in [1, 2] {
        group.bench_function(format!("{jobs} thread(s)"), |bencher| {
            bencher.iter(|| {
                let folder = tempfile::tempdir().expect("a folder");
                let workspace =
                    Workspace::open(folder.path(), "sweep", &prepared.resolved.hash, false)
                        .expect("a workspace");
                execute(&prepared, &workspace, jobs, &Progress::default()).expect("runs");
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(10));
    targets = request_path, sweep
}
criterion_main!(benches);
