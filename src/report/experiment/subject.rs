//! What an experiment is about, by what was measured: which metrics are shown first, on the
//! terminal, on the page and in charts that nobody asked for.

use crate::report::results::columns::number;
use crate::stats::Table;

/// A window longer than this, in seconds, is one of which people ask what a month costs.
const LONG_S: f64 = 2.0 * 86_400.0;

/// Qualities that differ by less are those of the same answers.
const ALIKE: f64 = 0.02;

/// What was measured says what an experiment is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Subject {
    /// Jobs of several calls: there are workflows.
    jobs: bool,
    /// Tokens: there are batching engines.
    engines: bool,
    /// Answers to other questions: a semantic cache gave some.
    similar: bool,
    /// Answers of unlike quality: models or samples are chosen among.
    choice: bool,
    /// Days or more.
    long: bool,
}

impl Subject {
    /// What the experiment with these points is about.
    pub(super) fn of(points: &Table) -> Self {
        Subject {
            jobs: says(points, "workflows"),
            engines: says(points, "batch_size_mean"),
            similar: says(points, "semantic_hits"),
            choice: range(points, "quality_mean").is_some_and(|range| range > ALIKE),
            long: values(points, "window_s").any(|window| window >= LONG_S),
        }
    }

    /// What most people want to know of it, in the order of a table's columns.
    fn metrics(self) -> Vec<&'static str> {
        let Subject { jobs, engines, similar, choice, long } = self;
        let mut all = vec![if jobs { "workflows" } else { "requests" }];
        let mut when = |asked: bool, metrics: &[&'static str]| {
            all.extend(asked.then_some(metrics).into_iter().flatten());
        };
        when(
            jobs,
            &["workflow_success_rate", "makespan_p50_s", "makespan_p99_s", "cost_per_job_usd"],
        );
        when(true, &["cache_hit_rate"]);
        when(similar, &["wrong_answers", "semantic_precision"]);
        when(engines, &["ttft_p50_s", "ttft_p99_s", "tpot_p50_s", "tokens_per_s_per_gpu"]);
        when(engines, &["cost_per_mtok_usd"]);
        when(!engines && !jobs, &["e2e_p50_s", "e2e_p99_s"]);
        when(!engines && !jobs, &["cost_per_request_usd"]);
        when(long, &["cost_usd", "cost_per_month_usd"]);
        when(choice, &["quality_mean"]);
        when(true, &["slo_attainment", "errors", "rejected"]);
        all
    }

    /// What is drawn of it along a sweep, the most telling first.
    fn charted(self) -> Vec<&'static str> {
        let Subject { jobs, engines, similar, choice, long } = self;
        let mut all = Vec::new();
        let mut when = |asked: bool, metrics: &[&'static str]| {
            all.extend(asked.then_some(metrics).into_iter().flatten());
        };
        when(jobs, &["cost_per_job_usd", "makespan_p99_s", "workflow_success_rate"]);
        when(engines, &["cost_per_mtok_usd", "tokens_per_s_per_gpu", "ttft_p99_s", "tpot_p50_s"]);
        when(long, &["cost_per_month_usd"]);
        when(!long && !jobs && !engines, &["cost_per_request_usd"]);
        when(!jobs && !engines, &["e2e_p99_s"]);
        when(choice, &["quality_mean"]);
        when(true, &["cache_hit_rate"]);
        when(similar, &["wrong_answers"]);
        all
    }
}

/// The metrics that are shown first: those that `asked` names, as far as they are columns;
/// otherwise those that suit the experiment and say something.
pub(super) fn shown_first(points: &Table, asked: &[String]) -> Vec<String> {
    if asked.is_empty() {
        let metrics = Subject::of(points).metrics().into_iter();
        return metrics.filter(|metric| says(points, metric)).map(str::to_owned).collect();
    }
    asked.iter().filter(|metric| points.column(metric).is_some()).cloned().collect()
}

/// The metrics that are drawn along a sweep where no charts are asked for.
pub(super) fn drawn_first(points: &Table, asked: &[String]) -> Vec<String> {
    let all = if asked.is_empty() {
        Subject::of(points).charted().into_iter().map(str::to_owned).collect()
    } else {
        asked.to_vec()
    };
    all.into_iter().filter(|metric| varies(points, metric)).collect()
}

