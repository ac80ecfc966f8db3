//! Does runs on several threads and keeps their records: those of a sweep's points, and
//! those of a search's trials.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rayon::prelude::*;

use super::attempts_csv::{AttemptWriter, Writers};
use super::chrome_trace::TraceWriter;
use super::jobs_csv::JobWriter;
use super::progress::Progress;
use super::requests_csv::RequestWriter;
use super::store::{Draft, Record, Store, WorkspaceError};
use super::warmup::find_warmup;
use super::workspace::Workspace;
use crate::experiment::prepare::resolved::Resolved;
use crate::experiment::spec::record::RecordSpec;
use crate::experiment::spec::replications::Replications;
use crate::system::{self, RunError, Setup, Tracer, Warmup};

/// Does the runs that a workspace does not keep yet.
///
/// Runs are numbered by the point or trial that they are of: run `r` is replication
/// `r % most` of number `r / most`.
pub(in crate::experiment) struct Runner<'r> {
    store: &'r Store,
    progress: &'r Progress,
    replications: Replications,
    seed: u64,
    /// Which files each run writes as it goes.
    record: RecordSpec,
    most: usize,
    pool: rayon::ThreadPool,
}

/// Why not all runs are done.
#[derive(Debug)]
pub(in crate::experiment) enum Failure {
    /// Somebody asked to stop.
    Interrupted,
    /// A run failed.
    Run { run: usize, source: RunError },
    /// A record could not be kept.
    Workspace(WorkspaceError),
    /// A row of `requests.csv` or an event of a trace could not be written.
    Files(io::Error),
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        Failure::Workspace(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Files(error)
    }
}

impl<'r> Runner<'r> {
    /// For runs of `resolved`, at most `most` of each point or trial, on so many `threads`.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub(in crate::experiment) fn new(
        resolved: &Resolved,
        workspace: &'r Workspace,
        progress: &'r Progress,
        most: usize,
        threads: usize,
    ) -> Result<Self, rayon::ThreadPoolBuildError> {
        Ok(Runner {
            store: workspace.store(),
            progress,
            replications: resolved.replications(),
            seed: resolved.experiment.seed,
            record: RecordSpec::default(),
            most,
            pool: rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build()?,
        })
    }

    /// With the files that `record` asks for.
    pub(super) fn recording(self, record: &RecordSpec) -> Self {
        Runner { record: record.clone(), ..self }
    }

    /// Does `work` on the runner's threads.
    pub(super) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    /// A setup whose warm-up is to be found, with what a pilot run finds it to be; any
    /// other as it is.
    ///
    /// # Errors
    /// As the pilot run.
    pub(in crate::experiment) fn find_warmup(&self, setup: Setup) -> Result<Setup, RunError> {
        if setup.warmup != Warmup::Auto {
            return Ok(setup);
        }
        let warmup = Warmup::After(find_warmup(&setup, self.seed, &self.progress.stop)?);
        Ok(Setup { warmup, ..setup })
    }

    /// Does the runs of these numbers that are not kept yet; `setup` gives the system of a
    /// point or trial.
    ///
    /// # Errors
    /// The failure of the run with the lowest number, or that somebody asked to stop.
    pub(in crate::experiment) fn run_all<'s>(
        &self,
        runs: &[usize],
        setup: impl Fn(usize) -> &'s Setup + Sync,
    ) -> Result<(), Failure> {
        // One run at a time per thread, in order of their numbers, so that an
        // interrupted sweep has its first points whole.
        let failures = || {
            let failures = runs.par_iter().with_max_len(1).filter_map(|&run| {
                let failure = self.run_one(run, setup(run / self.most)).err()?;
                Some((matches!(failure, Failure::Interrupted), run, failure))
            });
            failures.min_by_key(|(interrupted, run, _)| (*interrupted, *run))
        };
        self.pool.install(failures).map_or(Ok(()), |(.., failure)| Err(failure))
    }

    fn run_one(&self, run: usize, setup: &Setup) -> Result<(), Failure> {
        let progress = self.progress;
        if !self.store.has(run) {
            if progress.is_stopped() {
                return Err(Failure::Interrupted);
            }
            let kept = self.record_of(run, setup).and_then(|it| Ok(self.store.keep(run, &it)?));
            kept.inspect_err(|_| {
                // No run that starts now could save the experiment.
                progress.stop.store(true, Ordering::Relaxed);
            })?;
        }
        progress.done.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Does a run. Its files are whole when this returns well.
    fn record_of(&self, run: usize, setup: &Setup) -> Result<Record, Failure> {
        let (store, wanted) = (self.store, &self.record);
        let (point, replication) = (run / self.most, (run % self.most) as u64);
        let streams = self.replications.streams(self.seed, replication);
        let began = Instant::now();
        let draft = |asked: bool, path| asked.then(|| Draft::create(path)).transpose();
        let mut requests = draft(wanted.requests, store.requests_path(run))?;
        let mut attempts = draft(wanted.attempts, store.attempts_path(run))?;
        let mut jobs = draft(wanted.jobs, store.jobs_path(run))?;
        let mut trace = draft(wanted.timeline, store.trace_path(run))?;
        let mut rows =
            requests.as_mut().map(|draft| RequestWriter::new(draft, setup, point, replication));
        let mut told = Writers {
            attempts: attempts
                .as_mut()
                .map(|draft| AttemptWriter::new(draft, setup, point, replication)),
            jobs: jobs.as_mut().map(|draft| JobWriter::new(draft, setup, point, replication)),
            trace: trace.as_mut().map(|draft| TraceWriter::new(draft, setup)),
        };
        let recorder = rows.as_mut().map(RequestWriter::recorder);
        let tracer = (!told.is_empty()).then_some(&mut told as &mut dyn Tracer);
        let result = system::run_traced(setup, &streams, &self.progress.stop, recorder, tracer);
        rows.map_or(Ok(()), RequestWriter::finish)?;
        told.finish()?;
        let tables = result.map_err(|source| match source {
            RunError::Interrupted => Failure::Interrupted,
            source => Failure::Run { run, source },
        })?;
        Ok(Record {
            wall_s: began.elapsed().as_secs_f64(),
            requests: requests.map(Draft::finish).transpose()?,
            attempts: attempts.map(Draft::finish).transpose()?,
            jobs: jobs.map(Draft::finish).transpose()?,
            trace: trace.map(Draft::finish).transpose()?,
            tables,
        })
    }
}
