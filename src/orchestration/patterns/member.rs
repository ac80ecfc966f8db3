//! One of several who work together: a call of a model, agents of their own, or a
//! tool.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AgentSpec;
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
            ..StepSpec::default()
        }
    }
}
