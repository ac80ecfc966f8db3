//! The table at the end of a run: a row for each point.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table as Grid};

use crate::report::display_names;
use crate::report::experiment::headings::{cut, short, value};
use crate::report::experiment::subject::shown_first;
use crate::report::number_format;
use crate::report::results::columns::show;
use crate::report::results::estimates::{EstimateColumns, even_half};
use crate::report::results::overloaded::is_overloaded;
use crate::report::results::{axes_of, survivors};
use crate::report::terminal::{Terminal, grid, lines};
use crate::stats::{Cell, Table};

/// The most points in the table; the others are in `points.csv`.
const ROWS: usize = 20;
/// The width where no terminal says how wide it is: in a pipe, a file, a log.
const PIPED: usize = 100;
/// Longer names are cut, and the more so the narrower the terminal is.
const NAMES: [usize; 4] = [40, 24, 16, 10];
/// Fewer metrics than this are shown only where there is no room at all.
const FEW: usize = 3;

/// The summary of the points: what tells them apart, and what most people want to know of
/// such an experiment, or the metrics that `asked` names, with 95 % intervals where there
/// is room. Never wider than the terminal, or 100 columns where there is none. Ends with a
/// line end; empty if there are no points.
pub fn summary(points: &Table, swept: &[String], asked: &[String], terminal: Terminal) -> String {
    if points.rows.is_empty() {
        return String::new();
    }
    let width = terminal.width.map_or(PIPED, usize::from);
    let mut shown = Shown::new(points, swept, asked);
    let mut grid = shown.grid(points);
    while drawn_width(&grid) > width && shown.give_way() {
        grid = shown.grid(points);
    }
    if drawn_width(&grid) > width {
        let width = u16::try_from(width).unwrap_or(u16::MAX);
        grid.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    let mut text = lines(&grid, terminal);
    for note in shown.notes(points) {
        let _ = writeln!(text, "{note}");
    }
    text
}

fn drawn_width(grid: &Grid) -> usize {
    grid.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

/// What is shown, as long as there is room.
struct Shown<'p> {
    /// The paths that tell points apart.
    paths: Vec<(&'p str, String)>,
    /// How many there was no room for.
    left_out: usize,
    metrics: Vec<String>,
    /// Those that somebody asked for.
    asked: Vec<String>,
    intervals: bool,
    /// How much of [`NAMES`] names have.
    names: usize,
    overloaded: bool,
}

impl<'p> Shown<'p> {
    fn new(points: &Table, swept: &'p [String], asked: &[String]) -> Self {
        let title =
            |path: &'p String| (path.as_str(), display_names::shortest(path, swept).to_owned());
        let metrics = shown_first(points, asked);
        Shown {
            paths: axes_of(points, swept, &[]).into_iter().map(title).collect(),
            left_out: 0,
            asked: if asked.is_empty() { Vec::new() } else { metrics.clone() },
            metrics,
            intervals: true,
            names: 0,
            overloaded: points.rows.iter().any(|row| is_overloaded(points, row)),
        }
    }

    /// Gives up what matters least: the ends of long names, the intervals, the metrics that
    /// `points.csv` tells better, at last the paths that come last. False if all that is left
    /// matters.
    fn give_way(&mut self) -> bool {
        if self.names == 0 {
            self.names = 1;
            return true;
        }
        if self.intervals {
            self.intervals = false;
            return true;
        }
        let least = ["rejected", "errors", "requests", "workflows"];
        let found = least.iter().find_map(|name| self.metrics.iter().position(|it| it == name));
        // Whoever asks for metrics names those first that matter most.
        let gives = self.asked.is_empty() && self.metrics.len() > FEW;
        if let Some(index) = found.filter(|_| gives) {
            self.metrics.remove(index);
            return true;
        }
        if self.names == 1 {
            self.names = 2;
        } else if self.metrics.len() > FEW {
            self.metrics.pop();
        } else if self.paths.len() > 1 {
            self.paths.pop();
            self.left_out += 1;
        } else if self.names + 1 < NAMES.len() {
            self.names += 1;
        } else if self.metrics.len() > 1 {
            self.metrics.pop();
        } else {
            return false;
        }
        true
    }

    fn grid(&self, points: &Table) -> Grid {
        // As wide as it takes; the caller fits it to the terminal.
        let mut grid = grid(Terminal::default());
        let rows = points.rows.len().min(ROWS);
        let mut columns: Vec<(String, Vec<String>, bool)> = Vec::new();
        // What is left out would have told points apart.
        let numbered = if self.left_out == 0 { None } else { points.column("point") };
        if let Some(point) = numbered {
            let numbers = points.rows.iter().take(rows).map(|row| row[point].to_string());
            columns.push(("point".to_owned(), numbers.collect(), false));
        }
        let titles: Vec<String> = self.paths.iter().map(|(_, title)| title.clone()).collect();
        let titles = cut(&titles, NAMES[self.names]).into_iter();
        columns.extend(self.paths.iter().zip(titles).map(|((path, _), title)| {
            let (values, is_name) = self.values(points, path, rows);
            (title, values, is_name)
        }));
        columns.extend(self.metrics.iter().map(|metric| {
            let found = EstimateColumns::find(points, metric);
            let cell = |row: &Vec<Cell>| self.metric(metric, found, row);
            let cells = points.rows.iter().take(rows).map(cell).collect();
            (short(metric), cells, false)
        }));
        if self.overloaded {
            let state = |row: &Vec<Cell>| {
                if is_overloaded(points, row) { "overloaded" } else { "" }.to_owned()
            };
            columns.push((String::new(), points.rows.iter().take(rows).map(state).collect(), true));
        }
        grid.set_header(columns.iter().map(|(title, ..)| title.clone()));
        for row in 0..rows {
            grid.add_row(columns.iter().map(|(_, cells, _)| cells[row].clone()));
        }
        for ((.., is_name), column) in columns.iter().zip(grid.column_iter_mut()) {
            if !is_name {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        grid
    }

    /// The values of a path, and whether they are names.
    fn values(&self, points: &Table, path: &str, rows: usize) -> (Vec<String>, bool) {
        let index = points.column(path);
        let cell = |row: &'_ Vec<Cell>| index.map_or(Cell::Empty, |index| row[index].clone());
        let is_name = points.rows.iter().any(|row| matches!(cell(row), Cell::Text(_)));
        let values: Vec<String> =
            points.rows.iter().take(rows).map(|row| show(&cell(row))).collect();
        (cut(&values, NAMES[self.names]), is_name)
    }

    fn metric(&self, metric: &str, found: Option<EstimateColumns>, row: &[Cell]) -> String {
        let Some(estimate) = found.and_then(|found| found.read(row)) else { return "-".to_owned() };
        let mean = value(metric, estimate.mean);
        match even_half(&estimate).filter(|_| self.intervals && has_interval(metric)) {
            Some(half) => {
                let relative = number_format::significant(100.0 * half / estimate.mean.abs(), 2);
                format!("{mean} ± {relative} %")
            }
            None if self.intervals && has_interval(metric) && estimate.high > estimate.low => {
                let [low, high] = [estimate.low, estimate.high].map(|end| value(metric, end));
                format!("{mean} ({low} to {high})")
            }
            None => mean,
        }
    }

    /// What is to be known of the table.
    fn notes(&self, points: &Table) -> Vec<String> {
        let mut notes = Vec::new();
        let more = points.rows.len().saturating_sub(ROWS);
        if more > 0 {
            notes.push(format!("... and {more} more points in points.csv"));
        }
        match self.left_out {
            0 => {}
            1 => notes.push("no room for one more swept path; see points.csv".to_owned()),
            more => notes.push(format!("no room for {more} more swept paths; see points.csv")),
        }
        let hidden = self.asked.iter().filter(|metric| !self.metrics.contains(metric));
        let hidden: Vec<&str> = hidden.map(String::as_str).collect();
        if !hidden.is_empty() {
            notes.push(format!("no room for: {}; see points.csv", hidden.join(", ")));
        }
        notes.extend(survivors::notes(points, &self.metrics));
        notes
    }
}

/// Whether a metric is one of which people ask how sure it is: what is slowest, and money.
fn has_interval(metric: &str) -> bool {
    metric.ends_with("_p99_s") || metric.starts_with("cost_per_")
}
