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

pub(crate) mod manifest;
mod miss_ratio_curves;
mod summary;
mod tables;

use std::path::Path;

pub use manifest::{ReplayManifest, TraceFacts};
pub use summary::replay_summary;

use crate::cache::replay::Outcome;
use crate::report::csv::read_table;
use crate::report::drawable::Drawable;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::html::{Page, Section, trace_page};
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
    let tables = [
        (MISS_RATIOS, tables::miss_ratios(&outcome.cells)),
        (CURVES, tables::curves(&outcome.curves)),
        (SAMPLES, tables::samples(&outcome.curves)),
    ];
    manifest.write(folder, &tables)
}

impl Drawable for ReplayManifest {
    fn figures(&self, dir: &Path) -> Result<Vec<NamedFigure>, ReportError> {
        let table = |name: &str| read_table(&dir.join(name));
        miss_ratio_curves::figures(self, &table(MISS_RATIOS)?, &table(CURVES)?)
    }

    fn page(&self, dir: &Path, charts: Option<Section>) -> Result<Page, ReportError> {
        trace_page::page(dir, "Replay of a cache trace", charts)
    }
}
