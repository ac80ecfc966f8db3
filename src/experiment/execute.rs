//! Runs what is not yet done, in parallel.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::prepare::Prepared;
use super::records::RequestWriter;
use super::trace_events::TraceWriter;
use super::workspace::{Record, Workspace, WorkspaceError};
use crate::kernel::Streams;
use crate::system::{self, METRICS, RunError, Tracer};

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
    let runs = prepared.runs();
    let pending: Vec<usize> = (0..runs).filter(|run| !is_done(prepared, workspace, *run)).collect();
    progress.done.store(runs - pending.len(), Ordering::Relaxed);
    progress.recalled.store(runs - pending.len(), Ordering::Relaxed);
    // More threads than runs would only wait; very many would choke the machine.
    let threads = jobs.clamp(1, pending.len().max(1));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let failure = pool.install(|| {
        // One run at a time per thread, in order of their numbers, so that an
        // interrupted sweep has its first points whole.
        pending
            .par_iter()
            .with_max_len(1)
            .filter_map(|&run| {
                run_one(prepared, workspace, run, progress).err().map(|error| (run, error))
            })
            .min_by_key(|(run, error)| (matches!(error, ExecuteError::Interrupted { .. }), *run))
    });
    match failure {
        Some((_, ExecuteError::Interrupted { .. })) => {
            Err(ExecuteError::Interrupted { done: progress.done.load(Ordering::Relaxed), runs })
        }
        Some((_, error)) => Err(error),
        None => Ok(()),
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
    progress: &Progress,
) -> Result<(), ExecuteError> {
    if progress.stop.load(Ordering::Relaxed) {
        return Err(ExecuteError::Interrupted { done: 0, runs: 0 });
    }
    let replications = prepared.experiment.replications as usize;
    let (point, replication) = (run / replications, (run % replications) as u64);
    let setup = &prepared.setups[point];
    let streams = Streams::new(prepared.experiment.seed, replication);
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
        source @ (RunError::Trace(_) | RunError::Standstill { .. } | RunError::Deadlock { .. }) => {
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
