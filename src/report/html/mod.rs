//! `report.html`: a results folder as one page, for people who were not there. Nothing is
//! loaded from elsewhere, everything that a user wrote is escaped, and the same folder
//! gives the same bytes.
//!
//! ```text
//! results folder ─► table_files ─► tables ─► grid ─► components ─► page ─► report.html
//! figures ─► chart ─► svg ─────────────────────────►
//! ```
//! What a page says of its kind of results stands with these.

mod chart;
pub(crate) mod components;
mod content_security_policy;
pub(crate) mod grid;
pub(crate) mod numbers;
mod page;
mod svg;
mod table_files;
pub(crate) mod tables;
pub(crate) mod trace_page;

use std::path::{Path, PathBuf};

use crate::experiment::charts::ThemeSpec;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::files::write_whole;
pub(crate) use components::quoted;
pub(crate) use page::{Page, Section};
use svg::Styles;

/// The name of the page.
const REPORT: &str = "report.html";

/// Writes the page of a results folder, which `page` makes around the charts.
///
/// # Errors
/// If a figure cannot be drawn, the page not be made, or not be written.
pub(super) fn write(
    dir: &Path,
    figures: &[NamedFigure],
    theme: ThemeSpec,
    page: impl FnOnce(Option<Section>) -> Result<Page, ReportError>,
) -> Result<PathBuf, ReportError> {
    let mut styles = Styles::default();
    let charts = components::charts(figures, theme, &mut styles)?;
    let path = dir.join(REPORT);
    write_whole(&path, page(charts)?.document(&styles).as_bytes())?;
    Ok(path)
}
