//! Runs what is not yet done, in parallel.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use super::long_times::named_in;
use super::progress::Progress;
use super::rounds::Rounds;
use super::runner::{Failure, Runner};
use super::store::WorkspaceError;
use super::workspace::Workspace;
use crate::experiment::prepare::Prepared;
use crate::system::{RunError, Setup, Warmup};

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
    let resolved = &prepared.resolved;
    let mut rounds = Rounds::new(resolved, workspace.shard(), workspace.store());
    let mut pending = rounds.next();
    count(progress, &rounds, &pending);
    // More threads than runs would only wait; very many would choke the machine.
    let threads = jobs.clamp(1, pending.len().max(rounds.widest()).max(1));
    let most = resolved.replications().most();
    let runner = Runner::new(resolved, workspace, progress, most, threads)?
        .recording(&resolved.experiment.record);
    let found = find_warmups(prepared, &pending, most, &runner, progress)?;
    let setup = |point: usize| found.get(&point).unwrap_or(&prepared.setups[point]);
    while !pending.is_empty() {
        let done = runner.run_all(&pending, setup);
        done.map_err(|failure| located(failure, prepared, most, progress))?;
        pending = rounds.next();
        count(progress, &rounds, &pending);
    }
    Ok(())
}

fn count(progress: &Progress, rounds: &Rounds<'_>, pending: &[usize]) {
    let runs = rounds.runs().count();
    progress.runs.store(runs, Ordering::Relaxed);
    progress.done.store(runs - pending.len(), Ordering::Relaxed);
}

/// A failure with the point and replication that it is of. How many runs are done is
/// known only now.
fn located(
    failure: Failure,
    prepared: &Prepared,
    most: usize,
    progress: &Progress,
) -> ExecuteError {
    match failure {
        Failure::Interrupted => interrupted(progress),
        Failure::Run { run, source } => {
            let (point, replication) = (run / most, (run % most) as u64);
            let source = named_at(prepared, point, source);
            ExecuteError::Run { run, point, replication, source }
        }
        Failure::Workspace(error) => error.into(),
        Failure::Files(error) => error.into(),
    }
}

fn interrupted(progress: &Progress) -> ExecuteError {
    let [done, runs] = [&progress.done, &progress.runs].map(|it| it.load(Ordering::Relaxed));
    ExecuteError::Interrupted { done, runs }
}

/// Names the long times of the point's experiment where a run came to the end of time.
fn named_at(prepared: &Prepared, point: usize, error: RunError) -> RunError {
    let resolved = &prepared.resolved;
    named_in(error, &resolved.sweep.apply(&resolved.value, point))
}

/// Runs the pilots of the points that have runs to do and whose warm-up is to be found.
/// Returns their setups, with the warm-up.
fn find_warmups(
    prepared: &Prepared,
    pending: &[usize],
    most: usize,
    runner: &Runner<'_>,
    progress: &Progress,
) -> Result<BTreeMap<usize, Setup>, ExecuteError> {
    let points: BTreeSet<usize> = pending.iter().map(|run| run / most).collect();
    let auto = |point: &usize| prepared.setups[*point].warmup == Warmup::Auto;
    let points: Vec<usize> = points.into_iter().filter(auto).collect();
    let pilot = |&point: &usize| match runner.find_warmup(prepared.setups[point].clone()) {
        Ok(setup) => Ok((point, setup)),
        Err(RunError::Interrupted) => Err(interrupted(progress)),
        Err(source) => {
            let source = named_at(prepared, point, source);
            Err(ExecuteError::Pilot { point, source })
        }
    };
    runner.install(|| points.par_iter().with_max_len(1).map(pilot).collect())
}
