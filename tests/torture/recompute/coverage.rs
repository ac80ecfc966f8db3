//! That no metric is left out: each is computed anew, or it is said why it cannot be.

use std::collections::BTreeSet;

use windtunnel::system::METRICS;

use super::{NOT_FROM_ROWS, recomputed};
use crate::run::books;

/// Has what metrics are of, between them.
const SYSTEMS: [&str; 2] = [
    "
requests: 20
slo: { e2e: 10s }
workload: { arrivals: { constant: { rate: 10/s } } }
models: { m: { price: { per_gpu_hour: $2 }, server: { replicas: 2, tokens: { ttft: 1s } } } }
cost: { levers: { trim: { max_tokens: 5 } } }
orchestration: { workflows: { w: { agent: { react: {} } } } }
",
    "
requests: 20
workload: { arrivals: { constant: { rate: 10/s } } }
models: { m: { server: { replicas: 2, engine: {}, disaggregate: { prefill: 1 } } } }
",
];

#[test]
fn every_metric_is_computed_anew_or_said_not_to_be() {
    let mut known = BTreeSet::new();
    for system in SYSTEMS {
        known.extend(recomputed(&books(system).expect("a sound system")));
    }
    let excused: BTreeSet<&str> =
        NOT_FROM_ROWS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    for metric in METRICS {
        let (is_known, is_excused) = (known.contains(metric.name), excused.contains(metric.name));
        assert!(is_known || is_excused, "{} has no formula", metric.name);
        assert!(!(is_known && is_excused), "{} has a formula", metric.name);
    }
    for name in known.iter().chain(&excused) {
        assert!(METRICS.iter().any(|metric| metric.name == *name), "there is no metric {name}");
    }
}

#[test]
fn the_book_gives_every_metric_its_formula() {
    let page = include_str!("../../../docs/metrics.md");
    for metric in METRICS {
        let start = format!("| `{}` | {} | ", metric.name, metric.meaning);
        let row = page.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("docs/metrics.md has no row {start}"));
        let formula = row[start.len()..].trim_end_matches('|').trim();
        assert!(!formula.is_empty(), "docs/metrics.md has no formula for {}", metric.name);
        let excuse = NOT_FROM_ROWS.iter().find(|(_, names)| names.contains(&metric.name));
        let said = excuse.map(|(why, _)| format!("not from rows: {why}"));
        let says = |said: &String| formula == said;
        assert!(said.as_ref().is_none_or(says), "{}: {formula}, not {said:?}", metric.name);
        assert!(said.is_some() || !formula.starts_with("not from rows"), "{}", metric.name);
    }
}
