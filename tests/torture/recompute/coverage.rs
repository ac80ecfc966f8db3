//! That no metric is left out: each is computed anew, or it is said why it cannot be.

use std::collections::BTreeSet;

use windtunnel::system::METRICS;

use super::{NOT_FROM_ROWS, broken, recomputed};
use crate::hold::Found;
use crate::run::books;

/// Has what metrics are of, between them.
const SYSTEMS: [&str; 2] = [
    "
duration: 5s
warmup: 1s
slo: { e2e: 3s }
workload: { arrivals: { poisson: { rate: 10/s } } }
models: { m: { price: { per_token: 0.001, per_gpu_hour: $2 },
  server: { replicas: 2, concurrency: 4, tokens: { ttft: { uniform: { max: 2s } } } } } }
resilience: { timeout: 1900ms, num_retries: 1 }
gateway: { queue: { concurrency: 3, ttl: 500ms } }
cost: { levers: { trim: { max_tokens: 5 } } }
orchestration: { workflows: { w: { agent: { react: {} } } } }
",
    "
duration: 5s
warmup: 1s
workload: { arrivals: { poisson: { rate: 10/s } } }
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
fn a_metric_that_is_one_percent_off_is_found() {
    for system in SYSTEMS {
        let mut books = books(system).expect("a sound system");
        let mut found = Found::default();
        broken(&books, &mut found);
        assert_eq!(found.kinds(), Vec::<&str>::new());
        for name in recomputed(&books) {
            let Some(index) = METRICS.iter().position(|metric| metric.name == name) else {
                continue;
            };
            let sound = books.tables.metrics[index];
            if sound.is_nan() || sound == 0.0 {
                continue;
            }
            books.tables.metrics[index] = sound * 1.01;
            let mut found = Found::default();
            broken(&books, &mut found);
            let kind = format!("{name} is what the rows give");
            assert!(found.kinds().contains(&kind.as_str()), "{name}: {sound}");
            books.tables.metrics[index] = sound;
        }
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
