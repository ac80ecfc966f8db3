//! Agents that work together in known patterns: one file each.
//!
//! A pattern is a way of writing steps: [`AgentSpec::steps`] gives the steps that it
//! stands for, and the same engine runs them. What calls of models that makes follows
//! from the pattern's structure; each spec says how many to expect. To add one: a file
//! with its spec, its check and its steps; then a line in each `match` below.

mod blackboard;
mod chain;
mod debate;
mod evaluator_optimizer;
mod hand_off;
mod hierarchical;
mod map_reduce;
mod member;
mod order;
mod planner_executor;
mod react;
mod router;
mod supervisor;
#[cfg(test)]
mod tests;
mod voting;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use blackboard::BlackboardSpec;
pub use chain::{ChainReads, ChainSpec};
pub use debate::DebateSpec;
pub use evaluator_optimizer::EvaluatorOptimizerSpec;
pub use hand_off::{HandOffAgent, HandOffSpec};
pub use hierarchical::HierarchicalSpec;
pub use map_reduce::MapReduceSpec;
pub use member::MemberSpec;
pub use order::OrderSpec;
pub use planner_executor::PlannerExecutorSpec;
pub use react::ReactSpec;
pub use router::{RouteSpec, RouterSpec};
pub use supervisor::SupervisorSpec;
pub use voting::VotingSpec;

use super::spec::{JoinSpec, LlmSpec, StepSpec};
use crate::spec::Problems;
use crate::workload::lengths::LengthsSpec;

/// Agents in a known pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentSpec {
    /// One agent that thinks, acts and reads what came of it, until it is done.
    React(ReactSpec),
    /// Agents one after another, each of which reads the one before.
    Chain(ChainSpec),
    /// A model says which of several routes a request takes.
    Router(RouterSpec),
    /// The same question several times at once; what most answers say is the answer.
    Voting(VotingSpec),
    /// The parts of an input at once, then one answer of all of them.
    MapReduce(MapReduceSpec),
    /// A plan, its steps, perhaps a new plan, and a summary.
    PlannerExecutor(PlannerExecutorSpec),
    /// One writes, another judges, until it is accepted.
    EvaluatorOptimizer(EvaluatorOptimizerSpec),
    /// One gives work to others and reads it, round by round.
    Supervisor(SupervisorSpec),
    /// Teams of teams: each lead gives work to several below.
    Hierarchical(HierarchicalSpec),
    /// Several answer and read each other, until they agree.
    Debate(DebateSpec),
    /// Agents that hand a conversation over to each other.
    HandOff(HandOffSpec),
    /// Agents that add to a common board whenever they have something to say.
    Blackboard(BlackboardSpec),
}

/// The same call for each kind of pattern.
macro_rules! each {
    ($agent:expr, $spec:ident => $call:expr) => {
        match $agent {
            AgentSpec::React($spec) => $call,
            AgentSpec::Chain($spec) => $call,
            AgentSpec::Router($spec) => $call,
            AgentSpec::Voting($spec) => $call,
            AgentSpec::MapReduce($spec) => $call,
            AgentSpec::PlannerExecutor($spec) => $call,
            AgentSpec::EvaluatorOptimizer($spec) => $call,
            AgentSpec::Supervisor($spec) => $call,
            AgentSpec::Hierarchical($spec) => $call,
            AgentSpec::Debate($spec) => $call,
            AgentSpec::HandOff($spec) => $call,
            AgentSpec::Blackboard($spec) => $call,
        }
    };
}

impl AgentSpec {
    /// The pattern's name.
    pub fn name(&self) -> &'static str {
        match self {
            AgentSpec::React(_) => "react",
            AgentSpec::Chain(_) => "chain",
            AgentSpec::Router(_) => "router",
            AgentSpec::Voting(_) => "voting",
            AgentSpec::MapReduce(_) => "map_reduce",
            AgentSpec::PlannerExecutor(_) => "planner_executor",
            AgentSpec::EvaluatorOptimizer(_) => "evaluator_optimizer",
            AgentSpec::Supervisor(_) => "supervisor",
            AgentSpec::Hierarchical(_) => "hierarchical",
            AgentSpec::Debate(_) => "debate",
            AgentSpec::HandOff(_) => "hand_off",
            AgentSpec::Blackboard(_) => "blackboard",
        }
    }

    /// Reports what is wrong with it, apart from what is wrong with its steps.
    pub fn check(&self, problems: &mut Problems) {
        problems.at(self.name(), |p| each!(self, spec => spec.check(p)));
    }

    /// The steps that it stands for.
    pub fn steps(&self) -> IndexMap<String, StepSpec> {
        each!(self, spec => spec.steps())
    }
}

/// A step that asks a model.
fn asks(llm: &LlmSpec) -> StepSpec {
    StepSpec { llm: Some(llm.clone()), ..StepSpec::default() }
}

/// Steps by name, in this order.
fn named<const N: usize>(steps: [(&str, StepSpec); N]) -> IndexMap<String, StepSpec> {
    steps.into_iter().map(|(name, step)| (name.to_owned(), step)).collect()
}

/// Reports a number, called `name`, of which at least 1 is needed.
fn at_least_one(name: &str, number: u32, what: &str, problems: &mut Problems) {
    if number == 0 {
        problems.at(name, |p| p.error(format!("expected at least 1 {what}")));
    }
}

/// Reports a join that waits for more than there are.
fn check_join(join: JoinSpec, count: &LengthsSpec, problems: &mut Problems) {
    if let (JoinSpec::AtLeast(least), LengthsSpec::Constant(count)) = (join, count)
        && least > *count
    {
        problems.at("join", |p| p.error(format!("there are only {count}")));
    }
}

/// Reports agents that are called as a step of the pattern itself is.
fn taken<'n>(names: impl IntoIterator<Item = &'n String>, own: &str, problems: &mut Problems) {
    for name in names.into_iter().filter(|name| *name == own) {
        problems.at(name.as_str(), |p| {
            let message = format!("the pattern itself has the name `{own}`");
            p.error_help(message, "choose another name");
        });
    }
}
