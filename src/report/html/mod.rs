//! `report.html`: a results folder as one page, for people who were not there. Nothing is
//! loaded from elsewhere, everything that a user wrote is escaped, and the same folder
//! gives the same bytes.
//!
//! ```text
//! results folder ─► experiment, comparison, search, other ─► page ─► report.html
//! figures ─► chart ─► svg          source ─► tables, key ─► grid
//! ```

mod chart;
mod comparison;
mod experiment;
mod grid;
mod key;
mod number;
mod other;
mod page;
mod parts;
mod policy;
mod search;
mod source;
mod svg;
mod tables;

use std::path::{Path, PathBuf};

use super::ReportError;
use super::chart::Named;
use super::charts::write_whole;
use super::compare::ComparisonManifest;
use super::manifest::FolderManifest;
use super::replay::ReplayManifest;
use super::search::SearchManifest;
use super::trace::TraceManifest;
use crate::experiment::charts::ThemeSpec;
pub(crate) use parts::quoted;
use svg::Styles;

/// The name of the page.
const REPORT: &str = "report.html";

/// Writes the page of a results folder from its files and figures.
///
/// # Errors
/// If a file is not there or not as it was written, a figure cannot be drawn, or the page
/// cannot be written.
pub(super) fn write(
    dir: &Path,
    figures: &[Named],
    theme: ThemeSpec,
) -> Result<PathBuf, ReportError> {
    let mut styles = Styles::default();
    let charts = parts::charts(figures, theme, &mut styles)?;
    let page = if SearchManifest::is_in(dir) {
        search::page(dir, charts)?
    } else if ComparisonManifest::is_in(dir) {
        comparison::page(dir, charts)?
    } else if ReplayManifest::is_in(dir) {
        other::page(dir, "Replay of a cache trace", charts)?
    } else if TraceManifest::is_in(dir) {
        other::page(dir, "Recorded traces", charts)?
    } else {
        experiment::page(dir, charts)?
    };
    let path = dir.join(REPORT);
    write_whole(&path, page.document(&styles).as_bytes())?;
    Ok(path)
}
