//! What an engine takes of this machine's memory: a fleet has thousands of them.

use windtunnel::kernel::Time;
use windtunnel::serving::engine::{Engine, EngineSpec, Job};
use windtunnel::serving::step::StepModel;
use windtunnel::workload::DataPaths;

use crate::support::{finish, job};

/// Bytes that this process has in memory; `None` where the system does not say.
fn resident() -> Option<f64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096.0)
}

/// KiB that each of `count` engines takes after serving `jobs` jobs.
fn kib_each(count: u32, jobs: u32, prompts: u64) -> Option<f64> {
    let spec = EngineSpec::default();
    let step = StepModel::new(&spec.step, &DataPaths::default()).unwrap();
    let before = resident()?;
    let mut engines: Vec<Engine> = Vec::new();
    for _ in 0..count {
        let mut engine = Engine::new(&spec, &step);
        for nth in 0..jobs {
            // Prompts of 320 tokens, the first 160 of which are those of all.
            let prompt = u64::from(nth) % prompts;
            let blocks: Vec<u64> =
                (0..20).map(|block| if block < 10 { block } else { 20 * prompt + block }).collect();
            let now = Time(u64::from(nth) * 300_000_000);
            while let Some(at) = engine.next_at().filter(|at| *at < now) {
                engine.advance(at, &mut Vec::new());
            }
            engine
                .submit(now, &Job { blocks: &blocks, ..job(nth % 64, 320, 50 + nth % 100) })
                .unwrap();
        }
        finish(&mut engine);
        engines.push(engine);
    }
    let after = resident()?;
    drop(engines);
    Some((after - before) / 1024.0 / f64::from(count))
}

#[test]
fn an_idle_engine_takes_next_to_nothing_and_one_that_served_a_little_little() {
    let Some(idle) = kib_each(4096, 0, 1) else { return };
    assert!(idle < 8.0, "{idle} KiB when idle");
    let Some(used) = kib_each(256, 244, 1000) else { return };
    println!("{idle:.1} KiB idle, {used:.1} KiB after 244 jobs with prompts of their own");
    // A million of them over 4096 engines are within 1 GB.
    assert!(used < 200.0, "{used} KiB after 244 jobs");
}
