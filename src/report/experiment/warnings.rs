//! Warnings of points whose means hide that they were not in a steady state, or of nothing,
//! and of what is known less well than it looks.

use std::collections::BTreeMap;
use std::path::Path;

use crate::experiment::Experiment;
use crate::report::csv::read_table;
use crate::report::number_format;
use crate::report::results::SENSITIVITY;
use crate::report::results::columns::number;
use crate::report::results::estimates::{EstimateColumns, columns_of};
use crate::report::results::overloaded::is_overloaded;
use crate::report::results::point_label::point_in_words;
use crate::stats::{Cell, Estimate, FEWEST_SOBOL_POINTS, Table};

/// A drift of less than this share of the mean is not worth a word.
const DRIFT: f64 = 0.25;
/// Of fewer requests than this a drift says nothing: each is a large part of it.
const FEW_REQUESTS: f64 = 30.0;
/// The most points that are named.
const MOST: usize = 5;

/// What a reader of a results folder should know, besides its points: how sure the indices
/// in its study of sensitivity are. See `of_points` and `of_precision`.
pub fn warnings(
    folder: &Path,
    points: &Table,
    swept: &[String],
    experiment: &Experiment,
) -> Vec<String> {
    let mut all = of_points(points, swept, experiment.replications as usize);
    all.extend(of_precision(points, swept, experiment));
    let asks = experiment.sweep.sobol.is_some();
    let table = asks.then(|| read_table(&folder.join(SENSITIVITY)).ok()).flatten();
    all.extend(table.and_then(|table| of_indices(&table)));
    all
}

/// Sobol' indices that are not known to this half width are told.
const INDEX: f64 = 0.1;
/// So many samples are a good beginning.
const ENOUGH: u32 = 64;

/// How many samples it takes to know the indices, if there are too few.
fn of_indices(sensitivity: &Table) -> Option<String> {
    let metric = sensitivity.column("metric")?;
    let samples = sensitivity.column("samples")?;
    let samples = sensitivity.rows.first().and_then(|row| number(&row[samples]))?;
    if samples < FEWEST_SOBOL_POINTS as f64 {
        return Some(format!(
            "Sobol' indices have too few samples to tell: {samples:.0}; take {ENOUGH} or more \
             (sweep.sobol.samples)"
        ));
    }
    let columns = ["first_order", "total"].map(|name| EstimateColumns::find(sensitivity, name));
    let mut widest: BTreeMap<String, f64> = BTreeMap::new();
    for row in &sensitivity.rows {
        let halves = columns.iter().flatten().filter_map(|it| it.read(row));
        let half = halves.map(|it: Estimate| it.half_width()).fold(0.0, f64::max);
        let known = widest.entry(row[metric].to_string()).or_default();
        *known = known.max(half);
    }
    let (metric, half) = widest.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    if half <= INDEX {
        return None;
    }
    // Intervals narrow with the root of their number, which is a power of two.
    let needed = libm::ceil(samples * (half / INDEX) * (half / INDEX)) as u64;
    Some(format!(
        "from {samples:.0} samples, Sobol' indices of {metric} are known to ± {:.0} percentage \
         points at the worst; for ± {:.0} it takes about {} (sweep.sobol.samples)",
        100.0 * half,
        100.0 * INDEX,
        needed.next_power_of_two()
    ))
}

