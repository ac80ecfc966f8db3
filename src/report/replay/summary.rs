//! A replay on the terminal: policies down, capacities across.

use std::fmt::Write as _;

use comfy_table::CellAlignment;

use crate::cache::replay::{Cell, Counts, Drawn, Outcome, Room, Unit};
use crate::report::number_format;
use crate::report::replay::manifest::ReplayManifest;
use crate::report::terminal::{Terminal, grid, lines};

/// The summary of a replay: what the trace is, the miss ratios, and how far
/// sampled curves can be trusted. Ends with a line end.
pub fn replay_summary(manifest: &ReplayManifest, outcome: &Outcome, terminal: Terminal) -> String {
    let trace = &manifest.replay;
    let mut text = format!(
        "{}: {} accesses to {} objects",
        trace.trace,
        number_format::grouped(trace.accesses as f64, 0),
        number_format::grouped(trace.objects as f64, 0),
    );
    if let Some(bytes) = trace.footprint_bytes {
        let _ = write!(text, " of {}", number_format::bytes(bytes as f64));
    }
    if trace.warmup_accesses > 0 {
        let warmup = number_format::grouped(trace.warmup_accesses as f64, 0);
        let _ = write!(text, "; the first {warmup} are not counted");
    }
    let sized = trace.footprint_bytes.is_some();
    text.push_str("\n\nobject miss ratio\n");
    text.push_str(&miss_ratios(&outcome.cells, Counts::object_miss_ratio, terminal));
    if sized {
        text.push_str("\nbyte miss ratio\n");
        text.push_str(&miss_ratios(&outcome.cells, Counts::byte_miss_ratio, terminal));
    }
    for drawn in &outcome.curves {
        text.push_str(&accuracy(drawn));
    }
    text
}

fn miss_ratios(cells: &[Cell], ratio: fn(&Counts) -> f64, terminal: Terminal) -> String {
    let mut rooms: Vec<Room> = Vec::new();
    for cell in cells {
        if !rooms.contains(&cell.room) {
            rooms.push(cell.room);
        }
    }
    let mut grid = grid(terminal);
    let columns = rooms.iter().map(|room| match room.unit {
        Unit::Objects => number_format::grouped(room.amount as f64, 0),
        Unit::Bytes => number_format::bytes(room.amount as f64),
    });
    grid.set_header(std::iter::once("policy".to_owned()).chain(columns));
    for row in cells.chunks(rooms.len().max(1)) {
        let ratios = row.iter().map(|cell| format!("{:.2} %", 100.0 * ratio(&cell.counts)));
        grid.add_row(
            row.first().map(|cell| cell.policy.name().to_owned()).into_iter().chain(ratios),
        );
    }
    for column in grid.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    lines(&grid, terminal)
}

fn accuracy(drawn: &Drawn) -> String {
    let Some(sample) = &drawn.sample else { return String::new() };
    let points = |error: f64| format!("{} points", number_format::rounded(100.0 * error, 2));
    let mut errors = Vec::new();
    if let Some(error) = drawn.error {
        errors.push(format!("off the exact curve by {} in the mean", points(error)));
    }
    errors.push(match sample.estimated_error {
        Some(error) => format!("estimated error {}", points(error)),
        None => "too small a sample to estimate its error".to_owned(),
    });
    format!(
        "LRU curve {} in {}: {} objects sampled; {}\n",
        drawn.method,
        drawn.curve.unit.name(),
        number_format::grouped(sample.objects as f64, 0),
        errors.join("; ")
    )
}
