//! Runs what is not yet done, in parallel.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::prepare::Prepared;
use super::records::RequestWriter;
use super::rounds::{Rounds, Warmups, find_warmups};
use super::store::{Draft, Record, Store, WorkspaceError};
use super::trace_events::TraceWriter;
use super::workspace::Workspace;
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
    /// A row of `requests.csv` or an event of a trace could not be written.
    #[error("cannot write requests or traces: {0}")]
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

/// Runs those runs of `prepared` that are `workspace`'s to do and that it does not
/// keep yet, on at most `jobs` threads.
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
        run_all(prepared, workspace.store(), &pool, (&pending, &warmups), progress)?;
        pending = rounds.next();
    }
    progress.runs.store(rounds.runs, Ordering::Relaxed);
    progress.done.store(rounds.runs, Ordering::Relaxed);
    Ok(())
}

/// Runs `pending` and nothing else.
fn run_all(
    prepared: &Prepared,
    store: &Store,
    pool: &rayon::ThreadPool,
    (pending, warmups): (&[usize], &Warmups),
    progress: &Progress,
) -> Result<(), ExecuteError> {
    let failure = pool.install(|| {
        // One run at a time per thread, in order of their numbers, so that an
        // interrupted sweep has its first points whole.
        pending
            .par_iter()
            .with_max_len(1)
            .filter_map(|&run| {
                run_one(prepared, store, run, warmups, progress).err().map(|error| (run, error))
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

fn run_one(
    prepared: &Prepared,
    store: &Store,
    run: usize,
    warmups: &Warmups,
    progress: &Progress,
) -> Result<(), ExecuteError> {
    if progress.stop.load(Ordering::Relaxed) {
        return Err(ExecuteError::Interrupted { done: 0, runs: 0 });
    }
    let record = record_of(prepared, store, run, warmups, &progress.stop);
    let kept = record.and_then(|record| {
        store.keep(run, &record)?;
        Ok(record)
    });
    let record = kept.inspect_err(|_| {
        // No run that starts now could save the experiment.
        progress.stop.store(true, Ordering::Relaxed);
    })?;
    let events = METRICS
        .iter()
        .position(|metric| metric.name == "events")
        .map_or(0.0, |index| record.tables.metrics[index]);
    progress.events.fetch_add(events as u64, Ordering::Relaxed);
    progress.done.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Does a run. Its files are whole when this returns well.
fn record_of(
    prepared: &Prepared,
    store: &Store,
    run: usize,
    warmups: &Warmups,
    stop: &AtomicBool,
) -> Result<Record, ExecuteError> {
    let replications = prepared.replications();
    let (point, replication) = (run / replications.most(), (run % replications.most()) as u64);
    let found = warmups
        .get(&point)
        .map(|span| Setup { warmup: Warmup::After(*span), ..prepared.setups[point].clone() });
    let setup = found.as_ref().unwrap_or(&prepared.setups[point]);
    let streams = replications.streams(prepared.experiment.seed, replication);
    let began = Instant::now();
    let wanted = &prepared.experiment.record;
    let draft = |asked: bool, path| asked.then(|| Draft::create(path)).transpose();
    let mut requests = draft(wanted.requests, store.requests_path(run))?;
    let mut trace = draft(wanted.timeline, store.trace_path(run))?;
    let mut rows =
        requests.as_mut().map(|draft| RequestWriter::new(draft, setup, point, replication));
    let mut events = trace.as_mut().map(|draft| TraceWriter::new(draft, setup));
    let recorder = rows.as_mut().map(RequestWriter::recorder);
    let tracer = events.as_mut().map(|writer| writer as &mut dyn Tracer);
    let result = system::run_traced(setup, &streams, stop, recorder, tracer);
    rows.map_or(Ok(()), RequestWriter::finish)?;
    events.map_or(Ok(()), TraceWriter::finish)?;
    let tables = result.map_err(|source| match source {
        RunError::Interrupted => ExecuteError::Interrupted { done: 0, runs: 0 },
        source @ (RunError::Trace(_) | RunError::Standstill { .. } | RunError::Deadlock { .. }) => {
            ExecuteError::Run { run, point, replication, source }
        }
    })?;
    Ok(Record {
        wall_s: began.elapsed().as_secs_f64(),
        requests: requests.map(Draft::finish).transpose()?,
        trace: trace.map(Draft::finish).transpose()?,
        tables,
    })
}
