//! The results of `windtunnel trace fit`: `fit.csv` (a row for each part and law),
//! `cdf.csv` (their distribution functions), `workload.yaml`, charts.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use comfy_table::CellAlignment;

use crate::report::csv::read_table;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::manifest::FolderManifest;
use crate::report::number_format;
use crate::report::results::columns::{column, number};
use crate::report::terminal::{Terminal, grid, lines};
use crate::report::trace::charts::fit_cdf;
use crate::report::trace::manifest::TraceManifest;
use crate::stats::{Cell, Table};
use crate::workload::trace::fit::{Candidate, Fitted, Part};

const FIT: &str = "fit.csv";
const CDF: &str = "cdf.csv";
const WORKLOAD: &str = "workload.yaml";

/// Whether a folder holds a fit.
pub(super) fn is_in(folder: &Path) -> bool {
    folder.join(FIT).exists()
}

/// Writes the tables, the workload and the manifest into `folder`.
///
/// # Errors
/// If a file cannot be written.
pub fn write_fit(
    folder: &Path,
    manifest: &TraceManifest,
    fitted: &Fitted,
    yaml: &str,
) -> Result<(), ReportError> {
    let path = folder.join(WORKLOAD);
    fs::write(&path, yaml).map_err(ReportError::io(&path))?;
    manifest.write(folder, &[(FIT, laws(&fitted.parts)), (CDF, curves(&fitted.parts))])
}

/// The charts of a folder that [`write_fit`] wrote, from its files.
pub(super) fn figures(
    manifest: &TraceManifest,
    dir: &Path,
) -> Result<Vec<NamedFigure>, ReportError> {
    let laws = read_table(&dir.join(FIT))?;
    let [part, law, taken, ks] =
        ["part", "law", "taken", "ks"].map(|name| column(&laws, FIT, name));
    let (part, law, taken, ks) = (part?, law?, taken?, ks?);
    let row = |row: &Vec<Cell>| {
        let distance = number(&row[ks]).unwrap_or(f64::NAN);
        (row[part].to_string(), row[law].to_string(), row[taken] == Cell::Int(1), distance)
    };
    let laws: Vec<_> = laws.rows.iter().map(row).collect();
    fit_cdf::figures(manifest, &laws, &read_table(&dir.join(CDF))?)
}

/// A row for each part and law; that of the trace itself has its own figures.
fn laws(parts: &[Part]) -> Table {
    let mut table = Table::new([
        "part",
        "law",
        "taken",
        "parameters",
        "log_likelihood",
        "aic",
        "ks",
        "mean",
        "cv",
        "p50",
        "p90",
        "p99",
        "mean_error",
        "cv_error",
        "p50_error",
        "p90_error",
        "p99_error",
    ]);
    for part in parts {
        for (i, candidate) in part.candidates.iter().enumerate() {
            let mut row = vec![
                Cell::from(part.name),
                Cell::from(candidate.law.as_str()),
                Cell::from(u64::from(i == part.chosen)),
                Cell::from(candidate.parameters.as_str()),
                Cell::from(candidate.log_likelihood),
                Cell::from(candidate.aic),
                Cell::from(candidate.ks),
                Cell::from(candidate.figures.mean),
                Cell::from(candidate.figures.cv),
            ];
            row.extend(candidate.figures.quantiles.map(Cell::from));
            row.extend(errors(part, candidate).map(Cell::from));
            table.push(row);
        }
    }
    table
}

/// How far mean, CV and quantiles are off, as parts of the trace's own.
fn errors(part: &Part, candidate: &Candidate) -> [f64; 5] {
    let (own, law) = (&part.measured, &candidate.figures);
    let off = |law: f64, own: f64| law / own - 1.0;
    let [p50, p90, p99] = [0, 1, 2].map(|i| off(law.quantiles[i], own.quantiles[i]));
    [off(law.mean, own.mean), off(law.cv, own.cv), p50, p90, p99]
}

/// A row for each part, law (`trace` for what was recorded) and value.
fn curves(parts: &[Part]) -> Table {
    let mut table = Table::new(["part", "law", "value", "share"]);
    for part in parts {
        let laws = part.candidates.iter().map(|law| (law.law.as_str(), &law.curve));
        for (law, curve) in std::iter::once(("trace", &part.curve)).chain(laws) {
            for (value, share) in curve {
                table.push(vec![
                    Cell::from(part.name),
                    Cell::from(law),
                    Cell::from(*value),
                    Cell::from(*share),
                ]);
            }
        }
    }
    table
}

/// The candidates of each part, the one that was taken marked, and why. Ends with a
/// line end.
pub fn fit_summary(fitted: &Fitted, terminal: Terminal) -> String {
    let mut grid = grid(terminal);
    let titles = ["", "law", "AIC", "KS", "mean", "CV", "p50", "p90", "p99"];
    grid.set_header(titles);
    for part in &fitted.parts {
        let least = part.candidates.iter().map(|law| law.aic).fold(f64::INFINITY, f64::min);
        for (i, candidate) in part.candidates.iter().enumerate() {
            let mark = if i == part.chosen { "*" } else { " " };
            let name = if i == 0 { part.name } else { "" };
            let worse = candidate.aic - least;
            let aic = if worse.is_finite() { format!("+{worse:.0}") } else { "-".to_owned() };
            let mut row = vec![
                name.to_owned(),
                format!("{mark} {}", candidate.law),
                aic,
                format!("{:.3}", candidate.ks),
            ];
            row.extend(errors(part, candidate).map(signed));
            grid.add_row(row);
        }
    }
    for column in grid.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = lines(&grid, terminal);
    text.push_str("*: taken. AIC above the least; KS distance; mean and others: error\n");
    for part in &fitted.parts {
        let chosen = &part.candidates[part.chosen];
        let _ =
            writeln!(text, "{}: {} ({}): {}", part.name, chosen.law, chosen.parameters, part.why);
    }
    for note in &fitted.notes {
        let _ = writeln!(text, "{note}");
    }
    text
}

/// `+1.2 %`.
fn signed(part: f64) -> String {
    if !part.is_finite() {
        return "-".to_owned();
    }
    let text = number_format::percent(part);
    if part > 0.0 { format!("+{text}") } else { text }
}
