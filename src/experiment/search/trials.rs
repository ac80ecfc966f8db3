//! Trials of a search: the experiment with some values changed, and its runs.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rayon::prelude::*;
use serde_yaml::Value;

use super::super::execute::Progress;
use super::super::load::{Diagnostic, Document, path};
use super::super::long_times::named_in;
use super::super::prepare::{Prepared, Workloads, plain, read_checked};
use super::super::replications::Replications;
use super::super::store::{Record, WorkspaceError};
use super::super::warmup::find_warmup;
use super::super::workspace::Workspace;
use super::judge::{Bound, Judgement, judge};
use super::{Knob, knobs};
use crate::spec::Problem;
use crate::stats::MeanCi;
use crate::system::{self, METRICS, RunError, Setup, Warmup};

/// Why a search has no end.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The file says nothing of a search.
    #[error("the experiment has no `search:`; see docs/statistics.md")]
    Nothing,
    /// A metric has no value in any run.
    #[error(
        "`{0}` was not measured in any trial: it needs a part that the experiment lacks, such as \
         an `slo:`, a `fleet` or workflows; see docs/metrics.md"
    )]
    Unmeasured(String),
    /// A trial is no sound experiment.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
    Input(Vec<Diagnostic>),
    /// A run failed.
    #[error("trial {trial}: {source}")]
    Run {
        /// Its trial.
        trial: usize,
        /// Why.
        source: RunError,
    },
    /// Somebody asked to stop.
    #[error("interrupted after {0} trials")]
    Interrupted(usize),
    /// A result could not be kept.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The threads could not be started.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// A system that was tried.
#[derive(Debug)]
pub struct Trial {
    /// What part of the search asked for it.
    pub stage: String,
    /// The value of each knob.
    pub settings: Vec<Value>,
    setup: Setup,
    /// The metrics of each replication so far.
    runs: Vec<Vec<f64>>,
}

impl Trial {
    /// A metric, by its index, of each replication.
    pub fn values(&self, metric: usize) -> Vec<f64> {
        self.runs.iter().map(|metrics| metrics[metric]).collect()
    }

    /// How many replications it has.
    pub fn replications(&self) -> usize {
        self.runs.len()
    }
}

/// All trials of a search, and what is needed to make more.
pub struct Trials<'s> {
    document: &'s Document,
    prepared: &'s Prepared,
    workloads: Workloads,
    workspace: &'s Workspace,
    pool: rayon::ThreadPool,
    progress: &'s Progress,
    replications: Replications,
    /// So many at a time, and at most.
    step: usize,
    most: usize,
    /// What is changed.
    pub knobs: Vec<Knob>,
    /// The trials in the order in which they were asked for.
    pub list: Vec<Trial>,
}

impl<'s> Trials<'s> {
    /// None yet. Runs that `workspace` has a record of are not run again.
    ///
    /// # Errors
    /// If there is nothing to search for, or the threads cannot be started.
    pub fn new(
        document: &'s Document,
        prepared: &'s Prepared,
        workspace: &'s Workspace,
        jobs: usize,
        progress: &'s Progress,
    ) -> Result<Self, SearchError> {
        let spec = prepared.outline.experiment.search.as_ref().ok_or(SearchError::Nothing)?;
        let told = |problems: Vec<Problem>| {
            SearchError::Input(problems.iter().map(|it| document.diagnose(it)).collect())
        };
        let step = prepared.outline.experiment.replications as usize;
        let most = spec.max_replications as usize;
        Ok(Trials {
            document,
            prepared,
            workloads: Workloads::new(document),
            workspace,
            pool: rayon::ThreadPoolBuilder::new().num_threads(jobs.max(1)).build()?,
            progress,
            replications: prepared.outline.replications(),
            step,
            most: most - most % step,
            knobs: knobs(prepared).map_err(told)?,
            list: Vec::new(),
        })
    }

    /// How the means of a trial are estimated.
    pub fn estimate(&self, trial: usize, metric: usize) -> MeanCi {
        self.replications.estimate(&self.list[trial].values(metric))
    }

    /// The seed of the experiment.
    pub(super) fn seed(&self) -> u64 {
        self.prepared.outline.experiment.seed
    }

    /// Replications at a time.
    pub(super) fn step(&self) -> usize {
        self.step
    }

    /// The number of the trial with these settings, which may be known already.
    pub(super) fn trial(
        &mut self,
        stage: &str,
        settings: Vec<Value>,
    ) -> Result<usize, SearchError> {
        let texts = |settings: &[Value]| settings.iter().map(plain).collect::<Vec<_>>();
        let known = self.list.iter().position(|it| texts(&it.settings) == texts(&settings));
        if let Some(known) = known {
            return Ok(known);
        }
        let setup = self.setup(&settings)?;
        self.list.push(Trial { stage: stage.to_owned(), settings, setup, runs: Vec::new() });
        Ok(self.list.len() - 1)
    }

