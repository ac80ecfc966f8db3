//! A workload made ready: files found and read once, tables built once.

use std::path::PathBuf;
use std::sync::Arc;

use super::arrivals::CalendarStart;
use super::data_paths::DataPaths;
use super::incoming::{IntentId, PromptId, UserId};
use super::listed::Listed;
use super::params::Profile;
use super::prompts::{Prompts, PromptsSpec};
use super::recipe::Recipe;
use super::source::Source;
use super::spec::WorkloadSpec;
use super::threads::turn_named;
use super::trace::{TraceError, TraceInfo, TraceSpec};
use super::users::{Askers, User, UserTable};
use crate::kernel::{Duration, Streams};
use crate::spec::{Path, Problem, Problems, Severity};

/// A workload made ready for any number of runs, which share its tables.
#[derive(Clone, Debug)]
pub struct Plan(pub(super) Arc<Ready>);

/// What all runs of a plan share.
#[derive(Debug)]
pub(super) struct Ready {
    pub users: Vec<User>,
    /// Who asks, where a trace does not know.
    pub askers: Askers,
    /// The users that a trace knows, by its own order.
    pub trace_users: Vec<UserId>,
    pub profiles: Vec<Profile>,
    /// At least one.
    pub slo_classes: Vec<String>,
    /// Tokens with which all prompts begin.
    pub shared_prefix: u32,
    pub kind: Kind,
}

/// Where requests come from.
#[derive(Debug)]
pub(super) enum Kind {
    Synthetic(Box<Recipe>),
    /// Without `prompts` the rows know theirs.
    Trace {
        spec: Box<TraceSpec>,
        file: PathBuf,
        info: TraceInfo,
        prompts: Option<Prompts>,
    },
    Listed(Listed),
}

impl Plan {
    /// The names of the SLO classes of requests; at least one.
    pub fn slo_classes(&self) -> &[String] {
        &self.0.slo_classes
    }

    /// The plan of a run that starts when experiments do by default: see
    /// [`starting`](Plan::starting).
    ///
    /// # Errors
    /// As `starting`.
    pub fn new(spec: &WorkloadSpec, paths: &DataPaths) -> Result<Self, WorkloadError> {
        Plan::starting(spec, paths, CalendarStart::default())
    }

    /// Checks a workload, finds and reads its trace once, and builds its tables,
    /// for runs that start at `start` on the virtual calendar.
    ///
    /// # Errors
    /// The first thing wrong with the spec, or a trace that cannot be found or
    /// read.
    pub fn starting(
        spec: &WorkloadSpec,
        paths: &DataPaths,
        start: CalendarStart,
    ) -> Result<Self, WorkloadError> {
        let mut problems = Problems::default();
        spec.check(&mut problems);
        let first = problems.into_list().into_iter().find(|p| p.severity == Severity::Error);
        if let Some(problem) = first {
            return Err(WorkloadError::Spec(problem));
        }
        let mut users = UserTable::default();
        let mut profiles = Vec::new();
        let kind = Kind::new(spec, paths, start, &mut users, &mut profiles)?;
        let mut ready = Ready {
            users: Vec::new(),
            askers: Askers::only(UserId(0)),
            trace_users: Vec::new(),
            profiles,
            slo_classes: spec.slo_classes(),
            shared_prefix: spec.shared_prefix.unwrap_or(0),
            kind,
        };
        match &mut ready.kind {
            Kind::Synthetic(_) => ready.users = users.into_users(),
            Kind::Listed(listed) => {
                ready.users = std::mem::take(&mut listed.users);
                ready.profiles = std::mem::take(&mut listed.profiles);
            }
            Kind::Trace { info, .. } => {
                if info.users.is_empty() {
                    ready.askers = users.askers(spec.users.as_ref(), None);
                } else {
                    // Those users, with the classes that a list gives them.
                    users.add_all(spec.users.as_ref());
                    ready.trace_users = info.users.iter().map(|name| users.named(name)).collect();
                }
                ready.users = users.into_users();
                ready.profiles = vec![spec.profile()];
            }
        }
        Ok(Plan(Arc::new(ready)))
    }

