//! Runs of an experiment's first point.

use std::sync::atomic::AtomicBool;

use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::kernel::Streams;
use windtunnel::system::{self, METRICS, RunTables};

/// Runs an experiment's first point once.
pub fn simulate(yaml: &str) -> RunTables {
    replicate(yaml, 0)
}

/// A replication of it.
pub fn replicate(yaml: &str, replication: u64) -> RunTables {
    let document = Document::from_text("test.yaml", yaml).expect("YAML");
    let prepared = prepare(&document, &Overrides::default()).unwrap_or_else(|found| {
        panic!("{}\n{yaml}", found.iter().fold(String::new(), |text, one| text + &one.to_string()))
    });
    let streams = Streams::new(prepared.resolved.experiment.seed, replication);
    system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), None).expect("a run")
}

/// A metric of a run.
pub fn metric(run: &RunTables, name: &str) -> f64 {
    let index = METRICS.iter().position(|metric| metric.name == name);
    run.metrics[index.unwrap_or_else(|| panic!("no metric {name}"))]
}
