//! `windtunnel run`: experiments to results folders.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output::Output;
use super::{
    Failure, Files, interrupt, is_terminal, print, refused, stop_by_ctrl_c, tell, tell_dropped,
};
use crate::experiment::load::Document;
use crate::experiment::{
    ExecuteError, Prepared, Progress, Shard, ShardManifest, Workspace, execute, prepare,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windtunnel run experiments/quickstart.yaml
  windtunnel run sweep.yaml --jobs 8 --replications 20 --out /data/results
  windtunnel run sweep.yaml --resume      after an interruption: only what is missing
  windtunnel run sweep.yaml --shard 3/8   a part of the runs, for `windtunnel merge`")]
pub(super) struct Args {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    output: Output,
    /// Threads; the results do not depend on it [default: all cores]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Keep the finished runs of an interrupted experiment and run the rest
    #[arg(long)]
    resume: bool,
    /// Run only part I of N, into the folder NAME.shard-I-of-N, for `windtunnel
    /// merge`
    #[arg(long, value_name = "I/N", conflicts_with = "format")]
    shard: Option<Shard>,
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
    args.files.refuse_same_name(all.iter().map(|prepared| &prepared.resolved.name))?;
    // Files that include the same one have its warnings, too.
    let mut told = BTreeSet::new();
    let warnings = all.iter().flat_map(|prepared| &prepared.warnings).map(ToString::to_string);
    for warning in warnings.filter(|warning| told.insert(warning.clone())) {
        tell(&format!("{warning}\n"));
    }
    let progress = Arc::new(Progress::default());
    for prepared in &all {
        let folder = run_one(args, prepared, &progress)?;
        print(&folder.display().to_string())?;
    }
    Ok(())
}

fn run_one(args: &Args, prepared: &Prepared, progress: &Arc<Progress>) -> Result<PathBuf, Failure> {
    let resolved = &prepared.resolved;
    if args.files.quick && resolved.experiment.quick.is_empty() {
        tell(&format!("warning: {} has no `quick:` block: all of it is run", resolved.name));
    }
    let (out, name) = (&args.output.out, &resolved.name);
    let told = name.clone();
    stop_by_ctrl_c(progress, move |progress| interrupted(&told, progress));
    let whole = args.shard.is_none();
    if whole && args.resume && Workspace::is_published(out, name, &resolved.hash) {
        tell(&format!("{name}: the results are complete"));
        return Ok(out.join(name));
    }
    let workspace = match args.shard {
        None => Workspace::open(out, name, &resolved.hash, args.resume),
        Some(shard) => Workspace::open_shard(out, resolved, shard, args.resume),
    };
    let replaced = whole && args.resume && out.join(name).exists();
    let workspace = workspace.map_err(|error| refused(&error))?;
    if replaced {
        tell(&format!(
            "warning: the results in `{}` are of another experiment, seed or number of \
             replications, and are replaced",
            out.join(name).display()
        ));
    }
    tell_dropped(&workspace, args.resume);
    for damage in workspace.store().damage() {
        tell(&format!("warning: {damage}; what is lost is run again"));
    }
    let jobs = args.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let bar = (!args.output.quiet && is_terminal()).then(|| watch(name, progress));
    let result = execute(prepared, &workspace, jobs, progress);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let kept = workspace.partial().display().to_string();
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Run(format!(
            "error: {error}\nthe finished runs are kept in `{kept}`; continue with --resume"
        ))
    };
    match result {
        Ok(()) => {}
        Err(ExecuteError::Interrupted { .. }) => {
            return Err(Failure::Interrupted(interrupted(name, progress)));
        }
        // The same would happen again.
        Err(error @ (ExecuteError::Run { .. } | ExecuteError::Pilot { .. })) => {
            return Err(Failure::Run(format!("error: {error}")));
        }
        Err(error) => return Err(failed(&error)),
    }
    if interrupt::asked() {
        return Err(Failure::Interrupted(interrupted(name, progress)));
    }
    if let Some(shard) = args.shard {
        let manifest = ShardManifest::new(resolved, shard, progress.done.load(Ordering::Relaxed));
        return workspace.publish_shard(&manifest).map_err(|error| failed(&error));
    }
    let made = args.output.make(resolved, |_| workspace.store(), &workspace);
    let made = made.map_err(|error| failed(&error))?;
    if interrupt::asked() {
        return Err(Failure::Interrupted(interrupted(name, progress)));
    }
    args.output.publish(made, workspace)
}

/// That somebody asked to stop, and what is kept.
fn interrupted(name: &str, progress: &Progress) -> String {
    let [done, runs] = [&progress.done, &progress.runs].map(|it| it.load(Ordering::Relaxed));
    format!("interrupted: {done} of {runs} runs of {name} are kept; continue with --resume")
}

/// A progress bar that follows `progress` until it is finished.
fn watch(name: &str, progress: &Arc<Progress>) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg} {bar:32} {pos}/{len} runs  {elapsed}  {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style).with_message(name.to_owned());
    let (shown, progress) = (bar.clone(), Arc::clone(progress));
    thread::spawn(move || {
        while !shown.is_finished() {
            shown.set_length(progress.runs.load(Ordering::Relaxed) as u64);
            shown.set_position(progress.done.load(Ordering::Relaxed) as u64);
            thread::sleep(Duration::from_millis(100));
        }
    });
    bar
}
