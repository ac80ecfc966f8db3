//! What was measured when traces were recorded, by model: `models.csv`, and beside the figures
//! on the terminal.

use comfy_table::CellAlignment;

use crate::report::number_format;
use crate::report::results::columns::number;
use crate::report::terminal::{Terminal, grid, lines};
use crate::report::trace::Surveyed;
use crate::stats::{Cell, Histogram, Table};
use crate::workload::trace::ModelProfile;

/// The quantiles of times.
const QUANTILES: [(&str, f64); 3] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)];

/// How a figure is written.
pub(super) type Format = fn(f64) -> String;

/// What is shown on the terminal.
const SHOWN: [(&str, &str, Format); 13] = [
    ("requests", "requests", count),
    ("failed", "failed", count),
    ("ttft_mean_s", "TTFT", number_format::seconds),
    ("ttft_p50_s", "p50", number_format::seconds),
    ("ttft_p99_s", "p99", number_format::seconds),
    ("tpot_mean_s", "TPOT", number_format::seconds),
    ("tpot_p99_s", "p99", number_format::seconds),
    ("e2e_mean_s", "E2E", number_format::seconds),
    ("e2e_p50_s", "p50", number_format::seconds),
    ("e2e_p99_s", "p99", number_format::seconds),
    ("spend_usd", "spend", number_format::dollars),
    ("cache_hit_share", "cache hits", number_format::percent),
    ("cached_token_share", "cached tokens", number_format::percent),
];

/// A whole number.
pub(super) fn count(value: f64) -> String {
    number_format::grouped(value, 0)
}

/// A row for each trace and model; empty where nothing was measured.
pub(super) fn models(traces: &[Surveyed]) -> Table {
    let mut columns: Vec<String> =
        ["trace", "model", "requests", "failed", "failed_share"].map(str::to_owned).to_vec();
    for time in ["ttft", "tpot", "e2e"] {
        columns.push(format!("{time}_mean_s"));
        columns.extend(QUANTILES.map(|(quantile, _)| format!("{time}_{quantile}_s")));
    }
    columns.extend(["spend_usd", "cache_hit_share", "cached_token_share"].map(str::to_owned));
    let mut table = Table { columns, ..Table::default() };
    for trace in traces {
        for (name, model) in trace.profile.measured.models() {
            table.push(row(trace, name, model));
        }
    }
    table
}

fn row(trace: &Surveyed, name: Option<&str>, model: &ModelProfile) -> Vec<Cell> {
    let share = |(part, all): (u64, u64)| Cell::from((all > 0).then(|| part as f64 / all as f64));
    let mut row = vec![
        Cell::from(trace.name.as_str()),
        Cell::from(name.unwrap_or("unknown")),
        Cell::from(model.requests),
        Cell::from(model.failed),
        share((model.failed, model.requests)),
    ];
    for times in [&model.ttft, &model.tpot, &model.e2e] {
        row.extend(figures(times));
    }
    row.push(Cell::from(model.spend));
    row.push(share(model.cache_hits));
    row.push(share(model.cached_tokens));
    row
}

/// Mean and quantiles.
fn figures(times: &Histogram) -> Vec<Cell> {
    let known = times.count() > 0;
    let mut cells = vec![Cell::from(known.then(|| times.mean()))];
    cells.extend(QUANTILES.map(|(_, q)| Cell::from(known.then(|| times.quantile(q)))));
    cells
}

/// The figures by model, if any was measured. Ends with a line end.
pub(super) fn summary(traces: &[Surveyed], terminal: Terminal) -> String {
    let table = models(traces);
    if table.rows.is_empty() {
        return String::new();
    }
    let mut grid = grid(terminal);
    let known = |column: &str| {
        let at = table.column(column)?;
        let any = table.rows.iter().any(|row| number(&row[at]).is_some_and(f64::is_finite));
        any.then_some(at)
    };
    let shown: Vec<_> = SHOWN
        .iter()
        .filter_map(|(column, title, format)| Some((known(column)?, *title, *format)))
        .collect();
    let titles = shown.iter().map(|(_, title, _)| *title);
    grid.set_header(std::iter::once("measured").chain(titles));
    for row in &table.rows {
        let name = match traces {
            [_] => row[1].to_string(),
            _ => format!("{}: {}", row[0], row[1]),
        };
        let cells = shown.iter().map(|(at, _, format)| {
            number(&row[*at]).filter(|it| it.is_finite()).map_or_else(|| "-".to_owned(), format)
        });
        grid.add_row(std::iter::once(name).chain(cells));
    }
    for column in grid.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    lines(&grid, terminal)
}
