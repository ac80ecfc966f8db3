//! Traces on the terminal: figures down, traces across.

use comfy_table::CellAlignment;

use crate::report::number_format;
use crate::report::results::columns::number;
use crate::report::terminal::{Terminal, grid, lines};
use crate::report::trace::{Surveyed, measured, tables};

/// How a figure is written.
type Format = fn(f64) -> String;

/// The figures that most people want to know, and how they are written.
const SHOWN: [(&str, &str, Format); 31] = [
    ("requests", "requests", count),
    ("skipped_rows", "bad rows left out", count),
    ("unanswered", "without an answer", count),
    ("span_s", "span", number_format::seconds),
    ("requests_rps", "requests per second", real),
    ("gap_cv", "CV of gaps", real),
    ("gap_zero_share", "at the same instant", number_format::percent),
    ("input_mean_tokens", "input tokens: mean", tokens),
    ("input_p50_tokens", "  p50", tokens),
    ("input_p90_tokens", "  p90", tokens),
    ("input_p99_tokens", "  p99", tokens),
    ("input_max_tokens", "  max", tokens),
    ("output_mean_tokens", "output tokens: mean", tokens),
    ("output_p50_tokens", "  p50", tokens),
    ("output_p90_tokens", "  p90", tokens),
    ("output_p99_tokens", "  p99", tokens),
    ("output_max_tokens", "  max", tokens),
    ("length_correlation", "input/output correlation", real),
    ("length_rank_correlation", "  of ranks", real),
    ("prompts_distinct", "prompts: distinct", count),
    ("prompts_repeated_share", "  asked before", number_format::percent),
    ("prompts_zipf_exponent", "  Zipf exponent", real),
    ("prompts_zipf_count", "  population", count),
    ("blocks_asked", "blocks: asked for", count),
    ("blocks_distinct", "  distinct", count),
    ("blocks_repeated_share", "  asked before", number_format::percent),
    ("blocks_zipf_exponent", "  Zipf exponent", real),
    ("blocks_zipf_count", "  population", count),
    ("users_distinct", "users: distinct", count),
    ("users_zipf_exponent", "  Zipf exponent", real),
    ("users_zipf_count", "  population", count),
];

/// The capacities for which reuse is told.
const CAPACITIES: [u64; 4] = [1000, 10_000, 30_000, 100_000];

fn count(value: f64) -> String {
    number_format::grouped(value, 0)
}

fn tokens(value: f64) -> String {
    number_format::grouped(value, 2)
}

fn real(value: f64) -> String {
    number_format::rounded(value, 4)
}

/// The figures of traces, side by side. What no trace knows, and counts of what went
/// wrong that are zero for all, are left out. Ends with a line end.
pub fn trace_summary(traces: &[Surveyed], terminal: Terminal) -> String {
    let table = tables::info(traces);
    let mut grid = grid(terminal);
    let names = traces.iter().map(|trace| format!("{}\n{}", trace.name, trace.format));
    grid.set_header(std::iter::once(String::new()).chain(names));
    for (column, title, format) in SHOWN {
        let Some(at) = table.column(column) else { continue };
        let shown: Vec<Option<f64>> = table.rows.iter().map(|row| number(&row[at])).collect();
        let silent = matches!(column, "skipped_rows" | "unanswered" | "gap_zero_share");
        if shown.iter().all(|value| value.is_none_or(|value| silent && value == 0.0)) {
            continue;
        }
        let cells = shown.iter().map(|value| value.map_or_else(|| "-".to_owned(), format));
        grid.add_row(std::iter::once(title.to_owned()).chain(cells));
    }
    reuse(traces, &mut grid);
    for column in grid.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    lines(&grid, terminal) + &measured::summary(traces, terminal)
}

/// LRU's hit ratios, where things are asked for again.
fn reuse(traces: &[Surveyed], grid: &mut comfy_table::Table) {
    let known = traces.iter().filter_map(|trace| trace.reuse.as_ref());
    let most = known.map(|(_, reuse)| reuse.distinct()).max().unwrap_or(0);
    let capacities = CAPACITIES.into_iter().filter(|capacity| *capacity < most);
    let rows: Vec<Option<u64>> = capacities.map(Some).chain((most > 0).then_some(None)).collect();
    for (i, row) in rows.iter().enumerate() {
        let size = row.map_or_else(|| "unbounded".to_owned(), |capacity| count(capacity as f64));
        let title = if i == 0 { format!("LRU hit ratio at {size}") } else { format!("  {size}") };
        let cells = traces.iter().map(|trace| match &trace.reuse {
            Some((_, reuse)) => {
                let ratio = reuse.hit_ratios(&[row.unwrap_or(u64::MAX)])[0];
                number_format::percent(ratio)
            }
            None => "-".to_owned(),
        });
        grid.add_row(std::iter::once(title).chain(cells));
    }
}
