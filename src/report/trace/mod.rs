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
//! | `charts/` | what | the same, drawn |

mod charts;
mod fit;
pub(crate) mod manifest;
mod summary;
mod tables;

use std::path::Path;

pub use fit::{fit_summary, write_fit};
pub use manifest::TraceManifest;
pub use summary::trace_summary;

use crate::cache::replay::Reuse;
use crate::report::csv::read_table;
use crate::report::drawable::Drawable;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::html::{Page, Section, trace_page};
use crate::report::manifest::FolderManifest;
use crate::stats::Table;
use crate::stats::fit::Zipf;
use crate::workload::trace::Profile;
use charts::{arrivals, lengths, popularity, reuse};

const INFO: &str = "info.csv";
const ARRIVALS: &str = "arrivals.csv";
const LENGTHS: &str = "lengths.csv";
const POPULARITY: &str = "popularity.csv";
const REUSE: &str = "reuse.csv";

/// A trace that was read.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// What it is called: the file's name.
    pub name: String,
    /// Its format.
    pub format: String,
    /// What it holds.
    pub profile: Profile,
    /// The correlation of the ranks of prompts' and answers' lengths (Spearman's).
    pub rank_correlation: f64,
    /// How soon prompts or blocks are asked for again, where they are known.
    pub reuse: Option<(&'static str, Reuse)>,
    /// Zipf's law fitted to prompts, blocks and users, where they repeat.
    pub laws: [Option<Zipf>; 3],
}

impl Surveyed {
    /// A trace with its laws fitted.
    pub fn new(
        name: String,
        format: String,
        profile: Profile,
        rank_correlation: f64,
        reuse: Option<(&'static str, Reuse)>,
    ) -> Self {
        let known = [&profile.prompts, &profile.blocks, &profile.users];
        let laws = known.map(|popularity| Zipf::fit(&popularity.ranked()));
        Surveyed { name, format, profile, rank_correlation, reuse, laws }
    }
}

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
    let tables = [
        (INFO, tables::info(traces)),
        (ARRIVALS, tables::arrivals(traces)),
        (LENGTHS, tables::lengths(traces)),
        (POPULARITY, tables::popularity(traces)),
        (REUSE, tables::reuse(traces)),
    ];
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