/// Whether a metric was measured, and not as 0 everywhere.
pub(super) fn says(points: &Table, metric: &str) -> bool {
    values(points, metric).any(|value| value != 0.0)
}

/// Whether a metric was measured, and not as the same value everywhere.
fn varies(points: &Table, metric: &str) -> bool {
    let mut values = values(points, metric);
    let first = values.next();
    values.any(|value| Some(value) != first)
}

fn values<'t>(points: &'t Table, metric: &str) -> impl Iterator<Item = f64> + use<'t> {
    let column = points.column(metric);
    points.rows.iter().filter_map(move |row| number(&row[column?]))
}

/// How far the points are apart in a metric.
fn range(points: &Table, metric: &str) -> Option<f64> {
    let all = || values(points, metric);
    Some(all().reduce(f64::max)? - all().reduce(f64::min)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Cell;

    /// The points of an experiment that measured these.
    fn points(metrics: &[(&str, f64)]) -> Table {
        let mut table = Table::new(metrics.iter().map(|(name, _)| *name));
        table.push(metrics.iter().map(|(_, value)| Cell::from(*value)).collect());
        table.push(metrics.iter().map(|(_, value)| Cell::from(*value * 1.5)).collect());
        table
    }

    const PLAIN: [(&str, f64); 6] = [
        ("requests", 10.0),
        ("cache_hit_rate", 0.4),
        ("e2e_p50_s", 1.0),
        ("e2e_p99_s", 2.0),
        ("cost_per_request_usd", 0.01),
        ("errors", 0.0),
    ];

    fn first(more: &[(&str, f64)]) -> Vec<String> {
        shown_first(&points(&[&PLAIN[..], more].concat()), &[])
    }

    #[test]
    fn what_is_shown_first_fits_what_was_measured() {
        let plain =
            ["requests", "cache_hit_rate", "e2e_p50_s", "e2e_p99_s", "cost_per_request_usd"];
        assert_eq!(first(&[]), plain, "no errors are nothing to show");
        let jobs = [("workflows", 9.0), ("makespan_p99_s", 8.0), ("cost_per_job_usd", 0.2)];
        assert_eq!(
            first(&jobs),
            ["workflows", "makespan_p99_s", "cost_per_job_usd", "cache_hit_rate"]
        );
        let engines = [("batch_size_mean", 9.0), ("ttft_p99_s", 0.2), ("cost_per_mtok_usd", 2.0)];
        assert_eq!(
            first(&engines),
            ["requests", "cache_hit_rate", "ttft_p99_s", "cost_per_mtok_usd"]
        );
        let similar = [("semantic_hits", 9.0), ("wrong_answers", 2.0)];
        assert!(first(&similar).contains(&"wrong_answers".to_owned()));
    }

    #[test]
    fn quality_is_shown_where_it_differs() {
        let quality = |quality: f64| first(&[("quality_mean", quality)]);
        assert!(quality(0.6).contains(&"quality_mean".to_owned()));
        assert!(!quality(0.001).contains(&"quality_mean".to_owned()));
    }

    #[test]
    fn a_month_is_asked_for_where_days_are_simulated() {
        let window = |days: f64| [("window_s", days * 86_400.0), ("cost_per_month_usd", 1460.0)];
        assert!(first(&window(3.0)).contains(&"cost_per_month_usd".to_owned()));
        assert!(!first(&window(0.1)).contains(&"cost_per_month_usd".to_owned()));
    }

    #[test]
    fn columns_that_are_asked_for_are_shown_as_they_are() {
        let asked = ["errors", "e2e_p50_s"].map(str::to_owned);
        assert_eq!(shown_first(&points(&PLAIN), &asked), asked);
        assert_eq!(drawn_first(&points(&PLAIN), &asked), ["e2e_p50_s"], "errors do not vary");
        assert_eq!(
            drawn_first(&points(&PLAIN), &[]),
            ["cost_per_request_usd", "e2e_p99_s", "cache_hit_rate"]
        );
    }
}
