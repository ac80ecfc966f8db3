//! Warnings of points whose means hide that they were not in a steady state, or of nothing.

use crate::experiment::Experiment;
use crate::report::number_format;
use crate::report::results::columns::number;
use crate::report::results::point_label::point_in_words;
use crate::stats::{Cell, Table};

/// A drift of less than this share of the mean is not worth a word.
const DRIFT: f64 = 0.25;
/// The most points that are named.
const MOST: usize = 5;

/// What a reader of the points' means should know: in which points no request was measured,
/// which are overloaded in more than half of their runs, and in which the number of
/// requests in the system rises or falls by more than chance explains. `replications` is
/// how many runs each has, where the table does not tell.
pub fn warnings(points: &Table, swept: &[String], replications: usize) -> Vec<String> {
    let (mut empty, mut all) = (Vec::new(), Vec::new());
    for (index, row) in points.rows.iter().enumerate() {
        let cell = |name: &str| points.column(name).and_then(|index| number(&row[index]));
        let runs = cell("replications").unwrap_or(replications as f64);
        let named = name(points, index, swept);
        let overloaded = cell("overloaded").unwrap_or(0.0) * runs;
        let (drift, half) = (cell("drift").unwrap_or(0.0), cell("drift_ci95"));
        if cell("requests") == Some(0.0) {
            empty.push(format!(
                "{named} has no requests after its warm-up: nothing is measured; shorten the \
                 warm-up or lengthen the run"
            ));
        } else if 2.0 * overloaded > runs {
            all.push(format!(
                "{named} is overloaded in {overloaded:.0} of {runs:.0} runs: requests pile up, and \
                 its means depend on the duration"
            ));
        } else if drift.abs() > DRIFT && half.is_some_and(|half| half < drift.abs()) {
            let way = if drift > 0.0 { "rises" } else { "falls" };
            let percent = number_format::percent(drift.abs());
            all.push(format!(
                "{named} is not steady: the number of requests in the system {way} by {percent} of \
                 its mean over the window; if that is not meant, lengthen the warm-up or the run"
            ));
        }
    }
    let mut told = few(empty, "have no requests after their warm-up");
    told.extend(few(all, "are overloaded or not steady"));
    told
}

/// The first of some warnings, and how many more points are alike.
pub(super) fn few(mut all: Vec<String>, what: &str) -> Vec<String> {
    let left = all.len().saturating_sub(MOST);
    if left > 0 {
        all.truncate(MOST);
        all.push(format!("{left} more points {what}; see points.csv"));
    }
    all
}

/// `point 3 (rate 20/s)`.
pub(super) fn name(points: &Table, row: usize, swept: &[String]) -> String {
    let words = point_in_words(points, row, swept);
    if words.is_empty() {
        return "the system".to_owned();
    }
    let point = points.column("point").map_or(Cell::Empty, |index| points.rows[row][index].clone());
    format!("point {point} ({words})")
}

/// Which points got the most replications and yet not the `precision` that was asked for,
/// and in which its metric was never measured.
pub fn precision_warnings(
    points: &Table,
    swept: &[String],
    experiment: &Experiment,
) -> Vec<String> {
    let Some(asked) = &experiment.precision else { return Vec::new() };
    let (metric, relative) = (&asked.metric, asked.relative.get());
    let most = experiment.replicated().most() as f64;
    let mut all = Vec::new();
    for (index, row) in points.rows.iter().enumerate() {
        let cell = |name: &str| points.column(name).and_then(|index| number(&row[index]));
        let runs = cell("replications").unwrap_or(most);
        let named = name(points, index, swept);
        let Some(mean) = cell(metric) else {
            all.push(format!(
                "{named} never measured {metric}: `precision` cannot tell, and stopped at {runs:.0} \
                 replications"
            ));
            continue;
        };
        let half = cell(&format!("{metric}_ci95"));
        if runs < most || half.is_some_and(|half| half <= relative * mean.abs()) {
            continue;
        }
        let known = match half {
            Some(half) if mean != 0.0 => {
                format!("to within {} of its mean", number_format::percent(half / mean.abs()))
            }
            _ => "less precisely".to_owned(),
        };
        all.push(format!(
            "{named} has the most replications, {runs:.0}, and knows {metric} {known}, not the {} \
             that `precision` asks for; raise `max`, or lengthen the run",
            number_format::percent(relative)
        ));
    }
    few(all, "are not as precise as was asked for")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rows: &[(f64, f64, f64)]) -> Vec<String> {
        let mut table = Table::new(["point", "a.rate", "drift", "drift_ci95", "overloaded"]);
        for (index, (drift, half, overloaded)) in rows.iter().enumerate() {
            let numbers = [*drift, *half, *overloaded].map(Cell::from);
            let mut row = vec![Cell::from(index as u64), Cell::from("20/s")];
            row.extend(numbers);
            table.push(row);
        }
        warnings(&table, &["a.rate".to_owned()], 5)
    }

    #[test]
    fn a_point_without_requests_is_told() {
        let mut table = Table::new(["point", "requests"]);
        table.push(vec![Cell::from(0u64), Cell::from(0.0)]);
        let found = warnings(&table, &[], 3);
        assert!(found[0].starts_with("the system has no requests after its warm-up"), "{found:?}");
    }

    #[test]
    fn overloads_and_sure_drifts_are_told_and_chance_is_not() {
        assert_eq!(told(&[(0.1, 0.05, 0.0), (0.4, 0.6, 0.2), (f64::NAN, f64::NAN, 0.0)]).len(), 0);
        let found = told(&[(1.9, 0.1, 0.8), (-0.5, 0.1, 0.0)]);
        assert!(found[0].starts_with("point 0 (rate 20/s) is overloaded in 4 of 5 runs"));
        assert!(found[1].contains("falls by 50.0 % of its mean"), "{}", found[1]);
        let many = told(&[(1.9, 0.1, 1.0); 9]);
        assert_eq!((many.len(), many[5].split(' ').next()), (6, Some("4")));
    }

    #[test]
    fn points_without_the_precision_that_was_asked_for_are_told() {
        let experiment: Experiment = serde_yaml::from_str(
            "{ replications: 3, precision: { metric: e2e_p99_s, relative: 0.1, max: 10 } }",
        )
        .expect("an experiment");
        let mut table =
            Table::new(["point", "a.rate", "replications", "e2e_p99_s", "e2e_p99_s_ci95"]);
        for (runs, mean, half) in
            [(6, 2.0, 0.19), (9, 2.0, 0.2), (9, 2.0, 0.5), (9, 2.0, f64::NAN), (3, f64::NAN, 0.0)]
        {
            let point = table.rows.len() as u64;
            let mut row = vec![Cell::from(point), Cell::from("20/s"), Cell::Int(runs)];
            row.extend([mean, half].map(Cell::from));
            table.push(row);
        }
        let found = precision_warnings(&table, &["a.rate".to_owned()], &experiment);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("point 2 (rate 20/s) has the most replications, 9, and"));
        assert!(found[0].contains("to within 25.0 % of its mean, not the 10.0 %"), "{}", found[0]);
        assert!(found[1].contains("less precisely"), "{}", found[1]);
        assert!(found[2].contains("never measured e2e_p99_s"), "{}", found[2]);
        let none = serde_yaml::from_str("replications: 3").expect("an experiment");
        assert_eq!(precision_warnings(&table, &[], &none), Vec::<String>::new());
    }
}
