//! The table at the end of a run: a row for each point.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table as Grid};

use crate::report::results::columns::{number, show};
use crate::report::terminal::{Terminal, grid, lines};
use crate::report::{display_names, number_format};
use crate::stats::{Cell, Table};

/// The most points in the table; the others are in `points.csv`.
const ROWS: usize = 20;

/// The summary of the points: their swept values and what most people want to
/// know of them, with 95 % intervals where they were measured. Ends with a
/// line end; empty if there are no points.
pub fn summary(points: &Table, swept: &[String], terminal: Terminal) -> String {
    if points.rows.is_empty() {
        return String::new();
    }
    let mut columns = columns(points, swept);
    let mut grid = drawn(points, &columns);
    if let Some(width) = terminal.width {
        while drawn_width(&grid) > usize::from(width) && leave_out(&mut columns) {
            grid = drawn(points, &columns);
        }
        grid.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    let mut text = lines(&grid, terminal);
    if points.rows.len() > ROWS {
        let _ = writeln!(text, "... and {} more points in points.csv", points.rows.len() - ROWS);
    }
    text
}

fn drawn(points: &Table, columns: &[Column]) -> Grid {
    // As wide as it takes; the caller fits it to the terminal.
    let mut grid = grid(Terminal::default());
    grid.set_header(columns.iter().map(|column| column.title.clone()));
    for row in points.rows.iter().take(ROWS) {
        grid.add_row(columns.iter().map(|column| column.show(points, row)));
    }
    for (column, shown) in columns.iter().zip(grid.column_iter_mut()) {
        if !column.is_name {
            shown.set_cell_alignment(CellAlignment::Right);
        }
    }
    grid
}

fn drawn_width(grid: &Grid) -> usize {
    grid.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

/// Gives up what matters least on a narrow terminal: the intervals, then the
/// columns that `points.csv` tells better. False if all that is left matters.
fn leave_out(columns: &mut Vec<Column>) -> bool {
    let mut intervals = columns.iter_mut().filter(|column| column.interval).peekable();
    if intervals.peek().is_some() {
        intervals.for_each(|column| column.interval = false);
        return true;
    }
    let least = ["rejected", "errors", "e2e_p50_s", "requests"];
    let found = least.iter().find_map(|name| columns.iter().position(|c| c.source == *name));
    found.map(|index| columns.remove(index)).is_some()
}

/// How a number is written.
type Format = fn(f64) -> String;

/// A column of the summary.
struct Column {
    /// The column of `points.csv`.
    source: String,
    title: String,
    /// Whether it holds names, which are aligned to the left.
    is_name: bool,
    format: Format,
    /// Whether the interval follows the mean.
    interval: bool,
}

fn columns(points: &Table, swept: &[String]) -> Vec<Column> {
    let count = |value| number_format::grouped(value, 1);
    let metrics: [(&str, &str, Format, bool); 7] = [
        ("requests", "requests", count, false),
        ("cache_hit_rate", "cache hits", number_format::percent, false),
        ("e2e_p50_s", "e2e p50", number_format::seconds, false),
        ("e2e_p99_s", "e2e p99", number_format::seconds, true),
        ("cost_per_request_usd", "cost/request", number_format::dollars, true),
        ("errors", "errors", count, false),
        ("rejected", "rejected", count, false),
    ];
    let path = |path: &String| {
        let values = points.column(path).map(|i| points.rows.iter().map(move |row| &row[i]));
        let is_name = values.is_some_and(|mut v| v.any(|cell| matches!(cell, Cell::Text(_))));
        Column {
            source: path.clone(),
            title: display_names::shortest(path, swept).to_owned(),
            is_name,
            format: number_format::short,
            interval: false,
        }
    };
    let metric = |(source, title, format, interval): (&str, &str, _, _)| Column {
        source: source.to_owned(),
        title: title.to_owned(),
        is_name: false,
        format,
        interval,
    };
    let measured = |source: &str| {
        points.column(source).is_some_and(|i| points.rows.iter().any(|r| number(&r[i]).is_some()))
    };
    let mut columns: Vec<Column> = swept.iter().map(path).collect();
    columns.extend(metrics.into_iter().filter(|(source, ..)| measured(source)).map(metric));
    columns
}

impl Column {
    fn show(&self, points: &Table, row: &[Cell]) -> String {
        let cell = |name: &str| points.column(name).and_then(|i| row.get(i));
        let Some(found) = cell(&self.source) else { return String::new() };
        let is_metric = points.column(&format!("{}_ci95", self.source)).is_some();
        match number(found) {
            Some(value) if is_metric => {
                let half = cell(&format!("{}_ci95", self.source)).and_then(number);
                let half = half.filter(|half| self.interval && *half > 0.0);
                half.map_or_else(|| (self.format)(value), |half| self.with(value, half))
            }
            None if is_metric => "-".to_owned(),
            _ => show(found),
        }
    }

    /// The mean and its interval in one unit: `1.25 s ± 4 %`.
    fn with(&self, value: f64, half: f64) -> String {
        let relative = number_format::significant(100.0 * half / value.abs(), 2);
        format!("{} ± {relative} %", (self.format)(value))
    }
}
