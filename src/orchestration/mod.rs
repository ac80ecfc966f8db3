//! Workflows and agents: what one request of the workload sets going.
//!
//! ```text
//!  arrival ──► Engine ──► step ──► call of a model ──► pipeline, caches, budget, server
//!                │  ▲      │  └──► tool, lookup, human: places and time of their own
//!                │  └──────┴────── answers, results, failures, times that are over
//!                └──► End
//! ```
//! [`OrchestrationSpec`] is what an experiment says; [`Plan`] is the same made ready;
//! [`Engine`] runs it. Agents' patterns ([`patterns`]) are ways of writing steps.

mod engine;
mod gantt;
pub mod import;
pub mod patterns;
mod plan;
mod spec;
mod step;

pub use engine::{
    Answered, Blocked, End, Engine, Messages, OfRoot, OfStep, Path, Reason, Said, Spent, Tally,
    Wake, World,
};
pub use gantt::Gantt;
pub use patterns::{AgentSpec, StepSpec, Steps};
pub use plan::{Kind, Plan, PlanError};
pub use spec::{OrchestrationSpec, PLAIN, RECORDED, ScheduleSpec, WorkflowSpec};
pub use step::{
    Does, HumanSpec, InlineTool, JoinSpec, JudgeSpec, LlmSpec, LoopContext, LoopSpec, MOST_ITEMS,
    MapSpec, MemoSpec, Names, OnFailure, OnMax, OutcomeSpec, PickSpec, RetrievalSpec, StepOf,
    StepsOf, ToolSpec, UntilSpec, UseToolSpec,
};
