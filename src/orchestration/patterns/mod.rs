//! Agents that work together in known patterns: one file each.
//!
//! A pattern is a way of writing steps: [`AgentSpec::steps`] gives the steps that it
//! stands for, and the same engine runs them. To add one: a file with its spec, its
//! check and its steps; then a line in each `match` below.

mod react;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use react::ReactSpec;

use super::spec::StepSpec;
use crate::spec::Problems;

/// Agents in a known pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentSpec {
    /// One agent that thinks, acts and reads what came of it, until it is done.
    React(ReactSpec),
}

impl AgentSpec {
    /// The pattern's name.
    pub fn name(&self) -> &'static str {
        match self {
            AgentSpec::React(_) => "react",
        }
    }

    /// Reports what is wrong with it, apart from what is wrong with its steps.
    pub fn check(&self, problems: &mut Problems) {
        problems.at(self.name(), |p| match self {
            AgentSpec::React(spec) => spec.check(p),
        });
    }

    /// The steps that it stands for.
    pub fn steps(&self) -> IndexMap<String, StepSpec> {
        match self {
            AgentSpec::React(spec) => spec.steps(),
        }
    }
}
