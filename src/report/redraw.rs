//! Charts, always drawn from the CSV files of a results folder, so that
//! drawing them again gives the same bytes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::chart::{Named, figures};
use super::compare::{ComparisonManifest, draw_comparison};
use super::manifest::FolderManifest;
use super::replay::{ReplayManifest, draw_replay};
use super::results::Results;
use super::search::{SearchManifest, draw_search};
use super::trace::{TraceManifest, draw_traces};
use super::{ReportError, default_charts, html, png};
use crate::experiment::Manifest;
use crate::experiment::charts::{ChartSpec, ThemeSpec};

/// A kind of file that charts are drawn into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Scalable: for papers and browsers.
    Svg,
    /// The same drawing in pixels, twice as dense as the SVG says.
    Png,
    /// One page with all charts and tables: `report.html`.
    Html,
}

impl FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "svg" => Ok(Format::Svg),
            "png" => Ok(Format::Png),
            "html" => Ok(Format::Html),
            _ => Err(format!("`{text}` is not a kind of file: expected svg, png or html")),
        }
    }
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
    let results = Results::open(dir, swept, title)?;
    draw(dir, all_figures(&results, specs)?, formats, theme)
}

/// The figures of all charts, with the names that their files have.
pub(super) fn all_figures(
    results: &Results,
    specs: &[ChartSpec],
) -> Result<Vec<Named>, ReportError> {
    let mut all = Vec::new();
    for spec in specs {
        all.extend(figures(results, spec)?);
    }
    Ok(all)
}

/// Draws figures into `charts/` of a results folder, and into its page.
pub(super) fn draw(
    dir: &Path,
    mut figures: Vec<Named>,
    formats: &[Format],
    theme: ThemeSpec,
) -> Result<Vec<PathBuf>, ReportError> {
    let mut taken = BTreeSet::new();
    for named in &mut figures {
        named.name = free_name(&named.name, &mut taken);
    }
    let mut files = draw_pictures(dir, &figures, formats, theme)?;
    if formats.contains(&Format::Html) {
        files.push(html::write(dir, &figures, theme)?);
    }
    Ok(files)
}

fn draw_pictures(
    dir: &Path,
    figures: &[Named],
    formats: &[Format],
    theme: ThemeSpec,
) -> Result<Vec<PathBuf>, ReportError> {
    let mut files = Vec::new();
    if formats.iter().all(|format| *format == Format::Html) {
        return Ok(files);
    }
    let charts = dir.join("charts");
    fs::create_dir_all(&charts).map_err(ReportError::io(&charts))?;
    for Named { name, figure } in figures {
        let failed = |reason| ReportError::Draw { chart: name.clone(), reason };
        let svg = figure.to_svg(theme).map_err(failed)?;
        for format in formats {
            let (extension, bytes) = match format {
                Format::Svg => ("svg", svg.clone().into_bytes()),
                Format::Png => ("png", png::from_svg(&svg).map_err(failed)?),
                Format::Html => continue,
            };
            let path = charts.join(format!("{name}.{extension}"));
            write_whole(&path, &bytes)?;
            files.push(path);
        }
    }
    Ok(files)
}

/// Draws the charts of a finished results folder: those that its experiment
/// names, or the default ones; or those of a replay, a comparison, a
/// search, or traces. Without a theme, in the experiment's own.
///
/// # Errors
/// If it is not a results folder, or as for [`draw_all`].
pub fn redraw(
    dir: &Path,
    formats: &[Format],
    theme: Option<ThemeSpec>,
) -> Result<Vec<PathBuf>, ReportError> {
    if ReplayManifest::is_in(dir) {
        return draw_replay(dir, formats, theme.unwrap_or_default());
    }
    if SearchManifest::is_in(dir) {
        return draw_search(dir, formats, theme.unwrap_or_default());
    }
    if ComparisonManifest::is_in(dir) {
        return draw_comparison(dir, formats, theme.unwrap_or_default());
    }
    if TraceManifest::is_in(dir) {
        return draw_traces(dir, formats, theme.unwrap_or_default());
    }
    let manifest = Manifest::read(dir).map_err(ReportError::Manifest)?;
    let experiment = manifest.experiment().map_err(ReportError::Manifest)?;
    let specs = match experiment.charts {
        Some(specs) => specs,
        None => default_charts(dir, &manifest.swept)?,
    };
    let theme = theme.unwrap_or(experiment.theme);
    draw_in(dir, &specs, &manifest.swept, formats, &manifest.name, theme)
}

fn free_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 1;
    // File systems may not tell capitals apart.
    while !taken.insert(free.to_lowercase()) {
        number += 1;
        free = format!("{name}-{number}");
    }
    free
}
