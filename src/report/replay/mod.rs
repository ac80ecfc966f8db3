//! The results of `windtunnel cache`: a folder with tables, charts and what was
//! replayed.
//!
//! | file | one row per | columns |
//! |---|---|---|
//! | `manifest.yaml` | - | [`ReplayManifest`] |
//! | `miss_ratios.csv` | policy x capacity | counts, object and byte miss ratio |
//! | `curves.csv` | curve x capacity | LRU's object and byte miss ratio |
//! | `samples.csv` | sampled curve | rate, size of the sample, error |
//! | `charts/` | unit of the capacities | miss-ratio curves |

mod manifest;
mod summary;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

pub use manifest::{ReplayManifest, TraceFacts};
pub use summary::replay_summary;

use super::ReportError;
use super::chart::mrc;
use super::charts::{Format, draw};
use super::csv::{read_table, write_table};
use crate::cache::replay::Outcome;
use crate::experiment::charts::ThemeSpec;
use crate::report::manifest::FolderManifest;

const MISS_RATIOS: &str = "miss_ratios.csv";
const CURVES: &str = "curves.csv";
const SAMPLES: &str = "samples.csv";

/// Writes the tables and the manifest into `folder`.
///
/// # Errors
/// If a file cannot be written.
pub fn write_replay(
    folder: &Path,
    manifest: &ReplayManifest,
    outcome: &Outcome,
) -> Result<(), ReportError> {
    let write = |name: &str, table| {
        let path = folder.join(name);
        write_table(&path, &table).map_err(ReportError::io(&path))
    };
    write(MISS_RATIOS, tables::miss_ratios(&outcome.cells))?;
    write(CURVES, tables::curves(&outcome.curves))?;
    write(SAMPLES, tables::samples(&outcome.curves))?;
    let path = folder.join("manifest.yaml");
    fs::write(&path, manifest.to_yaml()).map_err(ReportError::io(&path))
}

/// Draws the charts of a folder that [`write_replay`] wrote, from its files.
///
/// # Errors
/// If a file is not there or not as it was written, or cannot be written.
pub fn draw_replay(
    dir: &Path,
    formats: &[Format],
    theme: ThemeSpec,
) -> Result<Vec<PathBuf>, ReportError> {
    let manifest = ReplayManifest::read(dir).map_err(ReportError::Manifest)?;
    let table = |name: &str| read_table(&dir.join(name));
    let figures = mrc::figures(&manifest, &table(MISS_RATIOS)?, &table(CURVES)?)?;
    draw(dir, figures, formats, theme)
}
