//! Workflows: steps a second of the engine alone, and of calls through the whole
//! system.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, Prepared, prepare};
use windtunnel::kernel::Streams;
use windtunnel::system::{self, METRICS};

/// A chain of steps that are nothing but tools: no request is made.
const TOOLS: &str = "
orchestration:
  workflows:
    w:
      steps:
        a: { tool: { latency: { exponential: { mean: 1s } } } }
        b: { after: a, tool: { latency: { exponential: { mean: 1s } } }, map: { items: { constant: 4 } } }
        c: { after: b, tool: { latency: 1s }, loop: { max: 4, stop: 0.2 } }
        d: { after: c, tool: { latency: { exponential: { mean: 1s } } } }
";

/// Turns of an agent: each a call through the pipeline, a cache and a model.
const AGENT: &str = "
cache: { levels: [ { name: l1, capacity: 1000 } ] }
models: { m: { price: { per_token: $0.00001 }, server: { tokens: {}, concurrency: 100000 } } }
orchestration:
  workflows:
    w: { agent: { react: { stop: 0.1, max_turns: 20 } } }
";

/// Calls that are asked at once, and a vote.
const VOTE: &str = "
models: { m: { price: { per_token: $0.00001 }, server: { tokens: {} } } }
orchestration:
  workflows:
    w: { steps: { a: { llm: {}, map: { items: { constant: 9 }, pick: vote } } } }
";

fn prepared(flows: &str) -> Prepared {
    let yaml = format!(
        "
requests: 100000
replications: 1
workload:
  arrivals: {{ poisson: {{ rate: 100/s }} }}
  prompts: {{ zipf: {{ count: 1000000, exponent: 0.5 }} }}
  tokens: {{ input: {{ constant: 500 }}, output: {{ constant: 100 }} }}
  max_tokens: 1000
{flows}"
    );
    let document = Document::from_text("bench.yaml", &yaml).expect("YAML");
    prepare(&document, &Overrides::default()).expect("a sound experiment")
}

fn run(prepared: &Prepared) -> u64 {
    let streams = Streams::new(42, 0);
    let tables = system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), None);
    let metrics = tables.expect("a run").metrics;
    let at = |name: &str| METRICS.iter().position(|metric| metric.name == name).expect("a metric");
    (metrics[at("steps_per_workflow")] * metrics[at("workflows")] + 0.5) as u64
}

fn orchestration(c: &mut Criterion) {
    let mut group = c.benchmark_group("orchestration");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    for (name, flows) in [("tools", TOOLS), ("agent", AGENT), ("vote", VOTE)] {
        let prepared = prepared(flows);
        let steps = run(&prepared);
        group.throughput(Throughput::Elements(steps));
        group.bench_function(name, |b| b.iter(|| run(&prepared)));
    }
    group.finish();
}

criterion_group!(benches, orchestration);
criterion_main!(benches);
