//! What `windtunnel compare` makes of results: whether systems differ, and by how much.
//!
//! | file | one row per | columns |
//! |---|---|---|
//! | `manifest.yaml` | - | [`ComparisonManifest`] |
//! | `comparison.csv` | pair of cases x metric | means, difference, interval, p, effect |
//! | `latency.csv` | case x quantile | response time |
//! | `charts/` | | a forest plot, and the cases' distributions of response time |

mod cases;
mod manifest;
mod pairs;
mod selection;
mod summary;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

pub use cases::Cases;
pub(super) use manifest::ComparedCase;
pub use manifest::ComparisonManifest;
pub use pairs::{Comparison, Verdict, compare};
pub use selection::Selection;
pub use summary::comparison_summary;
pub(super) use summary::format;

use super::ReportError;
use super::chart::{forest, overlay};
use super::charts::{Format, draw};
use super::csv::{read_table, write_table};
use crate::experiment::charts::ThemeSpec;
use crate::report::manifest::FolderManifest;

const COMPARISON: &str = "comparison.csv";
const LATENCY: &str = "latency.csv";

/// Writes the tables and the manifest into `folder`.
///
/// # Errors
/// If a table of the cases cannot be read, or a file cannot be written.
pub fn write_comparison(
    folder: &Path,
    manifest: &ComparisonManifest,
    cases: &Cases,
    rows: &[Comparison],
) -> Result<(), ReportError> {
    let write = |name: &str, table| {
        let path = folder.join(name);
        write_table(&path, &table).map_err(ReportError::io(&path))
    };
    write(COMPARISON, tables::comparison(rows))?;
    write(LATENCY, cases.latency()?)?;
    let path = folder.join("manifest.yaml");
    fs::write(&path, manifest.to_yaml()).map_err(ReportError::io(&path))
}

/// Draws the charts of a folder that [`write_comparison`] wrote, from its files.
///
/// # Errors
/// If a file is not there or not as it was written, or cannot be written.
pub fn draw_comparison(
    dir: &Path,
    formats: &[Format],
    theme: ThemeSpec,
) -> Result<Vec<PathBuf>, ReportError> {
    let manifest = ComparisonManifest::read(dir).map_err(ReportError::Manifest)?;
    let mut figures = forest::figures(&manifest, &read_table(&dir.join(COMPARISON))?)?;
    let latency = read_table(&dir.join(LATENCY))?;
    if !latency.rows.is_empty() {
        figures.push(overlay::figure(&manifest, &latency)?);
    }
    draw(dir, figures, formats, theme)
}
