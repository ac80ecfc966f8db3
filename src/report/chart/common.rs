//! What charts of experiments have in common.

use crate::report::figure::axis::{Axis, drawable};
use crate::report::results::Results;
use crate::report::results::panels::Interval;
use crate::stats::lowess;

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

/// The title of one chart of a spec: what was asked for, which for one of several charts is
/// the title of them all and followed by the metric; else what is shown.
pub(super) fn title(
    asked: Option<&str>,
    (several, metric): (bool, &str),
    shown: impl FnOnce() -> String,
) -> String {
    match asked {
        Some(asked) if several => format!("{asked}: {metric}"),
        Some(asked) => asked.to_owned(),
        None => shown(),
    }
}

/// What hollow marks are: points whose means depend on how long they were run.
pub(super) const OVERLOADED: &str = "overloaded";

/// Places at which a trend is drawn.
const PLACES: usize = 60;

/// The trend of points as a curve, smooth in the axes' own scales; empty where there are too
/// few.
pub(super) fn trend(points: &[(f64, f64)], x: &Axis, y: &Axis) -> Vec<(f64, f64)> {
    let drawn = points.iter().filter(|(x, y)| drawable(*x) && drawable(*y));
    let spots: Vec<(f64, f64)> =
        drawn.map(|(at, value)| (x.coordinate(*at), y.coordinate(*value))).collect();
    let low = spots.iter().map(|(at, _)| *at).fold(f64::INFINITY, f64::min);
    let high = spots.iter().map(|(at, _)| *at).fold(f64::NEG_INFINITY, f64::max);
    let place = |i: usize| low + (high - low) * i as f64 / (PLACES - 1) as f64;
    let places: Vec<f64> = (0..PLACES).map(place).collect();
    let (bottom, top) = (y.coordinate(y.low), y.coordinate(y.high));
    let curve = lowess(&spots, &places).into_iter();
    curve.map(|(at, value)| (x.value(at), y.value(value.clamp(bottom, top)))).collect()
}

/// Panels in a row, and the height of each, for so many panels.
pub(super) fn grid(panels: usize) -> (usize, f64) {
    match panels {
        0 | 1 => (1, 300.0),
        2 | 4 => (2, 200.0),
        _ => (3, 165.0),
    }
}
