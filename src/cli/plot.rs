//! `windtunnel plot`: charts and pages from the files of results folders.

use std::path::PathBuf;

use super::theme::Theme;
use super::{Failure, print};
use crate::report;
use crate::report::Format;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Results folders
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// What to draw
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "svg,png,html")]
    format: Vec<ChartFormat>,
    /// The charts' colours [default: the experiment's `theme`, or light]
    #[arg(long, value_name = "NAME")]
    theme: Option<Theme>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ChartFormat {
    Svg,
    Png,
    /// report.html: everything in one page
    Html,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let formats: Vec<Format> = args
        .format
        .iter()
        .map(|format| match format {
            ChartFormat::Svg => Format::Svg,
            ChartFormat::Png => Format::Png,
            ChartFormat::Html => Format::Html,
        })
        .collect();
    for folder in &args.folders {
        let redrawn = report::redraw(folder, &formats, args.theme.map(Theme::spec));
        let charts = redrawn.map_err(|error| {
            let kind = if error.is_full_disk() { Failure::Run } else { Failure::Input };
            kind(format!("error: {error}"))
        })?;
        for chart in charts {
            print(&chart.display().to_string())?;
        }
    }
    Ok(())
}
