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

mod fitted;
mod manifest;
mod summary;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

pub use fitted::{draw_fit, fit_summary, write_fit};
pub use manifest::TraceManifest;
pub use summary::trace_summary;

use super::ReportError;
use super::chart::{arrivals, lengths, popularity, reuse};
use super::charts::{Format, draw};
use super::csv::{read_table, write_table};
use crate::cache::replay::Reuse;
use crate::experiment::charts::ThemeSpec;
use crate::report::manifest::FolderManifest;
use crate::stats::Table;
use crate::stats::fit::Zipf;
use crate::workload::trace::Profile;

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
    let write = |name: &str, table| {
        let path = folder.join(name);
        write_table(&path, &table).map_err(ReportError::io(&path))
    };
    write(INFO, tables::info(traces))?;
    write(ARRIVALS, tables::arrivals(traces))?;
    write(LENGTHS, tables::lengths(traces))?;
    write(POPULARITY, tables::popularity(traces))?;
    write(REUSE, tables::reuse(traces))?;
    let path = folder.join("manifest.yaml");
    fs::write(&path, manifest.to_yaml()).map_err(ReportError::io(&path))
}

/// Draws the charts of a folder that [`write_traces`] or [`write_fit`] wrote, from its
/// files.
///
/// # Errors
/// If a file is not there or not as it was written, or cannot be written.
pub fn draw_traces(
    dir: &Path,
    formats: &[Format],
    theme: ThemeSpec,
) -> Result<Vec<PathBuf>, ReportError> {
    if fitted::is_in(dir) {
        return draw_fit(dir, formats, theme);
    }
    let manifest = TraceManifest::read(dir).map_err(ReportError::Manifest)?;
    let table = |name: &str| read_table(&dir.join(name));
    let mut figures = vec![
        arrivals::figure(&manifest, &table(ARRIVALS)?)?,
        lengths::figure(&manifest, &table(LENGTHS)?)?,
    ];
    let popular = table(POPULARITY)?;
    for things in tables::THINGS {
        figures.extend(popularity::figure(&manifest, &popular, things)?);
    }
    figures.extend(reuse::figure(&manifest, &table(REUSE)?)?);
    draw(dir, figures, formats, theme)
}
