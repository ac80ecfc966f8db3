//! The results of `windtunnel trace info`: a folder with tables and charts.
//!
//! | file | one row per | columns |
//! |---|---|---|
//! | `manifest.yaml` | - | [`TraceManifest`] |
//! | `info.csv` | trace | counts, rate, quantiles of lengths, popularity |
//! | `arrivals.csv` | trace x window of time | count and rate |
//! | `lengths.csv` | trace x side x quantile | tokens |
//! | `popularity.csv` | trace x kind of thing x rank | count, and that of Zipf's law |
//! | `reuse.csv` | trace x capacity | LRU's hit ratio |
//! | `models.csv` | trace x model | what was measured: TTFT, TPOT, E2E, spend, errors; where it was |
//! | `charts/` | what | the same, drawn |

mod charts;
mod fit;
pub(crate) mod manifest;
mod measured;
mod summary;
mod sums;
mod survey;
mod tables;

use std::path::Path;

pub use fit::{fit_summary, write_fit};
pub use manifest::TraceManifest;
pub use summary::trace_summary;
pub use sums::{sums_summary, sums_table};
pub use survey::Surveyed;

use crate::report::csv::read_table;
use crate::report::drawable::Drawable;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::html::{Page, Section, trace_page};
use crate::report::manifest::FolderManifest;
use crate::stats::Table;
use charts::{arrivals, lengths, popularity, reuse};

const INFO: &str = "info.csv";
const ARRIVALS: &str = "arrivals.csv";
const LENGTHS: &str = "lengths.csv";
const POPULARITY: &str = "popularity.csv";
const REUSE: &str = "reuse.csv";
const MODELS: &str = "models.csv";

/// The figures of traces, a row each.
pub fn trace_table(traces: &[Surveyed]) -> Table {
    tables::info(traces)
}

/// Writes the tables and the manifest into `folder`.
///
/// # Errors
/// If a file cannot be written.
pub fn write_traces(
    folder: &Path,
    manifest: &TraceManifest,
    traces: &[Surveyed],
) -> Result<(), ReportError> {
    let mut tables = vec![
        (INFO, tables::info(traces)),
        (ARRIVALS, tables::arrivals(traces)),
        (LENGTHS, tables::lengths(traces)),
        (POPULARITY, tables::popularity(traces)),
        (REUSE, tables::reuse(traces)),
    ];
    let models = measured::models(traces);
    if !models.rows.is_empty() {
        tables.push((MODELS, models));
    }
    manifest.write(folder, &tables)
}

impl Drawable for TraceManifest {
    fn figures(&self, dir: &Path) -> Result<Vec<NamedFigure>, ReportError> {
        if fit::is_in(dir) {
            return fit::figures(self, dir);
        }
        let table = |name: &str| read_table(&dir.join(name));
        let mut figures = vec![
            arrivals::figure(self, &table(ARRIVALS)?)?,
            lengths::figure(self, &table(LENGTHS)?)?,
        ];
        let popular = table(POPULARITY)?;
        for things in tables::THINGS {
            figures.extend(popularity::figure(self, &popular, things)?);
        }
        figures.extend(reuse::figure(self, &table(REUSE)?)?);
        Ok(figures)
    }

    fn page(&self, dir: &Path, charts: Option<Section>) -> Result<Page, ReportError> {
        trace_page::page(dir, "Recorded traces", charts)
    }
}