    /// The requests of one run, from the beginning.
    ///
    /// # Errors
    /// If the trace's file can no longer be opened.
    pub fn source(&self, streams: &Streams) -> Result<Source, TraceError> {
        Source::new(self.0.clone(), streams)
    }

    /// The users, whom [`UserId`](super::UserId) indexes.
    pub fn users(&self) -> &[User] {
        &self.0.users
    }

    /// What clients ask for, which [`ProfileId`](super::ProfileId) indexes.
    pub fn profiles(&self) -> &[Profile] {
        &self.0.profiles
    }

    /// What is known of the trace, if there is one.
    pub fn trace(&self) -> Option<&TraceInfo> {
        match &self.0.kind {
            Kind::Trace { info, .. } => Some(info),
            _ => None,
        }
    }

    /// The prompt that results call `text`: its text, or where there are no texts
    /// `prompt 17`, or just `17`. `None` if it is none of the workload's.
    pub fn prompt_named(&self, text: &str) -> Option<PromptId> {
        let number = if let Kind::Listed(listed) = &self.0.kind {
            let text = super::text::strip(text);
            listed.texts.iter().position(|known| known == text)? as u64
        } else {
            if let Some(turn) = turn_named(text) {
                return Some(turn);
            }
            text.strip_prefix("prompt ").unwrap_or(text).parse().ok()?
        };
        // Keys are made of the number and a few bits more.
        (number < 1 << 48).then_some(PromptId(number))
    }

    /// How many requests there are; `None` for arrivals, which do not end.
    pub fn count(&self) -> Option<u64> {
        match &self.0.kind {
            Kind::Synthetic(_) => None,
            Kind::Trace { info, .. } => info.rows,
            Kind::Listed(listed) => Some(listed.requests.len() as u64),
        }
    }

    /// Whether both are the same plan, made once.
    pub fn shares_tables(&self, other: &Plan) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Prompt ids are below this; `None` if there is no end of new prompts.
    pub fn prompts(&self) -> Option<usize> {
        self.0.prompts()
    }

    /// A prompt's real text, stripped of white space at its ends.
    pub fn text(&self, prompt: PromptId) -> Option<&str> {
        self.0.text(prompt)
    }

    /// The last request's time; `None` for arrivals, which do not end.
    pub fn span(&self) -> Option<Duration> {
        match &self.0.kind {
            Kind::Synthetic(_) => None,
            Kind::Trace { info, .. } => info.span,
            Kind::Listed(listed) => listed.requests.last().map(|last| Duration(last.at.as_nanos())),
        }
    }
}

impl Ready {
    fn prompts(&self) -> Option<usize> {
        match &self.kind {
            Kind::Synthetic(recipe) => recipe.prompts(),
            Kind::Trace { prompts, .. } => prompts.as_ref()?.count(),
            Kind::Listed(listed) => Some(listed.texts.len()),
        }
    }

    /// A prompt's text, if it is real.
    pub fn text(&self, prompt: PromptId) -> Option<&str> {
        match &self.kind {
            Kind::Synthetic(recipe) => recipe.text(prompt),
            Kind::Trace { prompts, .. } => prompts.as_ref()?.texts()?.text(prompt.0),
            Kind::Listed(listed) => listed.texts.get(prompt.0 as usize).map(String::as_str),
        }
    }

    /// What a prompt means.
    #[inline]
    pub fn intent(&self, prompt: PromptId) -> IntentId {
        match &self.kind {
            Kind::Synthetic(recipe) => recipe.intent(prompt),
            Kind::Trace { prompts: Some(prompts), .. } => prompts.intent(prompt),
            Kind::Trace { .. } | Kind::Listed(_) => IntentId(prompt.0),
        }
    }
}

