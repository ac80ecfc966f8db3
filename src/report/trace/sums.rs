//! What benchmarks measured in all, where they kept none of their requests.

use comfy_table::CellAlignment;

use super::measured::{Format, count};
use crate::report::number_format;
use crate::report::results::columns::number;
use crate::report::terminal::{Terminal, grid, lines};
use crate::stats::{Cell, Table};
use crate::workload::trace::{BenchmarkSums, TimeSums};

/// What is shown on the terminal.
const SHOWN: [(&str, &str, Format); 13] = [
    ("completed", "completed", count),
    ("failed", "failed", count),
    ("completed_rps", "each second", real),
    ("input_mean_tokens", "input tokens", real),
    ("output_mean_tokens", "output tokens", real),
    ("ttft_mean_s", "TTFT", number_format::seconds),
    ("ttft_p50_s", "p50", number_format::seconds),
    ("ttft_p99_s", "p99", number_format::seconds),
    ("tpot_mean_s", "TPOT", number_format::seconds),
    ("tpot_p99_s", "p99", number_format::seconds),
    ("e2e_mean_s", "E2E", number_format::seconds),
    ("e2e_p50_s", "p50", number_format::seconds),
    ("e2e_p99_s", "p99", number_format::seconds),
];

fn real(value: f64) -> String {
    number_format::rounded(value, 4)
}

/// A row for each benchmark of each file; empty cells are not in the file.
pub fn sums_table(files: &[(String, Vec<BenchmarkSums>)]) -> Table {
    let mut columns: Vec<String> = ["file", "benchmark", "load", "model", "completed", "failed"]
        .into_iter()
        .chain(["completed_rps", "input_mean_tokens", "output_mean_tokens"])
        .map(str::to_owned)
        .collect();
    for time in ["ttft", "tpot", "e2e"] {
        columns.extend(["mean", "p50", "p90", "p99"].map(|of| format!("{time}_{of}_s")));
    }
    let mut table = Table { columns, ..Table::default() };
    for (file, benchmarks) in files {
        for (nth, sums) in benchmarks.iter().enumerate() {
            table.push(row(file, nth, sums));
        }
    }
    table
}

fn row(file: &str, nth: usize, sums: &BenchmarkSums) -> Vec<Cell> {
    let mut row = vec![
        Cell::from(file),
        Cell::from(nth as u64),
        Cell::from(sums.load.as_str()),
        Cell::from(sums.model.as_deref().unwrap_or("unknown")),
        Cell::from(sums.completed),
        Cell::from(sums.failed),
        Cell::from(sums.completed_rps),
        Cell::from(sums.input_mean_tokens),
        Cell::from(sums.output_mean_tokens),
    ];
    for TimeSums { mean, p50, p90, p99 } in [&sums.ttft, &sums.tpot, &sums.e2e] {
        row.extend([mean, p50, p90, p99].map(|time| Cell::from(*time)));
    }
    row
}

/// The same on the terminal: figures down, benchmarks across. Ends with a line end.
pub fn sums_summary(files: &[(String, Vec<BenchmarkSums>)], terminal: Terminal) -> String {
    let table = sums_table(files);
    let mut grid = grid(terminal);
    let names = files.iter().flat_map(|(file, benchmarks)| {
        benchmarks.iter().map(move |sums| format!("{file}\n{}", sums.load))
    });
    grid.set_header(std::iter::once("measured".to_owned()).chain(names));
    for (column, title, format) in SHOWN {
        let Some(at) = table.column(column) else { continue };
        let shown: Vec<Option<f64>> = table.rows.iter().map(|row| number(&row[at])).collect();
        if shown.iter().all(Option::is_none) {
            continue;
        }
        let cells = shown.iter().map(|value| value.map_or_else(|| "-".to_owned(), format));
        grid.add_row(std::iter::once(title.to_owned()).chain(cells));
    }
    for column in grid.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    lines(&grid, terminal)
}
