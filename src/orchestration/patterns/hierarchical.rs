//! Teams of teams (the hierarchical agent teams of `LangGraph`; C. Qian et al.: Scaling
//! Large Language Model-based Multi-Agent Collaboration. ICLR 2025).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{asks, at_least_one, named};
use super::member::MemberSpec;
use super::order::OrderSpec;
use crate::orchestration::step::{Does, LlmSpec, Names, StepOf, StepsOf};
use crate::spec::Problems;
use crate::workload::lengths::LengthsSpec;

/// The most levels of leads: ten of two are a thousand workers.
const MOST_LEVELS: u32 = 10;
/// The most workers; and if each is a step of its own.
const MOST_WORKERS: u64 = 1_000_000;
const MOST_WORKERS_IN_TURN: u64 = 1000;

/// Teams of teams: each lead gives work to `fan_out` below and reports what they
/// bring. With f below each of d levels of leads there are (f^d - 1) / (f - 1) leads
/// (d, if f is 1), each of which makes 2 calls, and f^d workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "HierarchicalSpec", bound = "A: JsonSchema + Serialize")]
pub struct HierarchicalSpec<A> {
    /// Levels of leads; below the last are the workers. Default: 2.
    pub depth: u32,
    /// How many are below each lead. Default: 3.
    pub fan_out: u32,
    /// The model that a lead gives work with.
    pub delegate: LlmSpec,
    /// The model that a lead reports with.
    pub report: LlmSpec,
    /// Who works. Default: a call of a model.
    pub worker: MemberSpec<A>,
    /// Whether those below a lead work at once, or one after another so that each reads
    /// the earlier ones. Default: `parallel`.
    pub order: OrderSpec,
}

impl<A> Default for HierarchicalSpec<A> {
    fn default() -> Self {
        HierarchicalSpec {
            depth: 2,
            fan_out: 3,
            delegate: LlmSpec::default(),
            report: LlmSpec::default(),
            worker: MemberSpec::default(),
            order: OrderSpec::Parallel,
        }
    }
}

impl<A: Clone> HierarchicalSpec<A> {
    pub(super) fn check(&self, problems: &mut Problems) {
        at_least_one("depth", self.depth, "level", problems);
        at_least_one("fan_out", self.fan_out, "below each lead", problems);
        if self.depth > MOST_LEVELS {
            let message = format!("{} levels of leads are too many", self.depth);
            let help = format!("expected at most {MOST_LEVELS}");
            problems.at("depth", |p| p.error_help(message, help));
        }
        let workers = u64::from(self.fan_out).checked_pow(self.depth);
        let most = match self.order {
            OrderSpec::Parallel => MOST_WORKERS,
            OrderSpec::InTurn => MOST_WORKERS_IN_TURN,
        };
        if workers.is_none_or(|workers| workers > most) {
            let message = format!("{}^{} workers are too many", self.fan_out, self.depth);
            let help = format!("expected at most {most}");
            problems.at("fan_out", |p| p.error_help(message, help));
        }
    }

    /// The lead at the top, with all that is below within.
    pub(super) fn steps(&self) -> StepsOf<A> {
        // A bad size is an error; it must not take for ever to say so.
        let mut problems = Problems::default();
        self.check(&mut problems);
        self.below(if problems.list().is_empty() { self.depth } else { 1 })
    }

    /// A lead with so many levels of leads, itself among them.
    fn below(&self, levels: u32) -> StepsOf<A> {
        let (name, below) = if levels == 1 {
            ("work", self.worker.step())
        } else {
            ("team", StepOf::of(Does::Steps(self.below(levels - 1))))
        };
        let below = StepOf { after: Names::from(["delegate"]), ..below };
        let below = self.order.times(&LengthsSpec::Constant(self.fan_out), below);
        let report = StepOf { after: Names::from([name]), ..asks(&self.report) };
        named([("delegate", asks(&self.delegate)), (name, below), ("report", report)])
    }
}
