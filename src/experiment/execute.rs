//! Runs what is not yet done, in parallel.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::prepare::Prepared;
use super::records::RequestWriter;
use super::workspace::{Record, Workspace, WorkspaceError};
use crate::kernel::Streams;
use crate::system::{self, METRICS, RunError};

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
    let requests = !prepared.experiment.record.requests || workspace.requests_path(run).exists();
    requests && workspace.recall(run).is_some()
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
    let result = if prepared.experiment.record.requests {
        let path = workspace.requests_path(run);
        let draft = path.with_extension("draft");
        let mut writer =
            RequestWriter::new(BufWriter::new(File::create(&draft)?), setup, point, replication);
        let result = system::run(setup, &streams, &progress.stop, Some(writer.recorder()));
        writer.finish()?;
        fs::rename(&draft, &path)?;
        result
    } else {
        system::run(setup, &streams, &progress.stop, None)
    };
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
