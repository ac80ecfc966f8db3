//! A step of a workflow: what it does, when, and how often.
//!
//! What a step does is one of the list below; each has a file. To add one: write its file
//! with its spec, `check` (what is wrong with it) and `body` (what is planned for it),
//! and give it a line under `calls`.

#[macro_use]
mod list;

mod conditions;
mod human;
mod judge;
mod known;
mod lengths;
mod llm;
mod map;
mod memo;
mod names;
mod repeat;
mod retrieval;
mod tool;

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};

pub use conditions::{JoinSpec, OnFailure, OutcomeSpec};
pub use human::HumanSpec;
pub use judge::JudgeSpec;
pub(super) use known::Known;
pub(super) use lengths::lengths;
pub use llm::LlmSpec;
pub use map::{MOST_ITEMS, MapSpec, PickSpec};
pub use memo::MemoSpec;
pub use names::Names;
pub use repeat::{LoopContext, LoopSpec, OnMax, UntilSpec};
pub use retrieval::RetrievalSpec;
pub use tool::{InlineTool, ToolSpec, UseToolSpec};

use super::plan::{Body, Calls, Site};
use crate::cost::Money;
use crate::kernel::Duration;
use crate::serving::resilience::BackoffSpec;
use crate::spec::{Fraction, NonNegative, Problems};

/// Steps by name, in the order of the file.
pub type StepsOf<A> = IndexMap<String, StepOf<A>>;

steps! {
    calls {
        /// Asks a model.
        llm: Llm(LlmSpec);
        /// Calls a tool.
        tool: Tool(UseToolSpec);
        /// Looks documents up.
        retrieval: Retrieval(RetrievalSpec);
        /// Waits for a human.
        human: Human(HumanSpec);
    }
    flows {
        /// Runs another workflow, by its name.
        workflow: Workflow(String);
        /// Agents in a known pattern.
        agent: Agent(Box<A>);
        /// Steps of its own: a workflow within the workflow.
        #[serde(deserialize_with = "unless_empty")]
        #[schemars(with = "StepsOf<A>")]
        steps: Steps(StepsOf<A>);
    }
    /// A step: what it does (one of `llm`, `tool`, `retrieval`, `human`, `workflow`,
    /// `agent`, `steps`, or nothing), when, and how often.
    rules {
        /// The steps before it. Default: none, it begins with the workflow.
        #[serde(skip_serializing_if = "Names::is_empty")]
        pub after: Names = Names::default();
        /// How many of the steps before it must have succeeded; those that are left out
        /// do not count. Default: `all`.
        pub join: JoinSpec = JoinSpec::All;
        /// It is left out unless these steps ended so: `{ check: accepted }`.
        #[serde(skip_serializing_if = "IndexMap::is_empty")]
        pub when: IndexMap<String, OutcomeSpec> = IndexMap::new();
        /// The chance that it is not left out. Default: 1.
        pub chance: Fraction = Fraction::percent(100);
        /// One of these later steps follows, drawn by weight; the others are left out.
        #[serde(skip_serializing_if = "IndexMap::is_empty")]
        pub choose: IndexMap<String, NonNegative> = IndexMap::new();
        /// The steps whose output is in its prompts. Default: those of `after`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub reads: Option<Names> = None;
        /// Whether what the workflow was given is in its prompts. Default: true.
        pub input: bool = true;

        /// It is done for several items at once.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub map: Option<MapSpec> = None;
        /// It is done again and again.
        #[serde(rename = "loop", skip_serializing_if = "Option::is_none")]
        pub repeat: Option<LoopSpec> = None;

        /// What it does fails where it takes longer than this. Default: no limit.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub deadline: Option<Duration> = None;
        /// It fails when models and tools have charged so much for what it does: the budget
        /// of an agent. Default: no limit.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub max_cost: Option<Money> = None;
        /// How often what it does is tried again after a failure. Default: 0.
        pub retries: u32 = 0;
        /// The wait before each retry. Default: none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub backoff: Option<BackoffSpec> = None;
        /// Whether the workflow fails with it. Default: `fail`.
        pub on_failure: OnFailure = OnFailure::Fail;
        /// The tool that undoes it, if the workflow fails afterwards (a saga; H.
        /// Garcia-Molina, K. Salem. SIGMOD 1987). The last step is undone first.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub compensate: Option<Box<ToolSpec>> = None;
        /// Keeps what it puts out, for the same input in any workflow. Default: not.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub memo: Option<MemoSpec> = None;
        /// Calls of models that it makes at a time, in all workflows together; further
        /// ones wait. Default: no limit.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub concurrency: Option<u32> = None;
        /// Calls of models a minute that it makes, in all workflows together; further
        /// ones wait. Default: no limit.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub rpm: Option<u64> = None;
        /// Tokens a minute, likewise. Default: no limit.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tpm: Option<u64> = None;
    }
}

impl<A> StepOf<A> {
    /// A step that does this, at once and once.
    pub fn of(does: Does<A>) -> Self {
        StepOf { does, ..StepOf::default() }
    }

    /// The steps of its own, if it has any.
    pub fn inner(&self) -> Option<&StepsOf<A>> {
        self.does.each().iter().find_map(|does| match does {
            Does::Steps(steps) => Some(steps),
            _ => None,
        })
    }

    /// The steps that must have ended before it begins, in their order: those of
    /// `after`, of `when` and of `reads`, and those that choose it.
    pub fn waits_for(&self, steps: &StepsOf<A>) -> Vec<usize> {
        let name = steps.iter().find(|(_, it)| std::ptr::eq(*it, self)).map(|it| it.0.as_str());
        let chooses = |it: &StepOf<A>| name.is_some_and(|name| it.choose.contains_key(name));
        let reads = self.reads.iter().flat_map(Names::iter);
        let named = self.after.iter().chain(self.when.keys().map(String::as_str)).chain(reads);
        let mut before: Vec<usize> = named.filter_map(|it| steps.get_index_of(it)).collect();
        before.extend(steps.values().zip(0..).filter(|(it, _)| chooses(it)).map(|(_, it)| it));
        before.sort_unstable();
        before.dedup();
        before
    }
}

/// No steps are as good as none said.
fn unless_empty<'de, D: Deserializer<'de>, A: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<StepsOf<A>>, D::Error> {
    let steps = StepsOf::deserialize(deserializer)?;
    Ok((!steps.is_empty()).then_some(steps))
}
