//! Trace replay: requests/s of the bare policies beside the crates that
//! implement the same, on one trace in one run.
//!
//! Zipf(1.0), 10 million requests over 1 million objects with random 64-bit
//! ids, cache of 100,000 entries; every iteration starts empty. With
//! `WINDTUNNEL_TRACE=zipf.bin` the trace is also written to that file, for
//! `benches/libcachesim_peer.py`.

use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use windtunnel::cache::policy::Belady;
use windtunnel::cache::{AnyPolicy, Item, Key, PolicySpec};
use windtunnel::kernel::Streams;
use windtunnel::spec::Capacity;

#[path = "../tests/support/zipf.rs"]
mod zipf;

const REQUESTS: usize = 10_000_000;
const CAPACITY: usize = 100_000;

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

fn ours(c: &mut Criterion, trace: &[u64]) {
    let mut group = c.benchmark_group("replay");
    group.throughput(Throughput::Elements(REQUESTS as u64)).sample_size(10);
    for policy in PolicySpec::all() {
        let stream = || Streams::new(1, 0).stream("policy");
        let empty = || policy.build(Capacity::Entries(CAPACITY as u64), stream());
        let mut cache = empty();
        let misses = REQUESTS as u64 - replay(&mut cache, trace);
        println!(
            "{}: miss ratio {:.4}, {:.1} bytes per cached object",
            policy.name(),
            misses as f64 / REQUESTS as f64,
            cache.bytes() as f64 / cache.table().len() as f64,
        );
        group.bench_function(format!("windtunnel {}", policy.name()), |b| {
            b.iter_batched(empty, |mut cache| replay(&mut cache, trace), BatchSize::PerIteration);
        });
    }
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
    ours(c, &trace);
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
    peer(
        c,
        &trace,
        "crate schnellru",
        || schnellru::LruMap::new(schnellru::ByLength::new(CAPACITY as u32)),
        |cache, id| {
            let hit = cache.get(&id).is_some();
            if !hit {
                cache.insert(id, ());
            }
            hit
        },
    );
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
