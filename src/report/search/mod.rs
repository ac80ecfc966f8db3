//! The results of `windtunnel search`.
//!
//! | file | one row per | columns |
//! |---|---|---|
//! | `manifest.yaml` | - | [`SearchManifest`] |
//! | `search.csv` | trial | its values, replications, verdict, what binds, metrics with intervals, and whether no other trial beats it |
//! | `charts/` | | the bounds along the load, or cost against response time |

mod chart;
pub(crate) mod manifest;
mod page;
mod pareto_front;
mod summary;
mod survivors;
mod tables;

use std::path::Path;

pub use manifest::SearchManifest;
pub use summary::search_summary;
pub use survivors::search_warnings;

use crate::experiment::Prepared;
use crate::experiment::search::{Finding, Trials};
use crate::report::csv::read_table;
use crate::report::drawable::Drawable;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::html::{Page, Section};
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
    let tables = [(SEARCH, tables::search(trials, finding))];
    SearchManifest::new(prepared, trials, finding).write(folder, &tables)?;
    let [(_, table)] = tables;
    Ok(table)
}

impl Drawable for SearchManifest {
    fn figures(&self, dir: &Path) -> Result<Vec<NamedFigure>, ReportError> {
        Ok(vec![chart::figure(self, &read_table(&dir.join(SEARCH))?)?])
    }

    fn page(&self, dir: &Path, charts: Option<Section>) -> Result<Page, ReportError> {
        page::page(dir, self, charts)
    }
}
