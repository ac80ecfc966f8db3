//! What charts of experiments have in common.

use crate::report::results::Results;
use crate::report::results::panels::Interval;

/// The conditions of a chart in a sentence: the experiment, what the marks and
/// intervals are, and what else is to be known.
pub(super) fn conditions(
    results: &Results,
    interval: Interval,
    drawn: &str,
    more: Vec<String>,
) -> String {
    let replications = match (results.fewest, results.replications) {
        (_, 0) => String::new(),
        (_, 1) => "one replication".to_owned(),
        (fewest, most) if fewest < most => format!("mean of {fewest} to {most} replications"),
        (_, most) => format!("mean of {most} replications"),
    };
    let interval = match interval {
        Interval::None => String::new(),
        Interval::Confidence => format!("{drawn}: 95 % confidence interval"),
        Interval::Range => format!("{drawn}: lowest to highest replication"),
    };
    let parts = [results.title.to_owned(), replications, interval].into_iter().chain(more);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Panels in a row, and the height of each, for so many panels.
pub(super) fn grid(panels: usize) -> (usize, f64) {
    match panels {
        0 | 1 => (1, 300.0),
        2 | 4 => (2, 200.0),
        _ => (3, 165.0),
    }
}
