//! Figures as files: pictures in `charts/` of a results folder, and its page.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::experiment::charts::ThemeSpec;
use crate::report::error::ReportError;
use crate::report::figure::{NamedFigure, png};
use crate::report::files::write_whole;
use crate::report::html::{self, Page, Section};

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

/// Draws figures into `charts/` of a results folder, and into its page, which `page` makes
/// around them.
pub(super) fn draw(
    dir: &Path,
    mut figures: Vec<NamedFigure>,
    formats: &[Format],
    theme: ThemeSpec,
    page: impl FnOnce(Option<Section>) -> Result<Page, ReportError>,
) -> Result<Vec<PathBuf>, ReportError> {
    let mut taken = BTreeSet::new();
    for named in &mut figures {
        named.name = free_name(&named.name, &mut taken);
    }
    let mut files = draw_pictures(dir, &figures, formats, theme)?;
    if formats.contains(&Format::Html) {
        files.push(html::write(dir, &figures, theme, page)?);
    }
    Ok(files)
}

fn draw_pictures(
    dir: &Path,
    figures: &[NamedFigure],
    formats: &[Format],
    theme: ThemeSpec,
) -> Result<Vec<PathBuf>, ReportError> {
    let mut files = Vec::new();
    if formats.iter().all(|format| *format == Format::Html) {
        return Ok(files);
    }
    let charts = dir.join("charts");
    fs::create_dir_all(&charts).map_err(ReportError::io(&charts))?;
    for NamedFigure { name, figure } in figures {
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
