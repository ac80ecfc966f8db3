//! Of how many the times are by which a trial holds.

use crate::experiment::search::{Finding, Trials};
use crate::report::results::survivors;
use crate::stats::{Cell, Table};
use crate::system::MetricId;

/// Metrics that tell how many fail: whoever bounds one has thought of it.
const OF_FAILURES: [&str; 7] = [
    "completed",
    "errors",
    "rejected",
    "error_rate",
    "slo_attainment",
    "goodput_rps",
    "workflow_success_rate",
];

/// The answer in a sentence, with of how many its times are, where these are not nearly all.
pub(super) fn found(trials: &Trials<'_>, finding: &Finding) -> String {
    match &notes(trials, finding)[..] {
        [] => finding.words.clone(),
        notes => format!("{} ({})", finding.words, notes.join("; ")),
    }
}

/// What to beware of: an answer that holds by the times of a few, the others having failed.
pub fn search_warnings(trials: &Trials<'_>, finding: &Finding) -> Vec<String> {
    let Some(best) = finding.best else { return Vec::new() };
    if finding.bounds.iter().any(|bound| OF_FAILURES.contains(&bound.metric.name())) {
        return Vec::new();
    }
    let warning = |note: String| {
        format!(
            "trial {best} holds by the {note}: what fails has no time; bound `error_rate` too (of \
             workflows `workflow_success_rate`)"
        )
    };
    notes(trials, finding).into_iter().map(warning).collect()
}

fn notes(trials: &Trials<'_>, finding: &Finding) -> Vec<String> {
    let Some(best) = finding.best else { return Vec::new() };
    let mut table = Table::new(survivors::counts());
    let mean = |name: &str| {
        MetricId::named(name).map_or(Cell::Empty, |it| trials.estimate(best, it).mean.into())
    };
    table.push(survivors::counts().map(mean).collect());
    let bounded: Vec<&str> = finding.bounds.iter().map(|bound| bound.metric.name()).collect();
    survivors::notes(&table, &bounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_of_failures_is_a_metric() {
        for name in OF_FAILURES.into_iter().chain(survivors::counts()) {
            assert!(MetricId::named(name).is_some(), "{name}");
        }
    }
}
