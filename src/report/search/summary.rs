//! What a search found, for the terminal.

use std::fmt::Write as _;

use crate::experiment::search::{Finding, Trial, Trials};
use crate::report::display_names::estimate_value;
use crate::report::results::columns::{number, show};
use crate::report::results::dimension::Dimension;
use crate::report::results::estimates::EstimateColumns;
use crate::report::search::survivors::found;
use crate::report::terminal::{Terminal, grid, lines};
use crate::report::{display_names, number_format};
use crate::stats::{Cell, Table};

/// The most trials that are shown: the answer, what is beyond it, and the front.
const ROWS: usize = 15;

/// The answer in a sentence, and the trials that it rests on.
pub fn search_summary(
    table: &Table,
    trials: &Trials<'_>,
    finding: &Finding,
    terminal: Terminal,
) -> String {
    let paths: Vec<String> = trials.knobs.iter().map(|knob| knob.name.clone()).collect();
    let mut metrics: Vec<String> =
        finding.bounds.iter().map(|it| it.metric.name().to_owned()).collect();
    let cost = finding.cost.map(|cost| cost.name().to_owned());
    metrics.extend(cost.filter(|cost| !metrics.contains(cost)));
    let mut shown = grid(terminal);
    let mut header = vec!["trial".to_owned()];
    header.extend(paths.iter().map(|path| display_names::shortest(path, &paths).to_owned()));
    header.extend(metrics.iter().map(|name| display_names::metric(name)));
    header.extend(["runs", "verdict", "binds"].map(str::to_owned));
    shown.set_header(header);
    let dimensions: Vec<Option<Dimension>> = paths
        .iter()
        .map(|path| {
            let column = table.column(path)?;
            Some(Dimension::new(path, table.rows.iter().map(|row| row[column].clone())))
        })
        .collect();
    for row in rows(table, finding) {
        let cell = |name: &str| table.column(name).map(|column| &table.rows[row][column]);
        let text = |name: &str| cell(name).map(show).unwrap_or_default();
        let mut cells = vec![text("trial")];
        let values = paths.iter().zip(&dimensions);
        cells.extend(values.map(|(path, dimension)| match (cell(path), dimension) {
            (Some(cell @ Cell::Text(value)), Some(dimension))
                if value.starts_with('{') || value == "null" =>
            {
                dimension.name_of(cell)
            }
            _ => text(path),
        }));
        cells.extend(metrics.iter().map(|name| {
            let found = EstimateColumns::find(table, name);
            let estimate = found.and_then(|found| found.read(&table.rows[row]));
            estimate.map_or("-".to_owned(), |estimate| estimate_value(name, &estimate))
        }));
        cells.extend(["replications", "verdict", "binds"].map(text));
        shown.add_row(cells);
    }
    let mut all = lines(&shown, terminal);
    let runs: usize = trials.list.iter().map(Trial::replications).sum();
    let _ = writeln!(all, "{}", number_format::sentence(&found(trials, finding)));
    let _ = writeln!(all, "{} trials, {runs} runs; all of them in search.csv", trials.list.len());
    all
}

/// The answer, what is beyond it, then the front, as far as there is room.
fn rows(table: &Table, finding: &Finding) -> Vec<usize> {
    let mut rows: Vec<usize> = finding.best.into_iter().chain(finding.beyond).collect();
    let pareto = table.column("pareto");
    let on_front =
        |row: &usize| pareto.is_some_and(|column| number(&table.rows[*row][column]) == Some(1.0));
    for row in (0..table.rows.len()).filter(on_front) {
        if rows.len() < ROWS && !rows.contains(&row) {
            rows.push(row);
        }
    }
    rows
}
