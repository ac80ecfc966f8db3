//! The key numbers of an experiment: what most people want to know of one like it, and what
//! its charts show.

use crate::experiment::charts::ChartSpec;
use crate::report::experiment::subject::{says, shown_first};
use crate::report::html::grid::{Grid, Head};
use crate::report::html::numbers::{NOTHING, grouped, with_interval};
use crate::report::results::columns::{number, show};
use crate::report::results::estimates::EstimateColumns;
use crate::report::results::overloaded::is_overloaded;
use crate::report::results::{axes_of, survivors};
use crate::report::unit::{Shown, Unit};
use crate::report::{display_names, number_format};
use crate::stats::{Cell, Table};

/// What is of use of any system, besides.
const ALSO: [&str; 3] = ["e2e_mean_s", "throughput_rps", "utilization"];
/// The most points; the table of all of them follows below.
const ROWS: usize = 60;
const DIGITS: usize = 4;
const INTERVALS: &str = "means, with half the width of their 95 % confidence intervals, or their \
                         ends, where there are any";

/// The table: a row for each point, or for each metric of a single point. Where `asked`
/// names metrics, those.
pub(super) fn key_numbers(
    points: &Table,
    swept: &[String],
    charts: &[ChartSpec],
    asked: &[String],
) -> Grid {
    let metrics = metrics(points, charts, asked);
    let mut grid = match points.rows.as_slice() {
        [point] => of_one(points, point, &metrics),
        _ => of_several(points, swept, &metrics),
    };
    let notes = survivors::notes(points, &metrics);
    let notes = notes.iter().map(|note| format!("{}.", number_format::sentence(note)));
    let all = std::iter::once(std::mem::take(&mut grid.note)).chain(notes);
    grid.note = all.filter(|note| !note.is_empty()).collect::<Vec<_>>().join(" ");
    grid
}

/// The metrics that are asked for, or those that say something.
fn metrics(points: &Table, charts: &[ChartSpec], asked: &[String]) -> Vec<String> {
    let mut all = shown_first(points, asked);
    if !asked.is_empty() {
        return all;
    }
    for metric in ALSO.into_iter().chain(charts.iter().flat_map(ChartSpec::metrics)) {
        let known = all.iter().any(|other| other == metric);
        let is_metric = EstimateColumns::find(points, metric).is_some_and(|it| it.has_ends());
        if !known && is_metric && says(points, metric) {
            all.push(metric.to_owned());
        }
    }
    all
}

/// A metric of all points in one unit.
struct Measured {
    columns: EstimateColumns,
    shown: Shown,
}

impl Measured {
    fn new(points: &Table, metric: &str) -> Option<Self> {
        let columns = EstimateColumns::find(points, metric)?;
        let values = points.rows.iter().filter_map(|row| number(&row[columns.mean]));
        let largest = values.fold(0.0_f64, |largest, value| largest.max(value.abs()));
        Some(Measured { columns, shown: Unit::of_metric(metric).shown(largest) })
    }

    fn show(&self, row: &[Cell]) -> String {
        match self.columns.read(row).map(|estimate| estimate.per(self.shown.factor)) {
            Some(estimate) => with_interval(grouped(estimate.mean, DIGITS), &estimate),
            None => NOTHING.to_owned(),
        }
    }
}

fn of_several(points: &Table, swept: &[String], metrics: &[String]) -> Grid {
    let mut columns = Vec::new();
    let axes = axes_of(points, swept, &[]);
    let paths: Vec<usize> = axes.into_iter().filter_map(|path| points.column(path)).collect();
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
    let overloaded: Vec<bool> = points.rows.iter().map(|row| is_overloaded(points, row)).collect();
    let any = overloaded.contains(&true);
    if any {
        columns.push(Head { title: "state".to_owned(), is_name: true });
    }
    let row = |(row, overloaded): (&Vec<Cell>, &bool)| {
        // A number as it is, so that it is sorted as one.
        let value = |path: &usize| match &row[*path] {
            number @ (Cell::Int(_) | Cell::Num(_)) => number.to_string(),
            name => show(name),
        };
        let state = if *overloaded { "overloaded" } else { "" };
        let values = paths.iter().map(value);
        let values = values.chain(found.iter().map(|(_, measured)| measured.show(row)));
        values.chain(any.then(|| state.to_owned())).collect()
    };
    let left = points.rows.len().saturating_sub(ROWS);
    Grid {
        id: "key-numbers".to_owned(),
        file: None,
        caption: format!("The points: {INTERVALS}"),
        columns,
        rows: points.rows.iter().zip(&overloaded).take(ROWS).map(row).collect(),
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
        caption: number_format::sentence(INTERVALS),
        columns: vec![head("metric", true), head("mean", false), head("unit", true)],
        rows: metrics.iter().filter_map(row).collect(),
        note: String::new(),
    }
}
