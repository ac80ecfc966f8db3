//! The key numbers of an experiment: what most people want to know, and what its charts
//! show.

use crate::experiment::charts::ChartSpec;
use crate::report::html::grid::{Grid, Head};
use crate::report::html::numbers::{NOTHING, grouped, with_half};
use crate::report::results::columns::{number, show};
use crate::report::unit::{Shown, Unit};
use crate::report::{display_names, number_format};
use crate::stats::{Cell, Table};

/// What most people want to know of a system.
const METRICS: [&str; 10] = [
    "requests",
    "cache_hit_rate",
    "e2e_mean_s",
    "e2e_p50_s",
    "e2e_p99_s",
    "throughput_rps",
    "utilization",
    "cost_per_request_usd",
    "errors",
    "rejected",
];
/// The most points; the table of all of them follows below.
const ROWS: usize = 60;
const DIGITS: usize = 4;

/// The table: a row for each point, or for each metric of a single point.
pub(super) fn key_numbers(points: &Table, swept: &[String], charts: &[ChartSpec]) -> Grid {
    let metrics = metrics(points, charts);
    match points.rows.as_slice() {
        [point] => of_one(points, point, &metrics),
        _ => of_several(points, swept, &metrics),
    }
}

/// The metrics that were measured and are not 0 everywhere.
fn metrics(points: &Table, charts: &[ChartSpec]) -> Vec<String> {
    let mut all: Vec<String> = METRICS.map(str::to_owned).to_vec();
    for metric in charts.iter().flat_map(ChartSpec::metrics) {
        let known = all.iter().any(|other| other == metric);
        if !known && points.column(&format!("{metric}_ci95")).is_some() {
            all.push(metric.to_owned());
        }
    }
    let says = |metric: &String| {
        let column = points.column(metric);
        let mut values = points.rows.iter().filter_map(|row| number(&row[column?]));
        values.any(|value| value != 0.0)
    };
    all.retain(says);
    all
}

/// A metric of all points in one unit.
struct Measured {
    mean: usize,
    half: Option<usize>,
    shown: Shown,
}

impl Measured {
    fn new(points: &Table, metric: &str) -> Option<Self> {
        let mean = points.column(metric)?;
        let values = points.rows.iter().filter_map(|row| number(&row[mean]));
        let largest = values.fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let half = points.column(&format!("{metric}_ci95"));
        Some(Measured { mean, half, shown: Unit::of_metric(metric).shown(largest) })
    }

    fn show(&self, row: &[Cell]) -> String {
        let scaled = |column: usize| number(&row[column]).map(|value| value / self.shown.factor);
        match scaled(self.mean) {
            Some(mean) => with_half(grouped(mean, DIGITS), self.half.and_then(scaled)),
            None => NOTHING.to_owned(),
        }
    }
}

fn of_several(points: &Table, swept: &[String], metrics: &[String]) -> Grid {
    let mut columns = Vec::new();
    let paths: Vec<usize> = swept.iter().filter_map(|path| points.column(path)).collect();
    for path in &paths {
        let is_name = points.rows.iter().any(|row| matches!(row[*path], Cell::Text(_)));
        let title = display_names::shortest(&points.columns[*path], swept).to_owned();
        columns.push(Head { title, is_name });
    }
    let found: Vec<(String, Measured)> = metrics
        .iter()
        .filter_map(|metric| Some((display_names::metric(metric), Measured::new(points, metric)?)))
        .collect();
    columns.extend(found.iter().map(|(name, measured)| {
        let sign = measured.shown.sign;
        let comma = if sign.is_empty() { "" } else { ", " };
        Head { title: format!("{name}{comma}{sign}"), is_name: false }
    }));
    let row = |row: &Vec<Cell>| {
        // A number as it is, so that it is sorted as one.
        let value = |path: &usize| match &row[*path] {
            number @ (Cell::Int(_) | Cell::Num(_)) => number.to_string(),
            name => show(name),
        };
        let values = paths.iter().map(value);
        values.chain(found.iter().map(|(_, measured)| measured.show(row))).collect()
    };
    let left = points.rows.len().saturating_sub(ROWS);
    Grid {
        id: "key-numbers".to_owned(),
        file: None,
        caption: "The points: means, and half the width of their 95 % confidence intervals where \
                  there are any"
            .to_owned(),
        columns,
        rows: points.rows.iter().take(ROWS).map(row).collect(),
        note: if left > 0 {
            format!("{left} more points are in points.csv.")
        } else {
            String::new()
        },
    }
}

fn of_one(points: &Table, point: &[Cell], metrics: &[String]) -> Grid {
    let row = |metric: &String| {
        let name = number_format::sentence(&display_names::metric(metric));
        let found = Measured::new(points, metric)?;
        Some(vec![name, found.show(point), found.shown.sign.to_owned()])
    };
    let head = |title: &str, is_name| Head { title: title.to_owned(), is_name };
    Grid {
        id: "key-numbers".to_owned(),
        file: None,
        caption: "Means, and half the width of their 95 % confidence intervals where there are any"
            .to_owned(),
        columns: vec![head("metric", true), head("mean", false), head("unit", true)],
        rows: metrics.iter().filter_map(row).collect(),
        note: String::new(),
    }
}
