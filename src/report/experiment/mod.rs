//! The results of `windtunnel run`.
//!
//! | file | one row per | columns |
//! |---|---|---|
//! | `manifest.yaml` | - | [`Manifest`] |
//! | `points.csv`, `runs.csv` | point, run | swept values and metrics |
//! | `sensitivity.csv` | metric x path | which parameters matter, by a design that asks |
//! | other tables | | what the parts of the system recorded, by run |
//! | `charts/` | | the experiment's own charts, or those that suit its sweep |

mod default_charts;
mod headings;
mod key_numbers;
mod page;
mod sensitivity;
mod subject;
mod summary;
mod tables;
mod warnings;

use std::path::{Path, PathBuf};

use default_charts::charts_of;
pub use default_charts::default_charts;
pub use summary::summary;
pub use tables::{ResultsError, write_results};
pub use warnings::warnings;

use crate::experiment::charts::{ChartSpec, ThemeSpec};
use crate::experiment::{Experiment, Manifest};
use crate::report::chart;
use crate::report::draw::{Format, draw};
use crate::report::drawable::Drawable;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::html::{Page, Section};
use crate::report::results::Results;

/// A finished experiment, as its folder has it.
pub(super) struct Finished {
    manifest: Manifest,
    experiment: Experiment,
}

impl Finished {
    pub(super) fn read(dir: &Path) -> Result<Self, ReportError> {
        let manifest = Manifest::read(dir).map_err(ReportError::Manifest)?;
        let experiment = manifest.experiment().map_err(ReportError::Manifest)?;
        Ok(Finished { manifest, experiment })
    }
}

impl Drawable for Finished {
    fn theme(&self) -> ThemeSpec {
        self.experiment.theme
    }

    fn figures(&self, dir: &Path) -> Result<Vec<NamedFigure>, ReportError> {
        let Manifest { swept, name, .. } = &self.manifest;
        if let Some(specs) = &self.experiment.charts {
            return figures(dir, specs, swept, name);
        }
        figures(dir, &charts_of(dir, swept, &self.experiment.columns)?, swept, name)
    }

    fn page(&self, dir: &Path, charts: Option<Section>) -> Result<Page, ReportError> {
        page::page(dir, &self.manifest, &self.experiment, charts)
    }
}

fn figures(
    dir: &Path,
    specs: &[ChartSpec],
    swept: &[String],
    title: &str,
) -> Result<Vec<NamedFigure>, ReportError> {
    let results = Results::open(dir, swept, title)?;
    let mut all = Vec::new();
    for spec in specs {
        all.extend(chart::figures(&results, spec)?);
    }
    Ok(all)
}

/// Draws charts into `charts/` of a results folder, from the folder's CSV
/// files, and returns the files in the order in which they were asked for.
///
/// `swept` are the columns of `points.csv` that were swept; `title` is the
/// experiment's, shown in the subtitle. Files are named after what they show
/// (`e2e_p99_s-by-cache.levels.l1.capacity.svg`), with `-2` and so on where
/// two charts would have the same name.
///
/// # Errors
/// If a table or a column that a chart needs is missing, or a file cannot be
/// written.
pub fn draw_all(
    dir: &Path,
    specs: &[ChartSpec],
    swept: &[String],
    formats: &[Format],
    title: &str,
) -> Result<Vec<PathBuf>, ReportError> {
    draw_in(dir, specs, swept, formats, title, ThemeSpec::Light)
}

/// The same in a theme.
///
/// # Errors
/// As [`draw_all`].
pub fn draw_in(
    dir: &Path,
    specs: &[ChartSpec],
    swept: &[String],
    formats: &[Format],
    title: &str,
    theme: ThemeSpec,
) -> Result<Vec<PathBuf>, ReportError> {
    let figures = figures(dir, specs, swept, title)?;
    draw(dir, figures, formats, theme, |charts| Finished::read(dir)?.page(dir, charts))
}
