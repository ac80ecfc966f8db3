//! Trials of a search: the experiment with some values changed, and its runs.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::Ordering;

use serde_yaml::Value;

use super::bound::Bound;
use super::judge::{Judgement, judge};
use super::knobs::{Knob, knobs};
use crate::experiment::load::diagnostic::Diagnostic;
use crate::experiment::load::document::Document;
use crate::experiment::load::path;
use crate::experiment::load::plain::plain;
use crate::experiment::prepare::Prepared;
use crate::experiment::prepare::read_checked::read_checked;
use crate::experiment::prepare::workloads::Workloads;
use crate::experiment::runs::long_times::named_in;
use crate::experiment::runs::progress::Progress;
use crate::experiment::runs::runner::{Failure, Runner};
use crate::experiment::runs::store::{Store, WorkspaceError};
use crate::experiment::runs::workspace::Workspace;
use crate::experiment::spec::replications::Replications;
use crate::spec::Problem;
use crate::stats::Estimate;
use crate::system::{MetricId, RunError, Setup};

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
    Unmeasured(&'static str),
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
    /// A file beside the record could not be written.
    #[error("cannot write requests or traces: {0}")]
    Files(#[from] io::Error),
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
    /// A metric of each replication.
    pub fn values(&self, metric: MetricId) -> Vec<f64> {
        self.runs.iter().map(|metrics| metric.of(metrics)).collect()
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
    store: &'s Store,
    runner: Runner<'s>,
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
        let resolved = &prepared.resolved;
        let spec = resolved.experiment.search.as_ref().ok_or(SearchError::Nothing)?;
        let told = |problems: Vec<Problem>| {
            SearchError::Input(problems.iter().map(|it| document.diagnose(it)).collect())
        };
        let step = resolved.experiment.replications as usize;
        let most = spec.max_replications as usize;
        let most = most - most % step;
        Ok(Trials {
            document,
            prepared,
            workloads: Workloads::new(document),
            store: workspace.store(),
            runner: Runner::new(resolved, workspace, progress, most, jobs)?,
            progress,
            replications: resolved.replications(),
            step,
            most,
            knobs: knobs(spec, &resolved.value).map_err(told)?,
            list: Vec::new(),
        })
    }

    /// How the means of a trial are estimated.
    pub fn estimate(&self, trial: usize, metric: MetricId) -> Estimate {
        self.replications.estimate(&self.list[trial].values(metric)).on(metric.scale())
    }

    /// The seed of the experiment.
    pub(super) fn seed(&self) -> u64 {
        self.prepared.resolved.experiment.seed
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
        let mut value = self.prepared.resolved.value.clone();
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
        let setup = self.workloads.setup(&experiment);
        let setup = setup.map_err(|it| SearchError::Input(vec![diagnose(&it)]))?;
        self.runner.find_warmup(setup).map_err(|source| self.failed(self.list.len(), source))
    }

    fn failed(&self, trial: usize, source: RunError) -> SearchError {
        match source {
            RunError::Interrupted => SearchError::Interrupted(self.list.len()),
            source => {
                let source = named_in(source, &self.prepared.resolved.value);
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
        let number = |(trial, run): &(usize, usize)| trial * self.most + run;
        let numbers: Vec<usize> = missing.iter().map(number).collect();
        let done = self.runner.run_all(&numbers, |trial| &self.list[trial].setup);
        done.map_err(|failure| self.located(failure))?;
        for ((trial, _), number) in missing.iter().zip(numbers) {
            let record = self.store.recall(number).ok_or(WorkspaceError::Lost(number))?;
            self.list[*trial].runs.push(record.tables.metrics);
        }
        Ok(())
    }

    /// A failure with the trial that it is of.
    fn located(&self, failure: Failure) -> SearchError {
        match failure {
            Failure::Interrupted => SearchError::Interrupted(self.list.len()),
            Failure::Run { run, source } => self.failed(run / self.most, source),
            Failure::Workspace(error) => error.into(),
            Failure::Files(error) => error.into(),
        }
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
    pub(super) fn measured(&self, metric: MetricId) -> bool {
        let mut trials = self.list.iter();
        trials.any(|trial| trial.values(metric).iter().any(|value| !value.is_nan()))
    }

    /// What a trial is by the runs that it has.
    pub(super) fn judge(&self, trial: usize, bounds: &[Bound]) -> Judgement {
        judge(
            |metric| self.list[trial].values(metric),
            bounds,
            &self.replications,
            self.most / self.step,
        )
    }
}
