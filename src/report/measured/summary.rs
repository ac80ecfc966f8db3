//! What was fitted and how far it is off, for the terminal.

use std::fmt::Write as _;

use comfy_table::CellAlignment;

use super::block::signed;
use super::errors::{ErrorRow, Off};
use super::manifest::MeasuredManifest;
use super::pair::Part;
use crate::experiment::calibrate::Fitted;
use crate::report::number_format::{percent, rounded, seconds};
use crate::report::terminal::{Terminal, grid, lines};

/// The parameters with their intervals, then the errors of each part.
pub fn measured_summary(
    manifest: &MeasuredManifest,
    fitted: &[Fitted],
    errors: &[ErrorRow],
    terminal: Terminal,
) -> String {
    let mut text = String::new();
    if !fitted.is_empty() {
        text.push_str(&parameters(fitted, terminal));
    }
    text.push_str(&table(errors, terminal));
    let facts = &manifest.measured;
    let _ = write!(text, "{} completed {} of {}", facts.completed, facts.rows(), facts.file);
    match manifest.held_out {
        Some(share) if share > 0.0 => {
            let _ = write!(text, "; {} of them, drawn by lot, were held out of the fit", percent(share));
        }
        Some(_) => text.push_str(
            "; all of them were fitted to, so that the errors say nothing of others: --holdout 30%, \
             or predict another measurement",
        ),
        None => {}
    }
    if let Some(runs) = manifest.runs.filter(|_| !fitted.is_empty()) {
        let _ = write!(text, "; {runs} simulated runs");
    }
    text.push('\n');
    for note in &manifest.notes {
        let _ = writeln!(text, "{note}");
    }
    text
}

fn parameters(fitted: &[Fitted], terminal: Terminal) -> String {
    let mut shown = grid(terminal);
    shown.set_header(["parameter", "start", "fitted", "95 % interval", ""]);
    for it in fitted {
        let show = |figure: f64| it.quantity.show(figure, 4);
        let interval = it
            .interval
            .map_or("-".to_owned(), |(low, high)| format!("{} to {}", show(low), show(high)));
        let beware = it.beware.clone().unwrap_or_default();
        shown.add_row([it.name.clone(), show(it.start), show(it.figure), interval, beware]);
    }
    for column in shown.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    lines(&shown, terminal)
}

fn table(errors: &[ErrorRow], terminal: Terminal) -> String {
    let mut shown = grid(terminal);
    let header =
        ["", "", "measured", "predicted", "mean", "p50", "p90", "p99", "MAPE", "bias", "r"];
    shown.set_header(header);
    let mut last = None;
    for row in errors {
        let whole = matches!(row.found, Off::Whole(_));
        let part = if whole { "all together" } else { words(row.part) };
        let name = if last == Some(part) { "" } else { part };
        last = Some(part);
        let mean = row.found.mean();
        let value = |value: f64| if whole { rounded(value, 4) } else { seconds(value) };
        let mut cells = vec![
            name.to_owned(),
            row.title.to_owned(),
            value(mean.measured),
            value(mean.predicted),
            signed(mean.error()),
        ];
        if let Off::Times(found) = &row.found {
            cells.extend([found.p50, found.p90, found.p99].map(|both| signed(both.error())));
            let r = if found.r.is_nan() { "-".to_owned() } else { format!("{:.4}", found.r) };
            cells.extend([percent(found.mape), seconds(found.bias), r]);
        }
        shown.add_row(cells);
    }
    for column in shown.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    lines(&shown, terminal)
}

fn words(part: Part) -> &'static str {
    match part {
        Part::Fitted => "fitted to",
        Part::HeldOut => "held out",
        Part::All => "all",
    }
}
