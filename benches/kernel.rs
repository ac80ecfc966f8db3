//! Events per second of M/M/1 and M/M/16 through the public API, beside nexosim.
//!
//! `cargo bench --bench kernel`

mod queueing;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use queueing::{SHOPS, nexo, ours};

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
        group.sample_size(30).throughput(Throughput::Elements(sim.events()));
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

criterion_group!(benches, kernels);
criterion_main!(benches);
