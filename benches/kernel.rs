//! Events per second of M/M/1 and M/M/16 through the public API, beside nexosim.
//!
//! `cargo bench --bench kernel`

mod queueing;

use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use queueing::{SHOPS, nexo, ours};
use windtunnel::kernel::{Duration, Streams};
use windtunnel::stats::Histogram;

/// Virtual seconds of a run: some 200,000 events.
const SPAN: u64 = 100_000;

fn kernels(criterion: &mut Criterion) {
    for shop in SHOPS {
        let mut sim = ours::simulation(shop);
        let outcome = ours::run(&mut sim, SPAN);
        let (mut nexosim, report) = nexo::simulation(shop);
        nexo::run(&mut nexosim, SPAN);
        drop(nexosim);
        assert_eq!(*report.lock().expect("no bench panicked"), outcome, "the same customers");

        let mut group = criterion.benchmark_group(shop.name);
        group
            .sample_size(40)
            .sampling_mode(SamplingMode::Flat)
            .throughput(Throughput::Elements(sim.events()));
        group.bench_function("windtunnel", |bencher| {
            bencher.iter_batched_ref(
                || ours::simulation(shop),
                |sim| ours::run(sim, SPAN),
                BatchSize::PerIteration,
            );
        });
        group.bench_function("nexosim 1.0", |bencher| {
            bencher.iter_batched_ref(
                || nexo::simulation(shop).0,
                |simulation| nexo::run(simulation, SPAN),
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }
}

/// One record of an exponential latency in a histogram.
fn histogram(criterion: &mut Criterion) {
    let mut stream = Streams::new(42, 0).stream("latency");
    let spans: Vec<Duration> = (0..10_000).map(|_| stream.exponential_span(0.5)).collect();
    let mut histogram = Histogram::new();
    let mut group = criterion.benchmark_group("Histogram");
    group.throughput(Throughput::Elements(spans.len() as u64));
    group.bench_function("record", |bencher| {
        bencher.iter(|| spans.iter().for_each(|&span| histogram.record(span)));
    });
    group.finish();
}

criterion_group!(benches, kernels, histogram);
criterion_main!(benches);
