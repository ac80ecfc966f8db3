//! One of several who work together: a call of a model, agents of their own, or a
//! tool; and what it must keep to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AgentSpec;
use crate::kernel::Duration;
use crate::orchestration::spec::{LlmSpec, StepSpec, UseToolSpec};

/// One who does a part of the work: one of `llm`, `agent` and `tool`; a call of a
/// model if nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MemberSpec {
    /// Asks a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm: Option<LlmSpec>,
    /// Agents in a known pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Box<AgentSpec>>,
    /// Calls a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<UseToolSpec>,
    /// What it must keep to. Default: nothing.
    #[serde(skip_serializing_if = "LimitsSpec::is_none")]
    pub limits: LimitsSpec,
}

/// What a member must keep to. Limits of calls hold in all workflows together; in turn
/// (`order: in_turn`) they are those of each place in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSpec {
    /// Calls of models at a time; further ones wait. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Calls of models a minute; further ones wait. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u64>,
    /// Tokens a minute, likewise. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u64>,
    /// It fails where it takes longer. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Duration>,
    /// How often it is tried again after a failure. Default: 0.
    pub retries: u32,
}

impl LimitsSpec {
    pub(super) fn is_none(&self) -> bool {
        *self == LimitsSpec::default()
    }
}

impl MemberSpec {
    /// The step that does its work. With more than one thing to do, that step's own
    /// check says so.
    pub(in crate::orchestration) fn step(&self) -> StepSpec {
        let nothing = self.llm.is_none() && self.agent.is_none() && self.tool.is_none();
        StepSpec {
            llm: if nothing { Some(LlmSpec::default()) } else { self.llm.clone() },
            agent: self.agent.clone(),
            tool: self.tool.clone(),
            concurrency: self.limits.concurrency,
            rpm: self.limits.rpm,
            tpm: self.limits.tpm,
            deadline: self.limits.deadline,
            retries: self.limits.retries,
            ..StepSpec::default()
        }
    }
}
