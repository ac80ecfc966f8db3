//! `windtunnel cache` in parts: reading a trace in each format, one pass of a
//! policy, LRU's curve, exact and sampled; accesses/s.
//!
//! Zipf(1.0), 2 million accesses to 200,000 objects with random 64-bit ids and
//! sizes.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use windtunnel::cache::replay::{Contender, Replay, Room, Unit, exact_curve, grid, sampled_curve};
use windtunnel::kernel::Streams;
use windtunnel::workload::trace::accesses::{AccessTrace, ReadOptions, read};

#[path = "../tests/support/zipf.rs"]
mod zipf;

const ACCESSES: usize = 2_000_000;
const OBJECTS: usize = 200_000;

/// Ids and sizes.
fn accesses() -> Vec<(u64, u32)> {
    let streams = Streams::new(42, 0);
    let mut draw = streams.stream("objects");
    let objects: Vec<(u64, u32)> =
        (0..OBJECTS).map(|_| (draw.bits(), 100 + draw.below(100_000) as u32)).collect();
    let zipf = zipf::Zipf::new(OBJECTS, 1.0);
    let mut ranks = streams.stream("ranks");
    (0..ACCESSES).map(|_| objects[zipf.rank(&mut ranks)]).collect()
}

/// Writes the trace in each format; the names tell which.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut csv, mut jsonl, mut oracle) = (b"time,key,size\n".to_vec(), Vec::new(), Vec::new());
    for (time, (key, size)) in accesses().into_iter().enumerate() {
        let _ = writeln!(csv, "{time},{key},{size}");
        let _ = writeln!(jsonl, "{{\"time\": {time}, \"key\": {key}, \"size\": {size}}}");
        oracle.extend((time as u32).to_le_bytes());
        oracle.extend(key.to_le_bytes());
        oracle.extend(size.to_le_bytes());
        oracle.extend((-1_i64).to_le_bytes());
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&csv).expect("memory");
    let packed = [
        ("csv.gz", gzip.finish().expect("memory")),
        ("oracleGeneral.zst", compress_to_vec(&oracle[..], CompressionLevel::Fastest)),
    ];
    let plain = [("csv", csv), ("jsonl", jsonl), ("oracleGeneral", oracle)];
    let write = |(ending, bytes): (&str, Vec<u8>)| {
        let path = folder.join(format!("trace.{ending}"));
        fs::write(&path, bytes).expect("a file");
        path
    };
    plain.into_iter().chain(packed).map(write).collect()
}

fn reading(c: &mut Criterion, folder: &Path) -> AccessTrace {
    let mut group = c.benchmark_group("read");
    group.throughput(Throughput::Elements(ACCESSES as u64)).sample_size(10);
    let options = ReadOptions::default();
    let read = |path: &Path| read(path, &options).expect("a trace").0;
    let files = files(folder);
    for path in &files {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        group.bench_function(name, |b| b.iter(|| read(path).len()));
    }
    // A file that another has locked is not mapped.
    let oracle = files.iter().find(|path| path.ends_with("trace.oracleGeneral")).expect("written");
    let locked = File::open(oracle).expect("a file");
    locked.lock().expect("a lock");
    group.bench_function("trace.oracleGeneral by blocks", |b| b.iter(|| read(oracle).len()));
    drop(locked);
    read(oracle)
}

fn passes(c: &mut Criterion, trace: &AccessTrace) {
    let mut group = c.benchmark_group("pass");
    group.throughput(Throughput::Elements(ACCESSES as u64)).sample_size(10);
    for unit in [Unit::Objects, Unit::Bytes] {
        let capacities = grid(trace, unit, []);
        let name = unit.name();
        group.bench_function(format!("exact curve, {name}"), |b| {
            b.iter(|| exact_curve(trace, unit, &capacities, 0));
        });
        group.bench_function(format!("shards:0.01 curve, {name}"), |b| {
            b.iter(|| sampled_curve(trace, unit, &capacities, 0, (0.01, 1)));
        });
    }
    let replay = Replay { trace, warmup: 0, seed: 1, ttl: None };
    let rooms = [Room { unit: Unit::Objects, amount: OBJECTS as u64 / 10 }];
    for policy in Contender::all() {
        let policies = [policy];
        group.bench_function(format!("{}, 10 % of the objects", policies[0].name()), |b| {
            let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
            b.iter(|| replay.run(&policies, &rooms, &done, &stop));
        });
    }
}

fn benches(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = reading(c, folder.path());
    passes(c, &trace);
}

criterion_group!(all, benches);
criterion_main!(all);
