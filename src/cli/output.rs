//! Making a results folder of finished runs: what `run` and `merge` share.

use std::path::{Path, PathBuf};

use super::theme::Theme;
use super::{Failure, is_terminal, tell};
use crate::experiment::{Resolved, Store, Workspace};
use crate::report::Format;
use crate::report::{self, ReportError};
use crate::stats::Table;

/// What is written if nobody says: everything.
pub(super) const FORMATS: &str = "csv,svg,png,html";

#[derive(Debug, clap::Args)]
pub(super) struct Output {
    /// The folder that results folders are made in; an earlier one of the same
    /// name is replaced
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// What to write: csv is always written
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = FORMATS)]
    format: Vec<OutputFormat>,
    /// The charts' colours [default: the experiment's `theme`, or light]
    #[arg(long, value_name = "NAME")]
    theme: Option<Theme>,
    /// No progress bar and no summary, only the results' path
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OutputFormat {
    Csv,
    Svg,
    Png,
    /// report.html: everything in one page
    Html,
}

/// Results that are made but not yet in their place.
pub(super) struct Made {
    points: Table,
    swept: Vec<String>,
    /// The metrics that the file wants to be shown.
    columns: Vec<String>,
    warnings: Vec<String>,
    /// Why not every chart is drawn.
    undrawn: Option<ReportError>,
}

impl Output {
    /// Makes tables and charts of finished runs; `store` says where a run is kept.
    /// A chart that cannot be drawn does not cost the user the tables.
    pub(super) fn make<'s>(
        &self,
        resolved: &Resolved,
        store: impl Fn(usize) -> &'s Store,
        workspace: &Workspace,
    ) -> Result<Made, String> {
        let staging = workspace.staging().map_err(|error| error.to_string())?;
        let points =
            report::write_results(resolved, store, &staging).map_err(|error| error.to_string())?;
        let undrawn = match draw(&staging, &self.format, self.theme) {
            Err(error @ ReportError::Io { .. }) => return Err(error.to_string()),
            drawn => drawn.err(),
        };
        let swept = resolved.sweep.columns();
        let warnings = report::warnings(&staging, &points, &swept, &resolved.experiment);
        let columns = resolved.experiment.columns.clone();
        Ok(Made { points, swept, columns, warnings, undrawn })
    }

    /// Puts results in their place and shows a summary, and what to beware of. Returns their folder.
    pub(super) fn publish(&self, made: Made, workspace: Workspace) -> Result<PathBuf, Failure> {
        let folder =
            workspace.publish().map_err(|error| Failure::Run(format!("error: {error}")))?;
        if !self.quiet {
            let Made { points, swept, columns, .. } = &made;
            tell(report::summary(points, swept, columns, terminal()).trim_end());
        }
        for warning in &made.warnings {
            tell(&format!("warning: {warning}"));
        }
        match made.undrawn {
            None => Ok(folder),
            Some(error) => Err(Failure::Run(format!(
                "error: {error}\nthe tables are in `{}`, but not every chart; mend `charts:` and run again",
                folder.display()
            ))),
        }
    }
}

/// Draws the charts and the page of a results folder, as far as they are wanted.
///
/// # Errors
/// As [`report::redraw`].
pub(super) fn draw(
    folder: &Path,
    wanted: &[OutputFormat],
    theme: Option<Theme>,
) -> Result<(), ReportError> {
    let formats = formats(wanted);
    if !formats.is_empty() {
        report::redraw(folder, &formats, theme.map(Theme::spec))?;
    }
    Ok(())
}

pub(super) fn formats(wanted: &[OutputFormat]) -> Vec<Format> {
    let mut formats = Vec::new();
    for format in wanted {
        match format {
            OutputFormat::Csv => {}
            OutputFormat::Svg => formats.push(Format::Svg),
            OutputFormat::Png => formats.push(Format::Png),
            OutputFormat::Html => formats.push(Format::Html),
        }
    }
    formats
}

/// What the summary may use of the terminal.
pub(super) fn terminal() -> report::Terminal {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let stderr = console::Term::stderr();
    let width = stderr.size_checked().map(|(_, columns)| columns);
    report::Terminal { width, color: is_terminal() && !plain }
}
