//! Whole runs before 1 to 4096 replicas of a batching engine, for every balancer; and
//! the memory of a replica that has nothing to do.
//!
//! `cargo bench --bench fleet` takes some minutes; `cargo bench --bench fleet -- /512`
//! those of 512 replicas. The time of an element is that of a request.

use std::fmt::Write;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, Prepared, prepare};
use windtunnel::kernel::Streams;
use windtunnel::serving::Fleet;
use windtunnel::serving::resilience::{Breaker, Standing};
use windtunnel::system;

const REPLICAS: [u64; 5] = [1, 8, 64, 512, 4096];

const BALANCERS: [&str; 7] = [
    "round_robin",
    "random",
    "least_outstanding",
    "power_of_two: {}",
    "least_kv",
    "prefix_affinity: {}",
    "scores: {}",
];

/// Some ten sequences are in the batch of each replica. There are enough requests for
/// each to be busy for most of the run.
fn experiment(balancer: &str, replicas: u64, more: &str) -> (Prepared, u64) {
    let (rate, requests) = (15 * replicas, 10_000.max(30 * replicas));
    let mut yaml = format!(
        "
requests: {requests}
replications: 1
workload:
  arrivals: {{ poisson: {{ rate: {rate}/s }} }}
  prompts: unique
  shared_prefix: {{ zipf: {{ count: 1000, exponent: 1, tokens: {{ constant: 256 }} }} }}
  tokens:
    input: {{ lognormal: {{ mean: 600, p90: 1000 }} }}
    output: {{ lognormal: {{ mean: 100, p90: 200 }} }}
models:
  m:
    server:
      engine: {{}}
      replicas: {replicas}
      balance: {{ {balancer} }}
"
    );
    if !balancer.contains(':') {
        yaml = yaml.replace(&format!("{{ {balancer} }}"), balancer);
    }
    for line in more.lines() {
        writeln!(yaml, "      {line}").expect("writing to a string");
    }
    let document = Document::from_text("bench.yaml", &yaml).expect("YAML");
    (prepare(&document, &Overrides::default()).expect("a sound experiment"), requests)
}

fn measure(criterion: &mut Criterion, group: &str, balancer: &str, replicas: u64, more: &str) {
    let (prepared, requests) = experiment(balancer, replicas, more);
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(requests)).sampling_mode(SamplingMode::Flat);
    let name = balancer.split(':').next().expect("a name");
    group.bench_function(BenchmarkId::new(name, replicas), |bencher| {
        bencher.iter(|| {
            let streams = Streams::new(42, 0);
            system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), None)
                .expect("a run")
        });
    });
    group.finish();
}

fn balancers(criterion: &mut Criterion) {
    for replicas in REPLICAS {
        for balancer in BALANCERS {
            measure(criterion, "fleet", balancer, replicas, "");
        }
    }
}

fn shared_queue(criterion: &mut Criterion) {
    for replicas in REPLICAS {
        for balancer in ["round_robin", "least_outstanding"] {
            measure(criterion, "fleet, one queue", balancer, replicas, "queue: shared");
        }
    }
}

/// Bytes that this process has in memory, where Linux says so.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    // Pages of 4 KiB, as on all machines that this is measured on.
    Some(statm.split_whitespace().nth(1)?.parse::<usize>().ok()? * 4096)
}

fn idle_replica(_: &mut Criterion) {
    let replicas = 4096;
    let (prepared, _) = experiment("least_kv", replicas, "");
    let setup = &prepared.setups[0];
    let fleet = || {
        let server = &setup.models[0].1.server;
        let resilience = setup.resilience.clone().unwrap_or_default();
        let span = resilience.cooldown_time;
        let breaker = Breaker::of(&resilience, span, Standing::default());
        Fleet::new("m", server, breaker, setup.steps[0].as_ref(), &Streams::new(42, 0))
    };
    let before = resident();
    let fleet = fleet();
    if let (Some(before), Some(after)) = (before, resident()) {
        let each = after.saturating_sub(before) as f64 / f64::from(fleet.len()) / 1024.0;
        println!("an idle replica of {replicas}: {each:.1} KiB");
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_millis(1));
    targets = idle_replica, balancers, shared_queue
}
criterion_main!(benches);
