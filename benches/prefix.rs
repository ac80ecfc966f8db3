//! The prefix cache: blocks looked up a second, beside a bare LRU replay of the same
//! blocks; reading the Mooncake conversation trace, and a whole run of it.
//!
//! `cargo bench --bench prefix`; the trace is looked for in `$WINDTUNNEL_DATA` and in
//! `../shared/data`, and left out if it is not there.
//!
//! The made-up trace: 40,000 prompts of 24 blocks (as many as the conversation trace
//! has on average) with random 64-bit ids. Each goes on in one of 4,000 conversations,
//! drawn from Zipf(0.9): all but its last 4 blocks are those of the prompt before.

use std::sync::atomic::AtomicBool;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use windtunnel::cache::{Item, Key, PolicySpec, PrefixCache, PrefixCacheSpec};
use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::kernel::{Duration, Streams, Time};
use windtunnel::spec::Capacity;
use windtunnel::system;
use windtunnel::workload::trace::MooncakeReader;

#[path = "../tests/support/data.rs"]
#[allow(dead_code)] // Whole texts are for others.
mod data;
#[path = "../tests/support/zipf.rs"]
mod zipf;

const PROMPTS: usize = 40_000;
const BLOCKS: usize = 24;
const CONVERSATIONS: usize = 4_000;
const CAPACITY: u64 = 30_000;

fn prompts() -> Vec<[u64; BLOCKS]> {
    let streams = Streams::new(42, 0);
    let (mut ids, mut ranks) = (streams.stream("ids"), streams.stream("ranks"));
    let zipf = zipf::Zipf::new(CONVERSATIONS, 0.9);
    let mut last: Vec<[u64; BLOCKS]> =
        (0..CONVERSATIONS).map(|_| std::array::from_fn(|_| ids.bits())).collect();
    let mut next = || {
        let prompt = &mut last[zipf.rank(&mut ranks)];
        prompt[BLOCKS - 4..].fill_with(|| ids.bits());
        *prompt
    };
    (0..PROMPTS).map(|_| next()).collect()
}

fn cache(yaml: &str) -> PrefixCache {
    let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).expect("YAML");
    let spec: PrefixCacheSpec =
        serde_yaml::with::singleton_map_recursive::deserialize(value).expect("a prefix cache");
    PrefixCache::new(&spec, 1, "m", &Streams::new(42, 0))
}

fn serve(cache: &mut PrefixCache, prompts: &[[u64; BLOCKS]]) -> u64 {
    let mut used = 0;
    for prompt in prompts {
        used += u64::from(cache.match_prefix(0, prompt, Time::ZERO, Duration::ZERO).used);
        cache.commit(0, prompt);
    }
    used
}

fn blocks(criterion: &mut Criterion) {
    let prompts = prompts();
    let mut group = criterion.benchmark_group("prefix");
    group.throughput(Throughput::Elements((PROMPTS * BLOCKS) as u64)).sample_size(20);
    let lru = || PolicySpec::Lru.build(Capacity::Entries(CAPACITY), Streams::new(1, 0).stream("x"));
    group.bench_function("bare lru", |bencher| {
        let items = || prompts.as_flattened().iter().map(|id| Item::unit(Key(*id)));
        bencher.iter_batched(lru, |mut lru| lru.replay(items()), BatchSize::LargeInput);
    });
    for (name, spec) in [
        ("one tier, at lookup", format!("{{ capacity: {CAPACITY}, stored: at_lookup }}")),
        ("one tier, after prefill", format!("{{ capacity: {CAPACITY} }}")),
        (
            "three tiers, after prefill",
            "{ tiers: [ { capacity: 3000 }, { capacity: 27000, bandwidth: 20GB/s },
                        { capacity: 300000, bandwidth: 5GB/s, shared: true } ] }"
                .to_owned(),
        ),
    ] {
        let used = serve(&mut cache(&spec), &prompts);
        println!("{name}: {:.4} of the blocks used", used as f64 / (PROMPTS * BLOCKS) as f64);
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || cache(&spec),
                |mut cache| serve(&mut cache, &prompts),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn conversation(criterion: &mut Criterion) {
    let file = data::folder().join("mooncake/conversation_trace.jsonl.gz");
    if !file.is_file() {
        println!("SKIPPED: {} is not there (set WINDTUNNEL_DATA)", file.display());
        return;
    }
    let yaml = format!(
        "workload: {{ trace: {{ mooncake: {} }}, max_tokens: 4000 }}
models: {{ m: {{ server: {{ tokens: {{ per_input_token: 50us }}, concurrency: 24,
    prefix_cache: {{ capacity: {CAPACITY} }} }} }} }}",
        file.display()
    );
    let mut group = criterion.benchmark_group("conversation trace, 12,031 rows");
    group.throughput(Throughput::Elements(12_031)).sample_size(20);
    group.bench_function("read", |bencher| {
        bencher.iter(|| {
            let mut reader = MooncakeReader::open(&file).expect("a Mooncake trace");
            let mut blocks = 0;
            while reader.next_row().expect("a good row").is_some() {
                blocks += reader.blocks().len();
            }
            blocks
        });
    });
    let document = Document::from_text("bench.yaml", &yaml).expect("YAML");
    let prepared = prepare(&document, &Overrides::default()).expect("a sound experiment");
    group.bench_function("a whole run", |bencher| {
        bencher.iter(|| {
            let streams = Streams::new(42, 0);
            system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), None)
                .expect("a run")
        });
    });
    group.finish();
}

criterion_group!(benches, blocks, conversation);
criterion_main!(benches);
