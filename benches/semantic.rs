//! Lookups in a semantic cache: among vectors, exactly and by HNSW, and in the
//! model of intents.
//!
//! `cargo bench --bench semantic`

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use windtunnel::cache::semantic::{Exact, Hnsw, HnswSpec, Vectors};
use windtunnel::cache::{CacheSpec, Question, SemanticCache, SemanticPlan, Size};
use windtunnel::kernel::{Streams, Time};
use windtunnel::workload::{DataPaths, IntentId, Plan, PromptId, WorkloadSpec};

const DIMENSIONS: usize = 384;
const QUERIES: usize = 256;

fn read<T: serde::de::DeserializeOwned>(yaml: &str) -> T {
    let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).expect("valid YAML");
    serde_yaml::with::singleton_map_recursive::deserialize(value).expect("a spec")
}

/// Vectors around a tenth as many centres, as questions gather around topics:
/// two of a centre have a cosine of some 0.6.
fn vectors(count: usize, stream: &str) -> Vectors {
    let streams = Streams::new(42, 0);
    let mut centre_stream = streams.stream("centres");
    let centres: Vec<Vec<f64>> = (0..count.div_ceil(10))
        .map(|_| (0..DIMENSIONS).map(|_| centre_stream.normal()).collect())
        .collect();
    let mut stream = streams.stream(stream);
    let mut vectors = Vectors::new(DIMENSIONS);
    for _ in 0..count {
        let centre = &centres[stream.below(centres.len() as u64) as usize];
        let vector: Vec<f64> = centre.iter().map(|x| x + 0.8 * stream.normal()).collect();
        vectors.push_scaled(&vector).expect("a direction");
    }
    vectors
}

fn indexes(c: &mut Criterion) {
    for count in [5_000, 50_000] {
        let (entries, queries) = (vectors(count, "entries"), vectors(count, "queries"));
        let mut exact = Exact::new(DIMENSIONS);
        let levels = Streams::new(42, 0).stream("levels");
        let mut hnsw = Hnsw::new(&HnswSpec::default(), DIMENSIONS, levels);
        for row in 0..count {
            exact.insert(row, entries.row(row));
            hnsw.insert(row, entries.row(row));
        }
        let same = (0..QUERIES)
            .filter(|row| hnsw.nearest(queries.row(*row)) == exact.nearest(queries.row(*row)));
        println!("{count} entries: recall@1 {:.4}", same.count() as f64 / QUERIES as f64);

        let mut group = c.benchmark_group(format!("nearest of {count} x {DIMENSIONS}"));
        group.throughput(Throughput::Elements(1)).sample_size(20);
        let mut next = (0..QUERIES).cycle();
        let mut query = || next.next().expect("a cycle does not end");
        group.bench_function("exact", |b| b.iter(|| exact.nearest(queries.row(query()))));
        group.bench_function("hnsw", |b| b.iter(|| hnsw.nearest(queries.row(query()))));
        let mut slot = (0..count).cycle();
        group.bench_function("hnsw, replace an entry", |b| {
            b.iter(|| {
                let slot = slot.next().expect("a cycle does not end");
                hnsw.remove(slot);
                hnsw.insert(slot, queries.row(slot));
            });
        });
        group.finish();
    }
}

/// A full cache and the prompts to ask it.
fn model(semantic: &str, stored: u64) -> (SemanticCache<u32>, Vec<(PromptId, IntentId)>) {
    let workload: WorkloadSpec =
        read("prompts: {intents: {count: 10000, exponent: 0.9, phrasings: 5}}");
    let workload = Plan::new(&workload, &DataPaths::default()).expect("a workload");
    let spec: CacheSpec = read(&format!("semantic: {semantic}"));
    let plan = SemanticPlan::of(&spec, &workload, &DataPaths::default(), &mut Vec::new());
    let streams = Streams::new(42, 0);
    let mut cache = plan.expect("a sound plan").expect("a semantic cache").cache(&streams);
    let mut source = workload.source(&streams).expect("a source");
    let mut asked = || {
        let prompt = source.next().expect("arrivals are endless").expect("no trace").prompt;
        (prompt, source.intent(prompt))
    };
    for _ in 0..stored {
        let (prompt, intent) = asked();
        cache.store(Question::new(prompt, intent), None, (Size::default(), 0), Time::ZERO);
    }
    (cache, (0..100_000).map(|_| asked()).collect())
}

/// Lookups, and a store after each miss, as a simulation makes them.
fn intents(c: &mut Criterion) {
    let mut group = c.benchmark_group("model of intents, 5000 entries");
    for (name, semantic) in [
        ("threshold 0.9", "{threshold: 0.9}"),
        ("threshold 0.7", "{threshold: 0.7}"),
        ("learned", "{mode: {learned: {max_error_rate: 0.02}}}"),
    ] {
        let (cache, asked) = model(semantic, 50_000);
        group.throughput(Throughput::Elements(asked.len() as u64)).sample_size(20);
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || cache.clone(),
                |cache| {
                    for (prompt, intent) in &asked {
                        let found = cache.lookup(Question::new(*prompt, *intent), Time::ZERO);
                        if found.answer.is_none() {
                            let answer = (Size::default(), 0);
                            cache.store(
                                Question::new(*prompt, *intent),
                                found.compared,
                                answer,
                                Time::ZERO,
                            );
                        }
                    }
                    black_box(cache.len())
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, intents, indexes);
criterion_main!(benches);