/// What a reader of the points' means should know: in which points neither a request nor a
/// workflow was measured, which are overloaded in more than half of their runs, and in which the number of
/// requests in the system rises or falls by more than chance explains. `replications` is
/// how many runs each has, where the table does not tell.
fn of_points(points: &Table, swept: &[String], replications: usize) -> Vec<String> {
    let (mut empty, mut all) = (Vec::new(), Vec::new());
    for (index, row) in points.rows.iter().enumerate() {
        let cell = |name: &str| points.column(name).and_then(|index| number(&row[index]));
        let runs = cell("replications").unwrap_or(replications as f64);
        let named = name(points, index, swept);
        let overloaded = cell("overloaded").unwrap_or(0.0) * runs;
        let (drift, ends) = (cell("drift").unwrap_or(0.0), ends_of(points, "drift", row));
        // An interval that has 0 on one side of it.
        let sure = ends.is_some_and(|(low, high)| low * high > 0.0);
        // Workflows may call nothing but tools.
        let workflows = cell("workflows").unwrap_or(0.0);
        let tells = cell("requests").is_none_or(|requests| requests >= FEW_REQUESTS);
        if cell("requests") == Some(0.0) && workflows == 0.0 {
            empty.push(format!(
                "{named} has no requests after its warm-up: nothing is measured; shorten the \
                 warm-up or lengthen the run"
            ));
        } else if is_overloaded(points, row) {
            all.push(format!(
                "{named} is overloaded in {overloaded:.0} of {runs:.0} runs: requests pile up, and \
                 its means depend on the duration"
            ));
        } else if drift.abs() > DRIFT && sure && tells {
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

/// The ends of the interval of a metric, if it has one.
fn ends_of(points: &Table, metric: &str, row: &[Cell]) -> Option<(f64, f64)> {
    let [_, low, high] = columns_of(metric).map(|name| points.column(&name));
    number(&row[low?]).zip(number(&row[high?]))
}

/// The first of some warnings, and how many more points are alike.
fn few(mut all: Vec<String>, what: &str) -> Vec<String> {
    let left = all.len().saturating_sub(MOST);
    if left > 0 {
        all.truncate(MOST);
        all.push(format!("{left} more points {what}; see points.csv"));
    }
    all
}

/// `point 3 (rate 20/s)`.
fn name(points: &Table, row: usize, swept: &[String]) -> String {
    let words = point_in_words(points, row, swept);
    if words.is_empty() {
        return "the system".to_owned();
    }
    let point = points.column("point").map_or(Cell::Empty, |index| points.rows[row][index].clone());
    format!("point {point} ({words})")
}

/// Which points got the most replications and yet not the `precision` that was asked for,
/// and in which its metric was never measured.
fn of_precision(points: &Table, swept: &[String], experiment: &Experiment) -> Vec<String> {
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
        let half = ends_of(points, metric, row).map(|(low, high)| (high - low) / 2.0);
        // The ends are rounded.
        let enough = relative * mean.abs() * (1.0 + 1e-6);
        if runs < most || half.is_some_and(|half| half <= enough) {
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
        let mut table =
            Table::new(["point", "a.rate", "drift", "drift_lo95", "drift_hi95", "overloaded"]);
        for (index, (drift, half, overloaded)) in rows.iter().enumerate() {
            let numbers = [*drift, drift - half, drift + half, *overloaded].map(Cell::from);
            let mut row = vec![Cell::from(index as u64), Cell::from("20/s")];
            row.extend(numbers);
            table.push(row);
        }
        of_points(&table, &["a.rate".to_owned()], 5)
    }

    #[test]
    fn a_point_without_requests_is_told() {
        let mut table = Table::new(["point", "requests"]);
        table.push(vec![Cell::from(0u64), Cell::from(0.0)]);
        let found = of_points(&table, &[], 3);
        assert!(found[0].starts_with("the system has no requests after its warm-up"), "{found:?}");
    }

    #[test]
    fn workflows_that_only_call_tools_are_measured() {
        let told = |workflows: f64| {
            let mut table = Table::new(["point", "requests", "workflows"]);
            table.push(vec![Cell::from(0u64), Cell::from(0.0), Cell::from(workflows)]);
            of_points(&table, &[], 3)
        };
        assert_eq!(told(4000.0), [""; 0]);
        assert_eq!(told(0.0).len(), 1);
    }

    #[test]
    fn a_handful_of_requests_does_not_drift() {
        let told = |requests: f64| {
            let mut table = Table::new(["point", "requests", "drift", "drift_lo95", "drift_hi95"]);
            let mut row = vec![Cell::from(0u64), Cell::from(requests)];
            row.extend([5.6, 5.0, 6.2].map(Cell::from));
            table.push(row);
            of_points(&table, &[], 3)
        };
        assert_eq!(told(5.0), [""; 0]);
        assert!(told(30.0)[0].contains("rises by 560"), "{:?}", told(30.0));
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
        let [mean, low, high] = columns_of("e2e_p99_s");
        let first = ["point", "a.rate", "replications"].map(str::to_owned);
        let mut table = Table::new(first.into_iter().chain([mean, low, high]));
        for (runs, mean, half) in
            [(6, 2.0, 0.19), (9, 2.0, 0.2), (9, 2.0, 0.5), (9, 2.0, f64::NAN), (3, f64::NAN, 0.0)]
        {
            let point = table.rows.len() as u64;
            let mut row = vec![Cell::from(point), Cell::from("20/s"), Cell::Int(runs)];
            row.extend([mean, mean - half, mean + half].map(Cell::from));
            table.push(row);
        }
        let found = of_precision(&table, &["a.rate".to_owned()], &experiment);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("point 2 (rate 20/s) has the most replications, 9, and"));
        assert!(found[0].contains("to within 25.0 % of its mean, not the 10.0 %"), "{}", found[0]);
        assert!(found[1].contains("less precisely"), "{}", found[1]);
        assert!(found[2].contains("never measured e2e_p99_s"), "{}", found[2]);
        let none = serde_yaml::from_str("replications: 3").expect("an experiment");
        assert_eq!(of_precision(&table, &[], &none), Vec::<String>::new());
    }

    #[test]
    fn too_few_samples_are_told_with_how_many_it_takes() {
        let of = |half: f64, samples: f64| {
            let names = ["metric", "total", "total_lo95", "total_hi95", "samples"];
            let mut table = Table::new(names);
            for (metric, half) in [("e2e_p99_s", half), ("cost_usd", 0.01)] {
                let mut row = vec![Cell::from(metric)];
                row.extend([0.5, 0.5 - half, 0.5 + half, samples].map(Cell::from));
                table.push(row);
            }
            table
        };
        let table = |half: f64| of(half, 64.0);
        let told = of_indices(&table(0.3)).expect("a warning");
        assert!(
            told.starts_with("from 64 samples, Sobol' indices of e2e_p99_s are known"),
            "{told}"
        );
        // 64 x 9 = 576.
        assert!(told.contains("± 30 percentage points") && told.contains("about 1024"), "{told}");
        assert_eq!(of_indices(&table(0.09)), None);
        let few = of_indices(&of(0.01, 2.0)).expect("a warning, however sure it looks");
        assert!(few.contains("too few samples to tell: 2; take 64 or more"), "{few}");
    }
}
