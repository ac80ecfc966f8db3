//! Workflows as an experiment file has them.

mod check;
mod circles;
#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::import::WfCommonsSpec;
use super::patterns::{AgentSpec, Steps};
use super::step::ToolSpec;
use crate::cost::Money;
use crate::kernel::Duration;
use crate::spec::NonNegative;

/// The workflow of arrivals that are one request and no more.
pub const PLAIN: &str = "request";

/// The workflow of jobs that a trace has recorded.
pub const RECORDED: &str = "recorded";

/// What a request sets going: one call of a model, a workflow of many, or agents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrchestrationSpec {
    /// The workflows by name. `request` is a single request and need not be named.
    pub workflows: IndexMap<String, WorkflowSpec>,
    /// Which share of arrivals starts which workflow; shares are relative to each
    /// other. Default: the only workflow, or all of them alike.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub mix: IndexMap<String, NonNegative>,
    /// The workflow of requests of an SLO class, whatever the mix says.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub by_class: IndexMap<String, String>,
    /// Tools that several steps use by their names; their places are shared.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub tools: IndexMap<String, ToolSpec>,
    /// Whose calls a model's server takes first, where its queue goes by priority
    /// (`server.policy: priority`, or `server.engine.policy: priority`). Default:
    /// `arrival`.
    pub schedule: ScheduleSpec,
}

/// The order of calls of different workflows before a model's server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleSpec {
    /// All are alike: first come, first served.
    #[default]
    Arrival,
    /// By the workflow's `priority`, smallest first.
    Priority,
    /// The workflow that models have worked least for goes first (program-level
    /// attained service; M. Luo et al.: Autellix. 2025).
    LeastAttainedService,
    /// The call with the longest way still to go in its workflow goes first (upward
    /// rank; H. Topcuoglu et al.: HEFT. IEEE TPDS 13(3), 2002).
    CriticalPath,
}

/// A workflow: `steps`, or an `agent` pattern, or an imported one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorkflowSpec {
    /// The steps by name. A step begins when those that it names in `after` have
    /// ended.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub steps: Steps,
    /// Agents that work together in a known pattern, instead of steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Box<AgentSpec>>,
    /// A workflow that was recorded, in `WfCommons`' format, instead of steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wfcommons: Option<WfCommonsSpec>,
    /// It fails where it takes longer. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Duration>,
    /// Smaller goes first under `schedule: priority`. Default: 0.
    pub priority: u32,
    /// How many of its kind run at a time; others wait for their turn. Default: no
    /// limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<u32>,
    /// How many may wait for their turn; others are turned away. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_waiting: Option<u32>,
    /// It fails when it has made so many calls of models. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_calls: Option<u32>,
    /// It fails when models and tools have charged so much for it. Default: no
    /// limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<Money>,
    /// What all of its kind may spend in each `budget_duration`; more are turned
    /// away until the next begins. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_budget: Option<Money>,
    /// How long a budget lasts. Default: `1d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_duration: Option<Duration>,
    /// Calls of models a minute, of all of its kind; further ones wait. Default: no
    /// limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u64>,
    /// Tokens a minute, of all of its kind; further ones wait. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u64>,
}
