//! Agents that work together in known patterns: one file each.
//!
//! A pattern is a way of writing steps: [`AgentSpec::steps`] gives the steps that it
//! stands for, and the same engine runs them. What calls of models that makes follows
//! from the pattern's structure; each spec says how many to expect. To add one: a file
//! with its spec, its `check` and its `steps`, and a line in the list below. Patterns do
//! not know the list: who works in one may be an agent in any, which is their `A`.

#[macro_use]
mod list;

mod blackboard;
mod chain;
mod common;
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

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use blackboard::BlackboardSpec;
pub use chain::{ChainReads, ChainSpec};
pub use debate::DebateSpec;
pub use evaluator_optimizer::EvaluatorOptimizerSpec;
pub use hand_off::{HandOffAgent, HandOffSpec};
pub use hierarchical::HierarchicalSpec;
pub use map_reduce::MapReduceSpec;
pub use member::{LimitsSpec, MemberSpec};
pub use order::OrderSpec;
pub use planner_executor::PlannerExecutorSpec;
pub use react::ReactSpec;
pub use router::{RouteSpec, RouterSpec};
pub use supervisor::SupervisorSpec;
pub use voting::VotingSpec;

use super::step::{StepOf, StepsOf};
use crate::spec::Problems;

/// A step of a workflow, which any of the agents here may do.
pub type StepSpec = StepOf<AgentSpec>;

/// Such steps by name.
pub type Steps = StepsOf<AgentSpec>;

patterns! {
    /// One agent that thinks, acts and reads what came of it, until it is done.
    "react": React(ReactSpec);
    /// Agents one after another, each of which reads the one before.
    "chain": Chain(ChainSpec<AgentSpec>);
    /// A model says which of several routes a request takes.
    "router": Router(RouterSpec<AgentSpec>);
    /// The same question several times at once; what most answers say is the answer.
    "voting": Voting(VotingSpec<AgentSpec>);
    /// The parts of an input at once, then one answer of all of them.
    "map_reduce": MapReduce(MapReduceSpec<AgentSpec>);
    /// A plan, its steps, perhaps a new plan, and a summary.
    "planner_executor": PlannerExecutor(PlannerExecutorSpec<AgentSpec>);
    /// One writes, another judges, until it is accepted.
    "evaluator_optimizer": EvaluatorOptimizer(EvaluatorOptimizerSpec<AgentSpec>);
    /// One gives work to others and reads it, round by round.
    "supervisor": Supervisor(SupervisorSpec<AgentSpec>);
    /// Teams of teams: each lead gives work to several below.
    "hierarchical": Hierarchical(HierarchicalSpec<AgentSpec>);
    /// Several answer and read each other, until they agree.
    "debate": Debate(DebateSpec<AgentSpec>);
    /// Agents that hand a conversation over to each other.
    "hand_off": HandOff(HandOffSpec<AgentSpec>);
    /// Agents that add to a common board whenever they have something to say.
    "blackboard": Blackboard(BlackboardSpec<AgentSpec>);
}
