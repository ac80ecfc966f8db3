//! Trace replay: requests/s of the bare policies beside the crates that
//! implement the same, on one trace in one run.
//!
//! Zipf(1.0), 10 million requests over 1 million objects with random 64-bit
//! ids, cache of 100,000 entries; every iteration starts empty. "Numbered" is the same
//! with ids from 0 on, in the order of their first request, which `windtunnel cache`
//! makes of ids once as it reads a trace: policies then find entries by number. With
//! `WINDTUNNEL_TRACE=zipf.bin` the trace is also written to that file, for
//! `benches/libcachesim_peer.py`.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use windtunnel::cache::policy::Belady;
use windtunnel::cache::{AnyPolicy, Item, Key, PolicySpec};
use windtunnel::kernel::Streams;
use windtunnel::spec::Capacity;
use windtunnel::workload::trace::accesses::{self, ReadOptions};

#[path = "../tests/support/zipf.rs"]
mod zipf;

const REQUESTS: usize = 10_000_000;
const CAPACITY: usize = 100_000;
const OBJECTS: usize = 1_000_000;

/// Writes a trace in libCacheSim's oracleGeneral format: time, id, size and the
/// number of the next request for the id, which -1 says there is not.
fn write_oracle_general(path: &std::ffi::OsStr, trace: &[u64]) -> std::io::Result<()> {
    let next = Belady::next_uses(trace.iter().map(|id| Key(*id)));
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    for (at, (id, next)) in trace.iter().zip(next).enumerate() {
        file.write_all(&(at as u32).to_le_bytes())?;
        file.write_all(&id.to_le_bytes())?;
        file.write_all(&1u32.to_le_bytes())?;
        file.write_all(&next.map_or(-1, i64::from).to_le_bytes())?;
    }
    file.flush()
}

fn replay(cache: &mut AnyPolicy, trace: &[u64]) -> u64 {
    cache.replay(trace.iter().map(|id| Item::unit(Key(*id))))
}

fn ours(c: &mut Criterion, trace: &[u64], numbered: &[u64]) {
    let mut group = c.benchmark_group("replay");
    group.throughput(Throughput::Elements(REQUESTS as u64)).sample_size(10);
    for policy in PolicySpec::all() {
        for (kind, trace, keys) in [("", trace, None), (", numbered", numbered, Some(OBJECTS))] {
            let empty = || {
                let stream = Streams::new(1, 0).stream("policy");
                let mut cache = policy.build(Capacity::Entries(CAPACITY as u64), stream);
                if let Some(keys) = keys {
                    cache.number_keys(keys);
                }
                cache
            };
            let mut cache = empty();
            let misses = REQUESTS as u64 - replay(&mut cache, trace);
            let name = policy.name();
            println!(
                "{name}{kind}: miss ratio {:.4}, {:.1} bytes per cached object",
                misses as f64 / REQUESTS as f64,
                cache.bytes() as f64 / cache.table().len() as f64,
            );
            group.bench_function(format!("windtunnel {name}{kind}"), |b| {
                let replay = |mut cache: AnyPolicy| replay(&mut cache, trace);
                b.iter_batched(empty, replay, BatchSize::PerIteration);
            });
        }
    }
}

/// The ids as numbers from 0 on, in the order of their first request.
fn numbered(trace: &[u64]) -> Vec<u64> {
    let mut numbers = HashMap::new();
    trace
        .iter()
        .map(|id| {
            let next = numbers.len() as u64;
            *numbers.entry(*id).or_insert(next)
        })
        .collect()
}

/// What it takes to read a trace in oracleGeneral format and number its ids, once for all
/// policies and capacities.
fn read(c: &mut Criterion, trace: &[u64]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("zipf.oracleGeneral.bin");
    write_oracle_general(file.as_os_str(), trace).expect("the trace can be written");
    let mut group = c.benchmark_group("read a trace and number its ids");
    group.throughput(Throughput::Elements(REQUESTS as u64)).sample_size(10);
    group.bench_function("oracle_general", |b| {
        b.iter(|| {
            accesses::read(&file, &ReadOptions::default()).expect("a good trace").0.objects()
        });
    });
}

/// A peer: a closure that looks a key up and stores it if missing.
fn peer<C>(
    c: &mut Criterion,
    trace: &[u64],
    name: &str,
    empty: impl Fn() -> C,
    request: impl Fn(&mut C, u64) -> bool,
) {
    let run = |mut cache: C| trace.iter().filter(|id| request(&mut cache, **id)).count();
    println!("{name}: miss ratio {:.4}", 1.0 - run(empty()) as f64 / REQUESTS as f64);
    let mut group = c.benchmark_group("replay");
    group.throughput(Throughput::Elements(REQUESTS as u64)).sample_size(10);
    group.bench_function(name, |b| {
        b.iter_batched(&empty, |cache| black_box(run(cache)), BatchSize::PerIteration);
    });
}

fn replays(c: &mut Criterion) {
    let trace = zipf::benchmark_trace(REQUESTS);
    if let Some(path) = std::env::var_os("WINDTUNNEL_TRACE") {
        write_oracle_general(&path, &trace).expect("the trace can be written");
    }
    let numbers = numbered(&trace);
    read(c, &trace);
    ours(c, &trace, &numbers);
    peer(
        c,
        &trace,
        "crate lru",
        || lru::LruCache::new(NonZeroUsize::MIN.saturating_add(CAPACITY - 1)),
        |cache, id| {
            let hit = cache.get(&id).is_some();
            if !hit {
                cache.put(id, ());
            }
            hit
        },
    );
    for (name, trace) in [("crate schnellru", &trace), ("crate schnellru, numbered", &numbers)] {
        peer(
            c,
            trace,
            name,
            || schnellru::LruMap::new(schnellru::ByLength::new(CAPACITY as u32)),
            |cache, id| {
                let hit = cache.get(&id).is_some();
                if !hit {
                    cache.insert(id, ());
                }
                hit
            },
        );
    }
    peer(
        c,
        &trace,
        "crate quick_cache (s3-fifo)",
        || quick_cache::unsync::Cache::new(CAPACITY),
        |cache, id| {
            let hit = cache.get(&id).is_some();
            if !hit {
                cache.insert(id, ());
            }
            hit
        },
    );
}

criterion_group!(benches, replays);
criterion_main!(benches);
