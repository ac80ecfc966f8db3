//! Workflows made ready to run: names are indices, spans and lengths are
//! distributions, patterns are steps.

mod build;
mod calls;
mod links;
mod parts;

use std::sync::Arc;

pub(super) use build::END;
pub use build::PlanError;
pub(super) use calls::{Calls, Site};
pub use parts::{Body, Gate, Kind, Llm, Memo, Station, Step, Tool, Window};

use crate::cost::Money;
use crate::kernel::Duration;
use crate::orchestration::ScheduleSpec;
use crate::workload::{Alias, Profile, SloClassId};

/// All workflows of an experiment; clones share it.
#[derive(Clone, Debug)]
pub struct Plan(pub(super) Arc<Ready>);

/// What a [`Plan`] is made of.
#[derive(Debug, Default)]
pub(super) struct Ready {
    /// Workflows that arrivals start, the plain request first.
    pub roots: Vec<Root>,
    pub flows: Vec<Flow>,
    /// Of all flows, those of a flow next to each other.
    pub steps: Vec<Step>,
    pub llms: Vec<Llm>,
    pub tools: Vec<Tool>,
    /// Places that calls of tools wait for.
    pub stations: Vec<Station>,
    pub gates: Vec<Gate>,
    pub memos: Vec<Memo>,
    /// Which root an arrival starts; without it, the first that is no plain request.
    pub mix: Option<(Alias, Vec<u32>)>,
    pub only: u32,
    /// The workflow of arrivals that bring a recorded job.
    pub recorded: Option<u32>,
    /// By model that calls of these asked: the model that they ask, if it may be no other.
    pub asked: Vec<Option<u32>>,
    /// By SLO class.
    pub by_class: Vec<Option<u32>>,
    pub schedule: ScheduleSpec,
    /// Profiles beside those of the workload.
    pub profiles: Vec<Profile>,
}

/// A workflow that arrivals start.
#[derive(Clone, Debug)]
pub(super) struct Root {
    pub name: String,
    pub flow: u32,
    pub deadline: Option<Duration>,
    pub priority: u32,
    pub max_concurrent: u32,
    pub max_waiting: u32,
    pub max_calls: u32,
    pub max_cost: Option<Money>,
    pub budget: Option<Window>,
    /// What its calls of models pass.
    pub gate: Option<u32>,
}

/// Steps that begin and end together: a workflow, or one within a step.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub first: u32,
    pub count: u32,
    /// The index, within the flow, of steps that wait for no other.
    pub starters: Vec<u16>,
}

impl Plan {
    /// Profiles that steps ask with, beside those of the workload and after them.
    pub fn profiles(&self) -> &[Profile] {
        &self.0.profiles
    }

    /// The workflows' names, the plain request's first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.roots.iter().map(|root| root.name.as_str())
    }

    /// The steps in their order: the workflow that each is of, and its name.
    pub fn steps(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.steps.iter().map(|step| (&*step.workflow, &*step.name))
    }
}

impl Ready {
    /// The workflow of an arrival of a class; `bits` are random.
    pub fn root(&self, class: SloClassId, bits: u64) -> u32 {
        if let Some(Some(root)) = self.by_class.get(usize::from(class.0)) {
            return *root;
        }
        match &self.mix {
            Some((alias, roots)) => roots[alias.pick(bits) as usize],
            None => self.only,
        }
    }

    /// The longest way from the end of a step to that of its flow, in milliseconds.
    pub fn after(&self, step: &Step, flow: u32) -> u32 {
        step.feeds.iter().map(|it| self.step(flow, *it).rank).max().unwrap_or(0)
    }

    /// The step of a flow.
    #[inline]
    pub fn step(&self, flow: u32, step: u16) -> &Step {
        &self.steps[(self.flows[flow as usize].first + u32::from(step)) as usize]
    }
}
