//! A workload made ready: files found and read once, tables built once.

use std::borrow::Cow;
use std::sync::Arc;

use super::arrivals::{CalendarStart, Rhythm};
use super::client_plans::{ClientPlans, population};
use super::columns;
use super::data_paths::DataPaths;
use super::error::WorkloadError;
use super::incoming::{IntentId, PromptId, UserId};
use super::listed::Listed;
use super::params::Profile;
use super::prompts::{Prompts, PromptsSpec};
use super::shared_prefix::SharedPrefixes;
use super::source::Source;
use super::spec::WorkloadSpec;
use super::trace::{AskedModel, Recording, TraceError, TraceInfo, TraceSpec};
use super::users::{Askers, User, UserTable};
use super::waiting_clients::turn_named;
use crate::kernel::{Duration, Streams};
use crate::spec::{Problems, Severity};

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
    /// With which prompts begin.
    pub shared_prefix: Arc<SharedPrefixes>,
    /// Tokens of a block, where a trace knows blocks.
    pub block_tokens: Option<u32>,
    /// How the rate of requests is meant to change.
    pub rhythm: Rhythm,
    pub kind: Kind,
}

/// Where requests come from.
#[derive(Debug)]
pub(super) enum Kind {
    Synthetic(Box<ClientPlans>),
    /// Rows know their prompts, or they are drawn: all, or (`own_prompts`) where a
    /// row knows none.
    Trace {
        recording: Box<Recording>,
        prompts: Option<Prompts>,
        own_prompts: bool,
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
        let spec = &mut spec.clone();
        columns::read(spec, paths).map_err(WorkloadError::Spec)?;
        let mut users = UserTable::default();
        let mut profiles = Vec::new();
        let kind = Kind::new(spec, paths, start, &mut users, &mut profiles)?;
        let shared_prefix = match (&spec.system_prompt, &spec.shared_prefix) {
            (Some(prompt), _) => prompt.prefixes().on_top(),
            (None, Some(prefix)) => prefix.prefixes(),
            (None, None) => SharedPrefixes::default(),
        };
        let mut ready = Ready {
            users: Vec::new(),
            askers: Askers::only(UserId(0)),
            trace_users: Vec::new(),
            profiles,
            slo_classes: spec.slo_classes(),
            shared_prefix: Arc::new(shared_prefix),
            block_tokens: spec.trace.as_ref().and_then(TraceSpec::block_tokens),
            rhythm: spec.rhythm(),
            kind,
        };
        match &mut ready.kind {
            Kind::Synthetic(_) => ready.users = users.into_users(),
            Kind::Listed(listed) => {
                ready.users = std::mem::take(&mut listed.users);
                ready.profiles = std::mem::take(&mut listed.profiles);
            }
            Kind::Trace { recording, .. } => {
                let info = recording.info();
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

    /// How the rate of requests is meant to change.
    pub fn rhythm(&self) -> Rhythm {
        self.0.rhythm
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
            Kind::Trace { recording, .. } => Some(recording.info()),
            _ => None,
        }
    }

    /// The prompt that results call `text`: its text, or where there are no texts
    /// `prompt 17`, or just `17`. `None` if it is none of the workload's.
    pub fn prompt_named(&self, text: &str) -> Option<PromptId> {
        let number = if let Kind::Listed(listed) = &self.0.kind {
            let text = super::text::strip(text);
            listed.texts.get_index_of(text)? as u64
        } else if let Some(prompt) = self.0.named(text) {
            prompt.0
        } else {
            if let Some(turn) = turn_named(text) {
                return Some(turn);
            }
            text.strip_prefix("prompt ").unwrap_or(text).parse().ok()?
        };
        // Keys are made of the number and a few bits more.
        (number < 1 << 48).then_some(PromptId(number))
    }

    /// Whether its requests begin jobs that were recorded.
    pub fn has_recorded_jobs(&self) -> bool {
        matches!(&self.0.kind, Kind::Trace { recording, .. } if recording.has_jobs())
    }

    /// The models that calls of recorded jobs asked, by their numbers.
    pub fn asked_models(&self) -> impl Iterator<Item = &AskedModel> {
        self.trace().into_iter().flat_map(|trace| &trace.models)
    }

    /// How many requests there are; `None` for arrivals, which do not end.
    pub fn count(&self) -> Option<u64> {
        match &self.0.kind {
            Kind::Synthetic(_) => None,
            Kind::Trace { recording, .. } => recording.info().rows,
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
    pub fn text(&self, prompt: PromptId) -> Option<Cow<'_, str>> {
        self.0.text(prompt)
    }

    /// The last request's time; `None` for arrivals, which do not end.
    pub fn span(&self) -> Option<Duration> {
        match &self.0.kind {
            Kind::Synthetic(_) => None,
            Kind::Trace { recording, .. } => recording.info().span,
            Kind::Listed(listed) => listed.requests.last().map(|last| Duration(last.at.as_nanos())),
        }
    }
}

impl Ready {
    fn prompts(&self) -> Option<usize> {
        match &self.kind {
            Kind::Synthetic(plans) => plans.prompts(),
            Kind::Trace { prompts, .. } => prompts.as_ref()?.count(),
            Kind::Listed(listed) => Some(listed.texts.len()),
        }
    }

    /// A prompt's text, if it is real.
    pub fn text(&self, prompt: PromptId) -> Option<Cow<'_, str>> {
        match &self.kind {
            Kind::Synthetic(plans) => plans.text(prompt),
            Kind::Trace { prompts, .. } => prompts.as_ref()?.text(prompt),
            Kind::Listed(listed) => {
                listed.texts.get_index(prompt.0 as usize).map(|text| Cow::Borrowed(text.as_str()))
            }
        }
    }

    /// The prompt of this text, where prompts have texts.
    fn named(&self, text: &str) -> Option<PromptId> {
        match &self.kind {
            Kind::Synthetic(plans) => plans.named(text),
            Kind::Trace { prompts, .. } => prompts.as_ref()?.named(text),
            Kind::Listed(_) => None,
        }
    }

    /// What a prompt means.
    #[inline]
    pub fn intent(&self, prompt: PromptId) -> IntentId {
        match &self.kind {
            Kind::Synthetic(plans) => plans.intent(prompt),
            Kind::Trace { prompts: Some(prompts), .. } => prompts.intent(prompt),
            Kind::Trace { .. } | Kind::Listed(_) => IntentId(prompt.0),
        }
    }
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
            let own_prompts = spec.prompts.is_none();
            let recording = Box::new(Recording::find(trace, paths, start)?);
            return Ok(Kind::Trace { recording, prompts, own_prompts });
        }
        let plans = ClientPlans::new(spec, paths, start, users, profiles)?;
        Ok(Kind::Synthetic(Box::new(plans)))
    }
}
