//! `search.csv`: the evidence for each trial.

use crate::experiment::plain;
use crate::experiment::search::{Finding, Trials};
use crate::report::results::estimates::columns_of;
use crate::report::search::pareto_front::pareto;
use crate::stats::{Cell, Table};
use crate::system::MetricId;

/// What the front is made of besides the cost: response time, and quality, of which more
/// is better.
const TIME: MetricId = MetricId::E2E_P99_S;
const QUALITY: MetricId = MetricId::QUALITY_MEAN;

/// A row for each trial, in the order in which they were asked for.
pub(super) fn search(trials: &Trials<'_>, finding: &Finding) -> Table {
    let cost = finding.cost.unwrap_or(MetricId::COST_PER_REQUEST_USD);
    let mut metrics: Vec<MetricId> = finding.bounds.iter().map(|bound| bound.metric).collect();
    for metric in [cost, TIME, QUALITY, MetricId::OVERLOADED] {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    let front: Vec<bool> = {
        let mean = |trial: usize, metric: MetricId| trials.estimate(trial, metric).mean;
        let row = |trial: usize| vec![mean(trial, cost), mean(trial, TIME), -mean(trial, QUALITY)];
        pareto(&(0..trials.list.len()).map(row).collect::<Vec<_>>())
    };
    let mut columns = vec!["trial".to_owned(), "stage".to_owned()];
    columns.extend(trials.knobs.iter().map(|knob| knob.name.clone()));
    columns.extend(["replications", "verdict", "sure", "binds", "pareto"].map(str::to_owned));
    columns.extend(metrics.iter().flat_map(|metric| columns_of(metric.name())));
    let mut table = Table::new(columns);
    for (number, (trial, found)) in trials.list.iter().zip(&finding.judgements).enumerate() {
        let mut row: Vec<Cell> = vec![(number as u64).into(), trial.stage.as_str().into()];
        row.extend(trial.settings.iter().map(|value| Cell::from(plain(value))));
        row.push((trial.replications() as u64).into());
        row.push(if found.holds { "holds" } else { "does not hold" }.into());
        row.push(if found.sure { "by intervals" } else { "by means" }.into());
        row.push(found.binds.as_str().into());
        row.push(u64::from(front[number]).into());
        for metric in &metrics {
            let estimate = trials.estimate(number, *metric);
            row.extend([estimate.mean, estimate.low, estimate.high].map(Cell::from));
        }
        table.push(row);
    }
    table
}
