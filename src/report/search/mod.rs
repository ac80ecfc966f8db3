//! The results of `windtunnel search`.
//!
//! | file | one row per | columns |
//! |---|---|---|
//! | `manifest.yaml` | - | [`SearchManifest`] |
//! | `search.csv` | trial | its values, replications, verdict, what binds, metrics with intervals, and whether no other trial beats it |
//! | `charts/` | | the bounds along the load, or cost against response time |

mod front;
mod manifest;
mod summary;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

pub use manifest::SearchManifest;
pub use summary::search_summary;

use super::ReportError;
use super::chart::searched;
use super::charts::{Format, draw};
use super::csv::{read_table, write_table};
use crate::experiment::Prepared;
use crate::experiment::charts::ThemeSpec;
use crate::experiment::search::{Finding, Trials};
use crate::report::manifest::FolderManifest;
use crate::stats::Table;

const SEARCH: &str = "search.csv";

/// Writes the table and the manifest into `folder`; returns the table.
///
/// # Errors
/// If a file cannot be written.
pub fn write_search(
    folder: &Path,
    prepared: &Prepared,
    trials: &Trials<'_>,
    finding: &Finding,
) -> Result<Table, ReportError> {
    let table = tables::search(trials, finding);
    let path = folder.join(SEARCH);
    write_table(&path, &table).map_err(ReportError::io(&path))?;
    let manifest = SearchManifest::new(prepared, trials, finding);
    let path = folder.join("manifest.yaml");
    fs::write(&path, manifest.to_yaml()).map_err(ReportError::io(&path))?;
    Ok(table)
}

/// Draws the charts of a folder that [`write_search`] wrote, from its files.
///
/// # Errors
/// If a file is not there or not as it was written, or cannot be written.
pub fn draw_search(
    dir: &Path,
    formats: &[Format],
    theme: ThemeSpec,
) -> Result<Vec<PathBuf>, ReportError> {
    let manifest = SearchManifest::read(dir).map_err(ReportError::Manifest)?;
    let table = read_table(&dir.join(SEARCH))?;
    draw(dir, vec![searched::figure(&manifest, &table)?], formats, theme)
}
