//! `windtunnel search`: the most load that a system holds, or the cheapest that holds it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output::{FORMATS, OutputFormat, draw, terminal};
use super::theme::Theme;
use super::{
    Failure, Files, interrupt, is_terminal, print, refused, stop_by_ctrl_c, tell, tell_dropped,
};
use crate::experiment::load::Document;
use crate::experiment::search::{SearchError, Trials, search};
use crate::experiment::{Prepared, Progress, Workspace, prepare};
use crate::report;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windtunnel search capacity.yaml                with `search: { maximize_load: ... }`
  windtunnel search cheapest.yaml --jobs 8       with `search: { cheapest: ... }`
  windtunnel search capacity.yaml --resume       after an interruption: only what is missing

The file's `search:` says what is changed, the bounds that must hold, and what is made
large or small; docs/statistics.md says how. All evidence is in search.csv.")]
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
    /// Keep the finished runs of an interrupted search and go on
    #[arg(long)]
    resume: bool,
    /// What to write: csv is always written
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = FORMATS)]
    format: Vec<OutputFormat>,
    /// The charts' colours [default: light]
    #[arg(long, value_name = "NAME")]
    theme: Option<Theme>,
    /// No progress and no summary, only the results' path
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    if args.jobs == Some(0) {
        return Err(Failure::Input("error: --jobs: expected at least 1 thread".to_owned()));
    }
    let mut all = Vec::new();
    for file in &args.files.paths {
        let document = Document::open(file).map_err(|found| Failure::input(&found))?;
        let prepared =
            prepare(&document, &args.files.overrides()).map_err(|found| Failure::input(&found))?;
        if prepared.resolved.experiment.search.is_none() {
            let file = file.display();
            return Err(Failure::Input(format!("error: {file}: {}", SearchError::Nothing)));
        }
        all.push((document, prepared));
    }
    args.files.refuse_same_name(all.iter().map(|(_, prepared)| &prepared.resolved.name))?;
    let progress = Arc::new(Progress::default());
    for (document, prepared) in &all {
        let folder = one(args, document, prepared, &progress)?;
        print(&folder.display().to_string())?;
    }
    Ok(())
}

fn one(
    args: &Args,
    document: &Document,
    prepared: &Prepared,
    progress: &Arc<Progress>,
) -> Result<PathBuf, Failure> {
    let Some(spec) = &prepared.resolved.experiment.search else {
        return Err(failure(SearchError::Nothing, ""));
    };
    let name = format!("{}-search", prepared.resolved.name);
    let told = name.clone();
    stop_by_ctrl_c(progress, move |_| interrupted(&told));
    let workspace = Workspace::open(&args.out, &name, &prepared.resolved.hash, args.resume)
        .map_err(|error| refused(&error))?;
    tell_dropped(&workspace, args.resume);
    tell_unused(prepared);
    let jobs = args.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let bar = (!args.quiet && is_terminal()).then(|| watch(&name, progress));
    let searched = Trials::new(document, prepared, &workspace, jobs, progress)
        .and_then(|mut trials| search(&mut trials, spec).map(|finding| (trials, finding)));
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let (trials, finding) = searched.map_err(|error| failure(error, &name))?;
    let failed = |error: &dyn std::fmt::Display| Failure::Run(format!("error: {error}"));
    let staging = workspace.staging().map_err(|error| failed(&error))?;
    let table = report::write_search(&staging, prepared, &trials, &finding)
        .map_err(|error| failed(&error))?;
    draw(&staging, &args.format, args.theme).map_err(|error| failed(&error))?;
    if !args.quiet {
        let summary = report::search_summary(&table, &trials, &finding, terminal());
        tell(summary.trim_end());
    }
    for warning in report::search_warnings(&trials, &finding) {
        tell(&format!("warning: {warning}"));
    }
    drop(trials);
    if interrupt::asked() {
        return Err(Failure::Interrupted(interrupted(&name)));
    }
    workspace.publish().map_err(|error| failed(&error))
}

/// That somebody asked to stop.
fn interrupted(name: &str) -> String {
    format!("{name}: interrupted; what is done is kept: --resume")
}

/// Says what of the file a search does not heed.
fn tell_unused(prepared: &Prepared) {
    let experiment = &prepared.resolved.experiment;
    let unused = [
        ("sweep", experiment.sweep.columns().is_empty()),
        ("precision", experiment.precision.is_none()),
    ];
    for (name, _) in unused.iter().filter(|(_, absent)| !absent) {
        tell(&format!(
            "warning: `{name}` is for `windtunnel run`: a search varies what `search:` names, as \
             often as it takes to tell"
        ));
    }
}

fn failure(error: SearchError, name: &str) -> Failure {
    match error {
        SearchError::Input(found) => Failure::input(&found),
        SearchError::Interrupted(_) => {
            Failure::Interrupted(format!("{name}: {error}; what is done is kept: --resume"))
        }
        SearchError::Nothing | SearchError::Unmeasured(_) => {
            Failure::Input(format!("error: {error}"))
        }
        error => Failure::Run(format!("error: {error}")),
    }
}

/// A progress line that follows `progress` until it is finished: nobody knows how many
/// runs there will be.
pub(super) fn watch(name: &str, progress: &Arc<Progress>) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg}: {pos} runs  {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style).with_message(name.to_owned());
    let (shown, progress) = (bar.clone(), Arc::clone(progress));
    thread::spawn(move || {
        while !shown.is_finished() {
            shown.set_position(progress.done.load(Ordering::Relaxed) as u64);
            thread::sleep(Duration::from_millis(100));
        }
    });
    bar
}