/// The population of prompts of a checked spec.
pub(super) fn population(spec: &PromptsSpec, paths: &DataPaths) -> Result<Prompts, WorkloadError> {
    spec.population(paths).map_err(|problem| {
        WorkloadError::Spec(Problem { path: problem.path.within("prompts"), ..problem })
    })
}

impl Kind {
    fn new(
        spec: &WorkloadSpec,
        paths: &DataPaths,
        start: CalendarStart,
        users: &mut UserTable,
        profiles: &mut Vec<Profile>,
    ) -> Result<Self, WorkloadError> {
        if let Some(requests) = &spec.requests {
            return Ok(Kind::Listed(Listed::new(requests, spec)));
        }
        if let Some(trace) = &spec.trace {
            let prompts = match &spec.prompts {
                Some(prompts) => Some(population(prompts, paths)?),
                None if trace.knows_prompts() => None,
                None => Some(population(&PromptsSpec::Unique, paths)?),
            };
            return Kind::trace(trace, prompts, paths);
        }
        let recipe = Recipe::new(spec, paths, start, users, profiles)?;
        Ok(Kind::Synthetic(Box::new(recipe)))
    }

    fn trace(
        spec: &TraceSpec,
        prompts: Option<Prompts>,
        paths: &DataPaths,
    ) -> Result<Self, WorkloadError> {
        let (format, usual, name) = spec.file().expect("a checked spec has a file");
        let file = paths.find(name, usual).map_err(|searched| WorkloadError::NoFile {
            format,
            name: name.to_path_buf(),
            searched,
        })?;
        let error = |error| WorkloadError::Trace { format, error };
        // A survey keeps all rows: nothing is drawn.
        let stream = Streams::new(0, 0).stream("workload.trace.keep");
        let info = spec.open(&file, stream).and_then(super::trace::Rows::survey).map_err(error)?;
        if info.rows == Some(0) {
            return Err(error(TraceError::Empty { file, skipped: info.skipped }));
        }
        Ok(Kind::Trace { spec: Box::new(spec.clone()), file, info, prompts })
    }
}

/// Why a workload cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// The spec does not pass its check.
    #[error("workload.{}: {}", .0.path, .0.message)]
    Spec(Problem),
    /// The trace's file is nowhere.
    #[error("the trace `{}` was not found", name.display())]
    NoFile {
        /// The trace's format: a key of `trace`.
        format: &'static str,
        /// The file as the experiment names it.
        name: PathBuf,
        /// The places searched.
        searched: Vec<PathBuf>,
    },
    /// The trace cannot be read.
    #[error("{error}")]
    Trace {
        /// The trace's format: a key of `trace`.
        format: &'static str,
        /// What is wrong with it.
        error: TraceError,
    },
}

impl WorkloadError {
    /// The error as a problem of the experiment file, whose workload is at
    /// `workload`.
    pub fn into_problem(self, workload: &Path) -> Problem {
        let message = self.to_string();
        let (place, help) = match self {
            WorkloadError::Spec(problem) => {
                let path = problem.path.0.into_iter().fold(workload.clone(), |path, step| {
                    let mut steps = path.0;
                    steps.push(step);
                    Path(steps)
                });
                return Problem { path, ..problem };
            }
            WorkloadError::NoFile { format, searched, .. } => {
                let searched: Vec<String> =
                    searched.iter().map(|place| place.display().to_string()).collect();
                let help = format!(
                    "searched: {}; set WINDTUNNEL_DATA to the folder that has it",
                    searched.join(", ")
                );
                (format, Some(help))
            }
            WorkloadError::Trace { format, error } => (format, error.help().map(str::to_owned)),
        };
        Problem {
            path: workload.join("trace").join(place),
            at_key: false,
            severity: Severity::Error,
            message,
            help,
        }
    }
}
