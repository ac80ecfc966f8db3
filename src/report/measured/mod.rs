//! The results of `windtunnel calibrate` and of `windtunnel compare --measured`: what was
//! predicted beside what was measured.
//!
//! | file | one row per | columns |
//! |---|---|---|
//! | `manifest.yaml` | - | [`MeasuredManifest`] |
//! | `fitted.yaml` | - | the fitted values as a part of an experiment |
//! | `parameters.csv` | fitted parameter | value, 95 % interval, bounds |
//! | `errors.csv` | part of the requests x metric | means and quantiles of both, and how far off they are |
//! | `residuals.csv` | request | its times, measured and predicted |
//! | `measured.csv` | request | arrival and lengths: the workload that was replayed |
//! | `charts/` | | predicted against measured; both distributions |

mod block;
mod charts;
mod errors;
pub(crate) mod manifest;
mod page;
mod pair;
mod simulated;
mod summary;
mod tables;

use std::fs;
use std::path::Path;

pub use errors::{ErrorRow, Off, errors};
pub use manifest::{MeasuredFacts, MeasuredManifest};
pub use pair::{Pair, Part, pairs};
pub use simulated::{Simulated, simulated};
pub use summary::measured_summary;

use crate::experiment::calibrate::Calibration;
use crate::report::csv::{read_table, write_table};
use crate::report::drawable::Drawable;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::html::{Page, Section};
use crate::report::manifest::FolderManifest;
use crate::workload::measured::Measured;
use block::FITTED;
use tables::{ERRORS, PARAMETERS, RESIDUALS};

/// The file of the workload that is replayed.
pub const MEASURED_WORKLOAD: &str = "measured.csv";

/// Writes what was measured as a workload into `folder`.
///
/// # Errors
/// If the file cannot be written.
pub fn write_measured_workload(folder: &Path, rows: &[Measured]) -> Result<(), ReportError> {
    let path = folder.join(MEASURED_WORKLOAD);
    write_table(&path, &crate::experiment::calibrate::trace(rows)).map_err(ReportError::io(&path))
}

/// Writes tables, fitted values and the manifest into `folder`.
///
/// # Errors
/// If a file cannot be written.
pub fn write_measured(
    folder: &Path,
    manifest: &MeasuredManifest,
    pairs: &[Pair],
    errors: &[ErrorRow],
    calibration: Option<&Calibration>,
) -> Result<(), ReportError> {
    let mut tables = vec![(ERRORS, tables::errors(errors)), (RESIDUALS, tables::residuals(pairs))];
    if let Some(calibration) = calibration.filter(|it| !it.fitted.is_empty()) {
        tables.push((PARAMETERS, tables::parameters(&calibration.fitted)));
        let path = folder.join(FITTED);
        let text = block::fitted(manifest, &calibration.fitted, errors);
        fs::write(&path, text).map_err(ReportError::io(&path))?;
    }
    manifest.write(folder, &tables)
}

impl Drawable for MeasuredManifest {
    fn figures(&self, dir: &Path) -> Result<Vec<NamedFigure>, ReportError> {
        charts::figures(self, &read_table(&dir.join(RESIDUALS))?)
    }

    fn page(&self, dir: &Path, charts: Option<Section>) -> Result<Page, ReportError> {
        page::page(dir, self, charts)
    }
}
