//! `search.csv`: the evidence for each trial.

use crate::experiment::plain;
use crate::experiment::search::{Finding, Trials};
use crate::report::search::pareto_front::pareto;
use crate::stats::{Cell, Table};
use crate::system::METRICS;

/// What the front is made of besides the cost: response time, and quality, of which more
/// is better.
const TIME: &str = "e2e_p99_s";
const QUALITY: &str = "quality_mean";

fn index(name: &str) -> usize {
    METRICS.iter().position(|metric| metric.name == name).unwrap_or(0)
}

/// A row for each trial, in the order in which they were asked for.
pub(super) fn search(trials: &Trials<'_>, finding: &Finding) -> Table {
    let cost = finding.cost.as_deref().unwrap_or("cost_per_request_usd");
    let mut metrics: Vec<&str> = finding.bounds.iter().map(|bound| bound.name.as_str()).collect();
    for name in [cost, TIME, QUALITY, "overloaded"] {
        if !metrics.contains(&name) {
            metrics.push(name);
        }
    }
    let front: Vec<bool> = {
        let mean = |trial: usize, name: &str| trials.estimate(trial, index(name)).mean;
        let row = |trial: usize| vec![mean(trial, cost), mean(trial, TIME), -mean(trial, QUALITY)];
        pareto(&(0..trials.list.len()).map(row).collect::<Vec<_>>())
    };
    let mut columns = vec!["trial".to_owned(), "stage".to_owned()];
    columns.extend(trials.knobs.iter().map(|knob| knob.name.clone()));
    columns.extend(["replications", "verdict", "sure", "binds", "pareto"].map(str::to_owned));
    columns.extend(metrics.iter().flat_map(|name| [(*name).to_owned(), format!("{name}_ci95")]));
    let mut table = Table::new(columns);
    for (number, (trial, found)) in trials.list.iter().zip(&finding.judgements).enumerate() {
        let mut row: Vec<Cell> = vec![(number as u64).into(), trial.stage.as_str().into()];
        row.extend(trial.settings.iter().map(|value| Cell::from(plain(value))));
        row.push((trial.replications() as u64).into());
        row.push(if found.holds { "holds" } else { "does not hold" }.into());
        row.push(if found.sure { "by intervals" } else { "by means" }.into());
        row.push(found.binds.as_str().into());
        row.push(u64::from(front[number]).into());
        for name in &metrics {
            let estimate = trials.estimate(number, index(name));
            row.extend([estimate.mean, estimate.half_width].map(Cell::from));
        }
        table.push(row);
    }
    table
}
