//! One of several who work together: a call of a model, agents of their own, or a
//! tool; and what it must keep to. `A` is what agents there are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Duration;
use crate::orchestration::step::{Does, LlmSpec, StepOf, UseToolSpec};

/// One who does a part of the work: one of `llm`, `agent` and `tool`; a call of a
/// model if nothing is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "MemberSpec", bound = "A: JsonSchema + Serialize")]
pub struct MemberSpec<A> {
    /// Asks a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm: Option<LlmSpec>,
    /// Agents in a known pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Box<A>>,
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

impl<A> Default for MemberSpec<A> {
    fn default() -> Self {
        MemberSpec { llm: None, agent: None, tool: None, limits: LimitsSpec::default() }
    }
}

impl<A: Clone> MemberSpec<A> {
    /// The step that does its work. With more than one thing to do, that step's own
    /// check says so.
    pub(in crate::orchestration) fn step(&self) -> StepOf<A> {
        let does = Does::all_of(
            [
                self.llm.clone().map(Does::Llm),
                self.tool.clone().map(Does::Tool),
                self.agent.clone().map(Does::Agent),
            ]
            .into_iter()
            .flatten(),
        );
        let asks = || Does::Llm(LlmSpec::default());
        StepOf {
            does: if does.each().is_empty() { asks() } else { does },
            concurrency: self.limits.concurrency,
            rpm: self.limits.rpm,
            tpm: self.limits.tpm,
            deadline: self.limits.deadline,
            retries: self.limits.retries,
            ..StepOf::default()
        }
    }
}
