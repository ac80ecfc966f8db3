//! What an experiment is about, by what was measured: which metrics are shown first, on the
//! terminal, on the page and in charts that nobody asked for.

use crate::report::results::columns::number;
use crate::stats::Table;

/// A window longer than this, in seconds, is one of which people ask what a month costs.
const LONG_S: f64 = 2.0 * 86_400.0;

/// Qualities that differ by less are those of the same answers.
const ALIKE: f64 = 0.02;

/// What an experiment may be about, by what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// Jobs of several calls: there are workflows.
    Jobs,
    /// Tokens: there are batching engines.
    Engines,
    /// Answers to other questions: a semantic cache gave some.
    Similar,
    /// Answers of unlike quality: models or samples are chosen among.
    Choice,
    /// Days or more.
    Days,
}

/// All that the experiment with these points is about; plain requests, if nothing.
fn subjects(points: &Table) -> Vec<About> {
    use About::{Choice, Days, Engines, Jobs, Similar};
    let all = [
        (Jobs, says(points, "workflows")),
        (Engines, says(points, "batch_size_mean")),
        (Similar, says(points, "semantic_hits")),
        (Choice, range(points, "quality_mean").is_some_and(|range| range > ALIKE)),
        (Days, values(points, "window_s").any(|window| window >= LONG_S)),
    ];
    all.into_iter().filter(|(_, is)| *is).map(|(about, _)| about).collect()
}

/// What most people want to know of it, in the order of a table's columns.
fn told(subjects: &[About]) -> Vec<&'static str> {
    use About::{Choice, Days, Engines, Jobs, Similar};
    let is = |about| subjects.contains(&about);
    let plain = !is(Jobs) && !is(Engines);
    let jobs = ["workflow_success_rate", "makespan_p50_s", "makespan_p99_s", "cost_per_job_usd"]
        .as_slice();
    let engines = ["ttft_p50_s", "ttft_p99_s", "tpot_p50_s", "tokens_per_s_per_gpu"].as_slice();
    let all = [
        (is(Jobs), ["workflows"].as_slice()),
        (!is(Jobs), &["requests"]),
        (is(Jobs), jobs),
        (true, &["cache_hit_rate"]),
        (is(Similar), &["wrong_answers", "semantic_precision"]),
        (is(Engines), engines),
        (is(Engines), &["cost_per_mtok_usd"]),
        (plain, &["e2e_p50_s", "e2e_p99_s", "cost_per_request_usd"]),
        (is(Days), &["cost_usd", "cost_per_month_usd"]),
        (is(Choice), &["quality_mean"]),
        (true, &["slo_attainment", "errors", "rejected"]),
    ];
    all.into_iter().filter(|(is, _)| *is).flat_map(|(_, metrics)| metrics.to_vec()).collect()
}

/// What is drawn of it along a sweep, the most telling first.
fn charted(subjects: &[About]) -> Vec<&'static str> {
    use About::{Choice, Days, Engines, Jobs, Similar};
    let is = |about| subjects.contains(&about);
    let plain = !is(Jobs) && !is(Engines);
    let engines = ["cost_per_mtok_usd", "tokens_per_s_per_gpu", "ttft_p99_s", "tpot_p50_s"];
    let all = [
        (is(Jobs), ["cost_per_job_usd", "makespan_p99_s", "workflow_success_rate"].as_slice()),
        (is(Engines), engines.as_slice()),
        (is(Days), &["cost_per_month_usd"]),
        (plain && !is(Days), &["cost_per_request_usd"]),
        (plain, &["e2e_p99_s"]),
        (is(Choice), &["quality_mean"]),
        (true, &["cache_hit_rate"]),
        (is(Similar), &["wrong_answers"]),
    ];
    let all = all.into_iter().filter(|(is, _)| *is);
    all.flat_map(|(_, metrics)| metrics.to_vec()).collect()
}

/// The metrics that are shown first: those that `asked` names, as far as they are columns;
/// otherwise those that suit the experiment and say something.
pub(super) fn shown_first(points: &Table, asked: &[String]) -> Vec<String> {
    if asked.is_empty() {
        let metrics = told(&subjects(points)).into_iter();
        return metrics.filter(|metric| says(points, metric)).map(str::to_owned).collect();
    }
    asked.iter().filter(|metric| points.column(metric).is_some()).cloned().collect()
}

/// The metrics that are drawn along a sweep where no charts are asked for.
pub(super) fn drawn_first(points: &Table, asked: &[String]) -> Vec<String> {
    let all = if asked.is_empty() {
        charted(&subjects(points)).into_iter().map(str::to_owned).collect()
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
