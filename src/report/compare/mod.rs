//! What `windtunnel compare` makes of results: whether systems differ, and by how much.
//!
//! | file | one row per | columns |
//! |---|---|---|
//! | `manifest.yaml` | - | [`ComparisonManifest`] |
//! | `comparison.csv` | pair of cases x metric | means, difference, interval, p, effect |
//! | `latency.csv` | case x quantile | response time |
//! | `charts/` | | a forest plot, and the cases' distributions of response time |

mod cases;
mod differences;
mod forest;
mod latency_cdf;
pub(crate) mod manifest;
mod notes;
mod page;
mod selection;
mod summary;
mod tables;

use std::path::Path;

pub use cases::Cases;
pub(super) use cases::point_of;
pub use differences::{Comparison, Verdict, compare};
pub use manifest::ComparisonManifest;
pub use notes::comparison_notes;
pub use selection::Selection;
pub use summary::comparison_summary;

use crate::report::csv::read_table;
use crate::report::drawable::Drawable;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::html::{Page, Section};
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
    let tables = [(COMPARISON, tables::comparison(rows)), (LATENCY, cases.latency()?)];
    manifest.write(folder, &tables)
}

impl Drawable for ComparisonManifest {
    fn figures(&self, dir: &Path) -> Result<Vec<NamedFigure>, ReportError> {
        let mut figures = forest::figures(self, &read_table(&dir.join(COMPARISON))?)?;
        let latency = read_table(&dir.join(LATENCY))?;
        if !latency.rows.is_empty() {
            figures.push(latency_cdf::figure(self, &latency)?);
        }
        Ok(figures)
    }

    fn page(&self, dir: &Path, charts: Option<Section>) -> Result<Page, ReportError> {
        page::page(dir, self, charts)
    }
}
