//! Runs what is not yet done, in parallel.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::prepare::Prepared;
use super::records::RequestWriter;
use super::replications::{Replications, Standing};
use super::trace_events::TraceWriter;
use super::warmup::find_warmup;
use super::workspace::{Record, Workspace, WorkspaceError};
use crate::kernel::Duration;
use crate::system::{self, METRICS, RunError, Setup, Tracer, Warmup};

/// Why not all runs are done.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// A run failed.
    #[error("run {run} (point {point}, replication {replication}): {source}")]
    Run {
        /// Its number.
        run: usize,
        /// Its point.
        point: usize,
        /// Its replication.
        replication: u64,
        /// Why.
        source: RunError,
    },
    /// A pilot run failed.
    #[error("the pilot run of point {point}: {source}")]
    Pilot {
        /// Its point.
        point: usize,
        /// Why.
        source: RunError,
    },
    /// Somebody asked to stop.
    #[error("interrupted: {done} of {runs} runs are kept")]
    Interrupted {
        /// Runs done, now or before.
        done: usize,
        /// Runs in all.
        runs: usize,
    },
    /// A result could not be kept.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A row of `requests.csv` could not be written.
    #[error("cannot write requests: {0}")]
    Requests(#[from] io::Error),
    /// The threads could not be started.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// How far an execution is; looked at from another thread.
#[derive(Debug, Default)]
pub struct Progress {
    /// Runs in all, as far as is known.
    pub runs: AtomicUsize,
    /// Runs done, now or before.
    pub done: AtomicUsize,
    /// Runs that were done before.
    pub recalled: AtomicUsize,
    /// Events of the runs done now.
    pub events: AtomicU64,
    /// Set to stop; what is finished is kept.
    pub stop: AtomicBool,
}

/// Runs all runs of `prepared` that `workspace` has no record of, on at most
/// `jobs` threads.
///
/// # Errors
/// The failure of the run with the lowest number, or that it was interrupted.
pub fn execute(
    prepared: &Prepared,
    workspace: &Workspace,
    jobs: usize,
    progress: &Progress,
) -> Result<(), ExecuteError> {
    let mut rounds = Rounds::new(prepared, workspace);
    let mut pending = rounds.next();
    progress.recalled.store(rounds.runs - pending.len(), Ordering::Relaxed);
    // More threads than runs would only wait; very many would choke the machine.
    let threads = jobs.clamp(1, pending.len().max(1));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let warmups = find_warmups(prepared, &pool, &pending, progress)?;
    while !pending.is_empty() {
        progress.done.store(rounds.runs - pending.len(), Ordering::Relaxed);
        progress.runs.store(rounds.runs, Ordering::Relaxed);
        run_all(prepared, workspace, &pool, &pending, &warmups, progress)?;
        pending = rounds.next();
    }
    progress.runs.store(rounds.runs, Ordering::Relaxed);
    progress.done.store(rounds.runs, Ordering::Relaxed);
    Ok(())
}

/// Runs `pending` and nothing else.
fn run_all(
    prepared: &Prepared,
    workspace: &Workspace,
    pool: &rayon::ThreadPool,
    pending: &[usize],
    warmups: &Warmups,
    progress: &Progress,
) -> Result<(), ExecuteError> {
    let failure = pool.install(|| {
        // One run at a time per thread, in order of their numbers, so that an
        // interrupted sweep has its first points whole.
        pending
            .par_iter()
            .with_max_len(1)
            .filter_map(|&run| {
                run_one(prepared, workspace, run, warmups, progress).err().map(|error| (run, error))
            })
            .min_by_key(|(run, error)| (matches!(error, ExecuteError::Interrupted { .. }), *run))
    });
    match failure {
        Some((_, ExecuteError::Interrupted { .. })) => {
            let done = progress.done.load(Ordering::Relaxed);
            Err(ExecuteError::Interrupted { done, runs: progress.runs.load(Ordering::Relaxed) })
        }
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

/// By point, the warm-up that was found.
type Warmups = BTreeMap<usize, Duration>;

/// Runs the pilots of the points that have runs to do and ask for it.
fn find_warmups(
    prepared: &Prepared,
    pool: &rayon::ThreadPool,
    pending: &[usize],
    progress: &Progress,
) -> Result<Warmups, ExecuteError> {
    let most = prepared.replications().most();
    let points: BTreeSet<usize> = pending.iter().map(|run| run / most).collect();
    let auto = |point: &usize| prepared.setups[*point].warmup == Warmup::Auto;
    let points: Vec<usize> = points.into_iter().filter(auto).collect();
    let seed = prepared.experiment.seed;
    let pilot = |&point: &usize| match find_warmup(&prepared.setups[point], seed, &progress.stop) {
        Ok(warmup) => Ok((point, warmup)),
        Err(RunError::Interrupted) => Err(ExecuteError::Interrupted {
            done: progress.recalled.load(Ordering::Relaxed),
            runs: prepared.runs(),
        }),
        Err(source) => Err(ExecuteError::Pilot { point, source }),
    };
    pool.install(|| points.par_iter().with_max_len(1).map(pilot).collect())
}

/// What is to be run, a round at a time: points whose replications are to be as many as
/// it takes ask for more when the last round is done.
struct Rounds<'e> {
    prepared: &'e Prepared,
    workspace: &'e Workspace,
    replications: Replications,
    open: Vec<Open>,
    /// How many runs there are, as far as is known.
    runs: usize,
}

/// A point that may ask for more.
#[derive(Default)]
struct Open {
    point: usize,
    /// What the deciding metric was in its first replications.
    known: Vec<f64>,
    /// How many replications it needs, as far as is known.
    needs: usize,
}

impl<'e> Rounds<'e> {
    fn new(prepared: &'e Prepared, workspace: &'e Workspace) -> Self {
        let open = |point| Open { point, ..Open::default() };
        let open = (0..prepared.setups.len()).map(open).collect();
        let replications = prepared.replications();
        Rounds { prepared, workspace, replications, open, runs: 0 }
    }

    /// The numbers of the runs that are to be run next; none if all is done.
    fn next(&mut self) -> Vec<usize> {
        let (prepared, workspace) = (self.prepared, self.workspace);
        let most = self.replications.most();
        let mut pending = Vec::new();
        let mut open = std::mem::take(&mut self.open);
        open.retain_mut(|it| {
            let first = it.point * most;
            let standing = self.replications.standing(|replication, metric| {
                if replication == it.known.len() {
                    let run = first + replication;
                    let record = is_done(prepared, workspace, run).then(|| workspace.recall(run));
                    it.known.push(record.flatten()?.tables.metrics[metric]);
                }
                Some(it.known[replication])
            });
            let (Standing::Needs(needs) | Standing::Done(needs)) = standing;
            self.runs += needs - it.needs;
            it.needs = needs;
            let runs = first + it.known.len()..first + needs;
            pending.extend(runs.filter(|run| !is_done(prepared, workspace, *run)));
            matches!(standing, Standing::Needs(_))
        });
        self.open = open;
        pending
    }
}

fn is_done(prepared: &Prepared, workspace: &Workspace, run: usize) -> bool {
    let record = &prepared.experiment.record;
    let requests = !record.requests || workspace.requests_path(run).exists();
    let trace = !record.timeline || workspace.trace_path(run).exists();
    requests && trace && workspace.recall(run).is_some()
}

/// A file under another name until it is whole.
struct Draft {
    out: BufWriter<File>,
    path: PathBuf,
}

impl Draft {
    fn create(path: PathBuf) -> io::Result<Self> {
        Ok(Draft { out: BufWriter::new(File::create(path.with_extension("draft"))?), path })
    }
}

fn run_one(
    prepared: &Prepared,
    workspace: &Workspace,
    run: usize,
    warmups: &Warmups,
    progress: &Progress,
) -> Result<(), ExecuteError> {
    if progress.stop.load(Ordering::Relaxed) {
        return Err(ExecuteError::Interrupted { done: 0, runs: 0 });
    }
    let replications = prepared.replications();
    let (point, replication) = (run / replications.most(), (run % replications.most()) as u64);
    let found = warmups.get(&point);
    let found =
        found.map(|span| Setup { warmup: Warmup::After(*span), ..prepared.setups[point].clone() });
    let setup = found.as_ref().unwrap_or(&prepared.setups[point]);
    let streams = replications.streams(prepared.experiment.seed, replication);
    let began = Instant::now();
    let record = &prepared.experiment.record;
    let mut requests = record
        .requests
        .then(|| Draft::create(workspace.requests_path(run)))
        .transpose()?
        .map(|draft| (RequestWriter::new(draft.out, setup, point, replication), draft.path));
    let mut trace = record
        .timeline
        .then(|| Draft::create(workspace.trace_path(run)))
        .transpose()?
        .map(|draft| (TraceWriter::new(draft.out, setup), draft.path));
    let recorder = requests.as_mut().map(|(writer, _)| writer.recorder());
    let tracer = trace.as_mut().map(|(writer, _)| writer as &mut dyn Tracer);
    let result = system::run_traced(setup, &streams, &progress.stop, recorder, tracer);
    if let Some((writer, path)) = requests {
        writer.finish()?;
        fs::rename(path.with_extension("draft"), path)?;
    }
    if let Some((writer, path)) = trace {
        writer.finish()?;
        fs::rename(path.with_extension("draft"), path)?;
    }
    let tables = result.map_err(|source| match source {
        RunError::Interrupted => ExecuteError::Interrupted { done: 0, runs: 0 },
        source @ (RunError::Trace(_) | RunError::Standstill { .. }) => {
            // No run that starts now could save the experiment.
            progress.stop.store(true, Ordering::Relaxed);
            ExecuteError::Run { run, point, replication, source }
        }
    })?;
    let events = METRICS
        .iter()
        .position(|metric| metric.name == "events")
        .map_or(0.0, |index| tables.metrics[index]);
    workspace.keep(run, &Record { tables, wall_s: began.elapsed().as_secs_f64() })?;
    progress.events.fetch_add(events as u64, Ordering::Relaxed);
    progress.done.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