    fn setup(&mut self, settings: &[Value]) -> Result<Setup, SearchError> {
        let mut value = self.prepared.outline.resolved.clone();
        for (knob, setting) in self.knobs.iter().zip(settings) {
            path::put(&mut value, &knob.path, setting.clone());
        }
        let (document, knobs) = (self.document, &self.knobs);
        let described: Vec<String> = knobs
            .iter()
            .zip(settings)
            .map(|(knob, setting)| format!("{}={}", knob.name, plain(setting)))
            .collect();
        let diagnose = |problem: &Problem| {
            let owner = knobs.iter().find(|knob| problem.path.0.starts_with(&knob.path.0));
            let place = owner.map_or_else(|| problem.path.clone(), |knob| knob.origin.clone());
            let message = format!("{} (at the trial {})", problem.message, described.join(", "));
            document.diagnose(&Problem { path: place, message, ..problem.clone() })
        };
        let mut found = Vec::new();
        let experiment = read_checked(&value, diagnose, &mut found);
        found.retain(Diagnostic::is_error);
        let sound = experiment.filter(|_| found.is_empty());
        let Some(experiment) = sound else { return Err(SearchError::Input(found)) };
        let made = self.workloads.setup(&experiment);
        let mut setup = made.map_err(|it| SearchError::Input(vec![diagnose(&it)]))?;
        if setup.warmup == Warmup::Auto {
            let found = find_warmup(&setup, self.seed(), &self.progress.stop);
            let trial = self.list.len();
            setup.warmup = Warmup::After(found.map_err(|source| self.failed(trial, source))?);
        }
        Ok(setup)
    }

    fn failed(&self, trial: usize, source: RunError) -> SearchError {
        match source {
            RunError::Interrupted => SearchError::Interrupted(self.list.len()),
            source => {
                let source = named_in(source, &self.prepared.outline.resolved);
                SearchError::Run { trial, source }
            }
        }
    }

    /// Sees to it that these trials have `count` replications each.
    pub(super) fn replicate(&mut self, trials: &[usize], count: usize) -> Result<(), SearchError> {
        let count = count.min(self.most);
        let once: BTreeSet<usize> = trials.iter().copied().collect();
        let missing: Vec<(usize, usize)> = once
            .iter()
            .flat_map(|trial| (self.list[*trial].runs.len()..count).map(|run| (*trial, run)))
            .collect();
        self.progress.runs.fetch_add(missing.len(), Ordering::Relaxed);
        let this = &*self;
        let done: Vec<Result<Vec<f64>, SearchError>> = this.pool.install(|| {
            missing.par_iter().with_max_len(1).map(|(trial, run)| this.run(*trial, *run)).collect()
        });
        // All are looked at in the order of their numbers, so that the first failure tells.
        for ((trial, _), metrics) in missing.iter().zip(done) {
            self.list[*trial].runs.push(metrics?);
        }
        Ok(())
    }

    fn run(&self, trial: usize, replication: usize) -> Result<Vec<f64>, SearchError> {
        let number = trial * self.most + replication;
        let count = || {
            self.progress.done.fetch_add(1, Ordering::Relaxed);
        };
        if let Some(record) = self.workspace.store().recall(number) {
            count();
            return Ok(record.tables.metrics);
        }
        if self.progress.stop.load(Ordering::Relaxed) {
            return Err(SearchError::Interrupted(self.list.len()));
        }
        let streams = self.replications.streams(self.seed(), replication as u64);
        let began = Instant::now();
        let setup = &self.list[trial].setup;
        let tables = system::run(setup, &streams, &self.progress.stop, None)
            .map_err(|source| self.failed(trial, source))?;
        let metrics = tables.metrics.clone();
        let wall_s = began.elapsed().as_secs_f64();
        let record = Record { wall_s, requests: None, trace: None, tables };
        self.workspace.store().keep(number, &record)?;
        count();
        Ok(metrics)
    }

    /// Replicates a trial until it is on one side of every bound, or has all that it may.
    pub(super) fn settle(
        &mut self,
        trial: usize,
        bounds: &[Bound],
    ) -> Result<Judgement, SearchError> {
        loop {
            let found = self.judge(trial, bounds);
            if self.is_settled(trial, &found) {
                return Ok(found);
            }
            let runs = self.list[trial].runs.len();
            self.replicate(&[trial], runs + self.step)?;
        }
    }

    /// Whether a trial that was `found` so is on one side of every bound, or has all the
    /// runs that it may.
    pub(super) fn is_settled(&self, trial: usize, found: &Judgement) -> bool {
        let runs = self.list[trial].runs.len();
        runs > 0 && (found.sure || runs >= self.most)
    }

    /// Whether any run has a value of a metric.
    pub(super) fn measured(&self, name: &str) -> bool {
        let metric = METRICS.iter().position(|metric| metric.name == name);
        let has = |trial: &Trial, metric| trial.values(metric).iter().any(|it| !it.is_nan());
        metric.is_none_or(|metric| self.list.iter().any(|trial| has(trial, metric)))
    }

    /// What a trial is by the runs that it has.
    pub(super) fn judge(&self, trial: usize, bounds: &[Bound]) -> Judgement {
        let values = |metric| self.list[trial].values(metric);
        judge(values, bounds, &self.replications, self.most / self.step)
    }
}
