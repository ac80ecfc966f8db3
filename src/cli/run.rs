//! `windtunnel run`: experiments to results folders.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::theme::Theme;
use super::{Failure, Files, is_terminal, print, tell};
use crate::experiment::load::Document;
use crate::experiment::{ExecuteError, Prepared, Progress, Workspace, execute, prepare};
use crate::report::charts::Format;
use crate::report::{self, ReportError};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windtunnel run experiments/quickstart.yaml
  windtunnel run sweep.yaml --jobs 8 --replications 20 --out /data/results
  windtunnel run sweep.yaml --resume      after an interruption: only what is missing")]
pub(super) struct Args {
    #[command(flatten)]
    files: Files,
    /// The folder that results folders are made in; an earlier one of the same
    /// name is replaced
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// Threads; the results do not depend on it [default: all cores]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Keep the finished runs of an interrupted experiment and run the rest
    #[arg(long)]
    resume: bool,
    /// What to write: csv is always written
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "csv,svg,png")]
    format: Vec<OutputFormat>,
    /// The charts' colours [default: the experiment's `theme`, or light]
    #[arg(long, value_name = "NAME")]
    theme: Option<Theme>,
    /// No progress bar and no summary, only the results' path
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OutputFormat {
    Csv,
    Svg,
    Png,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    if args.jobs == Some(0) {
        return Err(Failure::Input("error: --jobs: expected at least 1 thread".to_owned()));
    }
    // Every file is checked before the first runs.
    let mut all = Vec::new();
    let mut found = Vec::new();
    for file in &args.files.paths {
        match Document::open(file).and_then(|document| prepare(&document, &args.files.overrides()))
        {
            Ok(prepared) => all.push(prepared),
            Err(mut diagnostics) => found.append(&mut diagnostics),
        }
    }
    if !found.is_empty() {
        return Err(Failure::input(&found));
    }
    if let Some((first, second)) = same_name(&all, &args.files.paths) {
        return Err(Failure::Input(format!(
            "error: `{}` and `{}` would write the same results folder; give one another `name`",
            first.display(),
            second.display()
        )));
    }
    let progress = Arc::new(Progress::default());
    let stop = Arc::clone(&progress);
    ctrlc::set_handler(move || {
        // The second time nothing is waited for.
        if stop.stop.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|error| Failure::Run(format!("error: cannot catch Ctrl-C: {error}")))?;
    for prepared in &all {
        let folder = run_one(args, prepared, &progress)?;
        print(&folder.display().to_string())?;
    }
    Ok(())
}

fn same_name<'f>(all: &[Prepared], files: &'f [PathBuf]) -> Option<(&'f Path, &'f Path)> {
    for (second, prepared) in all.iter().enumerate() {
        if let Some(first) = all[..second].iter().position(|other| other.name == prepared.name) {
            return Some((&files[first], &files[second]));
        }
    }
    None
}

fn run_one(args: &Args, prepared: &Prepared, progress: &Arc<Progress>) -> Result<PathBuf, Failure> {
    for warning in &prepared.warnings {
        tell(&format!("{warning}\n"));
    }
    let name = &prepared.name;
    if args.resume && Workspace::is_published(&args.out, name, &prepared.hash) {
        tell(&format!("{name}: the results are complete"));
        return Ok(args.out.join(name));
    }
    let workspace = Workspace::open(&args.out, name, &prepared.hash, args.resume)
        .map_err(|error| Failure::Input(format!("error: {error}")))?;
    let jobs = args.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let bar = (!args.quiet && is_terminal()).then(|| watch(prepared, progress));
    let result = execute(prepared, &workspace, jobs, progress);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    match result {
        Ok(()) => publish(args, prepared, workspace),
        Err(ExecuteError::Interrupted { done, runs }) => Err(Failure::Interrupted(format!(
            "interrupted: {done} of {runs} runs of {name} are kept; continue with --resume"
        ))),
        Err(error) => Err(Failure::Run(format!("error: {error}"))),
    }
}

/// Makes tables and charts of the finished runs. A chart that cannot be drawn
/// does not cost the user the tables.
fn publish(args: &Args, prepared: &Prepared, workspace: Workspace) -> Result<PathBuf, Failure> {
    let kept = workspace.partial().to_path_buf();
    let failed = |error: &dyn std::fmt::Display| {
        let kept = kept.display();
        Failure::Run(format!(
            "error: {error}\nthe finished runs are kept in `{kept}`; continue with --resume"
        ))
    };
    let staging = workspace.staging().map_err(|error| failed(&error))?;
    let points =
        report::write_results(prepared, &workspace, &staging).map_err(|error| failed(&error))?;
    let formats = formats(&args.format);
    let drawn = if formats.is_empty() {
        Ok(Vec::new())
    } else {
        report::redraw(&staging, &formats, args.theme.map(Theme::spec))
    };
    if let Err(ReportError::Io { .. }) = &drawn {
        drawn.as_ref().map_err(|error| failed(error))?;
    }
    let folder = workspace.publish().map_err(|error| failed(&error))?;
    if !args.quiet {
        let swept: Vec<String> = prepared.grid.axes.iter().map(|axis| axis.name.clone()).collect();
        tell(report::summary(&points, &swept, terminal()).trim_end());
    }
    match drawn {
        Ok(_) => Ok(folder),
        Err(error) => Err(Failure::Run(format!(
            "error: {error}\nthe tables are in `{}`, but not every chart; mend `charts:` and run again",
            folder.display()
        ))),
    }
}

pub(super) fn formats(wanted: &[OutputFormat]) -> Vec<Format> {
    let mut formats = Vec::new();
    for format in wanted {
        match format {
            OutputFormat::Csv => {}
            OutputFormat::Svg => formats.push(Format::Svg),
            OutputFormat::Png => formats.push(Format::Png),
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

/// A progress bar that follows `progress` until it is finished.
fn watch(prepared: &Prepared, progress: &Arc<Progress>) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg} {bar:32} {pos}/{len} runs  {elapsed}  {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(prepared.runs() as u64)
        .with_style(style)
        .with_message(prepared.name.clone());
    let (shown, progress) = (bar.clone(), Arc::clone(progress));
    thread::spawn(move || {
        while !shown.is_finished() {
            shown.set_position(progress.done.load(Ordering::Relaxed) as u64);
            thread::sleep(Duration::from_millis(100));
        }
    });
    bar
}
