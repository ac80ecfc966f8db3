//! Runs what is not yet done, in parallel.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::long_times::named_in;
use super::prepare::Prepared;
use super::records::RequestWriter;
use super::rounds::Rounds;
use super::store::{Draft, Record, Store, WorkspaceError};
use super::trace_events::TraceWriter;
use super::warmup::find_warmup;
use super::workspace::Workspace;
use crate::system::{self, RunError, Setup, Tracer, Warmup};

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
    let store = workspace.store();
    let mut rounds = Rounds::new(&prepared.outline, workspace.shard(), store);
    let mut pending = rounds.next();
    progress.follow(&rounds, &pending);
    // More threads than runs would only wait; very many would choke the machine.
    let threads = jobs.clamp(1, pending.len().max(rounds.widest()).max(1));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let found = pool.install(|| find_warmups(prepared, &pending, progress))?;
    let sweep = Executed { prepared, found, store, progress };
    while !pending.is_empty() {
        pool.install(|| sweep.run_all(&pending))?;
        pending = rounds.next();
        progress.follow(&rounds, &pending);
    }
    Ok(())
}

impl Progress {
    fn follow(&self, rounds: &Rounds<'_>, pending: &[usize]) {
        let runs = rounds.runs().count();
        self.runs.store(runs, Ordering::Relaxed);
        self.done.store(runs - pending.len(), Ordering::Relaxed);
    }

    /// That somebody asked to stop.
    fn interrupted(&self) -> ExecuteError {
        let [done, runs] = [&self.done, &self.runs].map(|count| count.load(Ordering::Relaxed));
        ExecuteError::Interrupted { done, runs }
    }
}

/// Runs the pilots of the points that have runs to do and whose warm-up is to be found.
/// Returns their setups, with the warm-up.
fn find_warmups(
    prepared: &Prepared,
    pending: &[usize],
    progress: &Progress,
) -> Result<BTreeMap<usize, Setup>, ExecuteError> {
    let most = prepared.outline.replications().most();
    let points: BTreeSet<usize> = pending.iter().map(|run| run / most).collect();
    let auto = |point: &usize| prepared.setups[*point].warmup == Warmup::Auto;
    let points: Vec<usize> = points.into_iter().filter(auto).collect();
    let seed = prepared.outline.experiment.seed;
    let pilot = |&point: &usize| {
        let setup = &prepared.setups[point];
        match find_warmup(setup, seed, &progress.stop) {
            Ok(span) => Ok((point, Setup { warmup: Warmup::After(span), ..setup.clone() })),
            Err(RunError::Interrupted) => Err(progress.interrupted()),
            Err(source) => {
                let outline = &prepared.outline;
                let source = named_in(source, &outline.sweep.apply(&outline.resolved, point));
                Err(ExecuteError::Pilot { point, source })
            }
        }
    };
    points.par_iter().with_max_len(1).map(pilot).collect()
}

/// A sweep that is being run.
struct Executed<'e> {
    prepared: &'e Prepared,
    /// By point, the setups whose warm-up a pilot run found.
    found: BTreeMap<usize, Setup>,
    store: &'e Store,
    progress: &'e Progress,
}

impl Executed<'_> {
    fn run_all(&self, runs: &[usize]) -> Result<(), ExecuteError> {
        // One run at a time per thread, in order of their numbers, so that an
        // interrupted sweep has its first points whole.
        let failures = runs.par_iter().with_max_len(1).filter_map(|&run| {
            let error = self.run_one(run).err()?;
            Some((matches!(error, ExecuteError::Interrupted { .. }), run, error))
        });
        match failures.min_by_key(|(interrupted, run, _)| (*interrupted, *run)) {
            // How many are done is known only now.
            Some((true, ..)) => Err(self.progress.interrupted()),
            Some((false, _, error)) => Err(error),
            None => Ok(()),
        }
    }

    fn run_one(&self, run: usize) -> Result<(), ExecuteError> {
        let progress = self.progress;
        if progress.stop.load(Ordering::Relaxed) {
            return Err(progress.interrupted());
        }
        let kept = self.record_of(run).and_then(|record| Ok(self.store.keep(run, &record)?));
        kept.inspect_err(|_| {
            // No run that starts now could save the experiment.
            progress.stop.store(true, Ordering::Relaxed);
        })?;
        progress.done.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Does a run. Its files are whole when this returns well.
    fn record_of(&self, run: usize) -> Result<Record, ExecuteError> {
        let (store, experiment) = (self.store, &self.prepared.outline.experiment);
        let replications = self.prepared.outline.replications();
        let (point, replication) = (run / replications.most(), (run % replications.most()) as u64);
        let setup = self.found.get(&point).unwrap_or(&self.prepared.setups[point]);
        let streams = replications.streams(experiment.seed, replication);
        let began = Instant::now();
        let wanted = &experiment.record;
        let draft = |asked: bool, path| asked.then(|| Draft::create(path)).transpose();
        let mut requests = draft(wanted.requests, store.requests_path(run))?;
        let mut trace = draft(wanted.timeline, store.trace_path(run))?;
        let mut rows =
            requests.as_mut().map(|draft| RequestWriter::new(draft, setup, point, replication));
        let mut events = trace.as_mut().map(|draft| TraceWriter::new(draft, setup));
        let recorder = rows.as_mut().map(RequestWriter::recorder);
        let tracer = events.as_mut().map(|writer| writer as &mut dyn Tracer);
        let result = system::run_traced(setup, &streams, &self.progress.stop, recorder, tracer);
        rows.map_or(Ok(()), RequestWriter::finish)?;
        events.map_or(Ok(()), TraceWriter::finish)?;
        let tables = result.map_err(|source| match source {
            RunError::Interrupted => self.progress.interrupted(),
            source => {
                let outline = &self.prepared.outline;
                let source = named_in(source, &outline.sweep.apply(&outline.resolved, point));
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
}
