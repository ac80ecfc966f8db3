//! `windtunnel cache`: policies x capacities on a recorded trace.

mod args;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};

pub(super) use self::args::Args;
pub(super) use self::args::folder_name;
use self::args::{bad_trace, known_policies};
use super::output::{draw, terminal};
use super::{Failure, interrupt, is_terminal, print, refused};
use crate::cache::replay::{Contender, Outcome, Replay, Room, Study};
use crate::experiment::Workspace;
use crate::kernel::Duration;
use crate::report::{self, ReplayManifest, TraceFacts};
use crate::workload::trace::accesses::{self, AccessTrace, Format};

const NOTHING: &str = "interrupted: nothing was written";

/// Replays a trace. `again` is the command that does it again.
pub(super) fn main(args: &Args, again: String) -> Result<(), Failure> {
    let mut policies = known_policies(&args.policies).map_err(Failure::Input)?;
    let mut methods = args.methods();
    let file = args.file()?;
    let (trace, format) =
        accesses::read(&file, &args.reading()).map_err(|error| bad_trace(&error))?;
    warn(&trace);
    if args.ttl.is_some() {
        if trace.times().is_none() {
            return Err(Failure::Input(format!(
                "error: --ttl: `{}` has no times\n  = help: name their column, such as --columns \
                 time=ts,key=url",
                file.display()
            )));
        }
        policies.retain(|policy| *policy != Contender::Belady);
        methods.clear();
        eprintln!(
            "warning: with --ttl there is no `belady` and no curve of LRU: they know no times to live"
        );
        if policies.is_empty() {
            return Err(Failure::Input("error: --policies: none is left".to_owned()));
        }
    }
    let rooms = rooms(args, &trace);
    let warmup = (args.warmup * trace.len() as f64) as usize;
    let study = Study {
        replay: Replay { trace: &trace, warmup, seed: args.seed, ttl: args.ttl },
        policies,
        rooms,
        methods,
    };
    let manifest = manifest(args, &file, format, &study, again);
    let workspace =
        Workspace::open_passing(&args.out, &manifest.name).map_err(|error| refused(&error))?;
    // More threads than passes over the trace have nothing to do.
    let jobs = args.jobs.map_or_else(cores, usize::from).min(study.passes());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(failed)?;
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    interrupt::listen(move || asked.store(true, Ordering::Relaxed), || NOTHING.to_owned());
    let Some(outcome) = pool.install(|| run(args, &study, &stop)) else {
        workspace.discard().map_err(failed)?;
        return Err(Failure::Interrupted(NOTHING.to_owned()));
    };
    let staging = workspace.staging().map_err(failed)?;
    report::write_replay(&staging, &manifest, &outcome).map_err(failed)?;
    draw(&staging, &args.format, None).map_err(failed)?;
    if interrupt::asked() {
        workspace.discard().map_err(failed)?;
        return Err(Failure::Interrupted(NOTHING.to_owned()));
    }
    let folder = workspace.publish().map_err(failed)?;
    if !args.quiet {
        eprint!("{}", report::replay_summary(&manifest, &outcome, terminal()));
    }
    print(&folder.display().to_string())
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Run(format!("error: {error}"))
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// What a reader of the results should know of the trace.
fn warn(trace: &AccessTrace) {
    for note in trace.notes() {
        eprintln!("warning: {note}");
    }
    if let Some(first) = trace.first_bad() {
        eprintln!("warning: {} bad rows were left out, the first: {first}", trace.skipped());
    }
    if trace.zero_sizes() > 0 {
        eprintln!(
            "warning: {} accesses have a size of 0: they weigh 1 byte, as what is stored weighs \
             something",
            trace.zero_sizes()
        );
    }
    if trace.out_of_order() > 0 {
        eprintln!(
            "warning: {} accesses have a time before that of the access before them; \
             they are replayed in the file's order",
            trace.out_of_order()
        );
    }
}

/// The capacities on this trace, each once.
fn rooms(args: &Args, trace: &AccessTrace) -> Vec<Room> {
    let mut rooms: Vec<Room> = args.capacities.iter().map(|share| share.on(trace)).collect();
    rooms.sort_unstable();
    rooms.dedup();
    rooms
}

fn manifest(
    args: &Args,
    file: &Path,
    format: Format,
    study: &Study,
    again: String,
) -> ReplayManifest {
    let Replay { trace, warmup, seed, ttl } = study.replay;
    ReplayManifest {
        name: args.results_name(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed,
        replay: TraceFacts {
            trace: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            format: format.name().to_owned(),
            accesses: trace.len() as u64,
            warmup_accesses: warmup as u64,
            objects: trace.objects(),
            footprint_bytes: trace.sizes().map(|_| trace.footprint()),
            skipped_rows: trace.skipped(),
            out_of_order: trace.out_of_order(),
            ttl_s: ttl.map(Duration::as_secs_f64),
        },
        policies: study.policies.iter().map(|policy| policy.name().to_owned()).collect(),
        capacities: study.rooms.iter().map(ToString::to_string).collect(),
        curves: study.methods.iter().map(ToString::to_string).collect(),
        command: again,
    }
}

/// Runs the study under a progress bar.
fn run(args: &Args, study: &Study, stop: &AtomicBool) -> Option<Outcome> {
    let done = Arc::new(AtomicU64::new(0));
    let work = study.passes() as u64 * study.replay.trace.len() as u64;
    let bar = (!args.quiet && is_terminal()).then(|| watch(work, &done));
    let outcome = study.run(&done, stop);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    outcome
}

/// A progress bar that follows `done` until it is finished.
fn watch(work: u64, done: &Arc<AtomicU64>) -> ProgressBar {
    let bar = bar(work);
    let (shown, done) = (bar.clone(), Arc::clone(done));
    thread::spawn(move || {
        while !shown.is_finished() {
            shown.set_position(done.load(Ordering::Relaxed));
            thread::sleep(std::time::Duration::from_millis(100));
        }
    });
    bar
}

fn bar(work: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{bar:32} {percent}% of {len} accesses  {per_sec}  {eta} left",
    )
    .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(work).with_style(style)
}
