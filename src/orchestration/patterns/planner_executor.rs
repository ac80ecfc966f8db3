//! A plan first, then its steps (L. Wang et al.: Plan-and-Solve. ACL 2023).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{asks, at_least_one, named};
use super::member::MemberSpec;
use super::order::OrderSpec;
use crate::orchestration::step::{Does, LlmSpec, LoopSpec, Names, StepOf, StepsOf};
use crate::spec::{Fraction, Problems};
use crate::workload::lengths::LengthsSpec;

/// A plan, its steps, perhaps a new plan, and a summary. With `replan` r, at most m
/// plans and n steps in each, calls are on average
/// (1 - r^m) / (1 - r) x (1 + E\[n\] x execute) + 1.
///
/// In turn, numbers of steps above 100, or drawn less than once in a million times, are
/// none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "PlannerExecutorSpec", bound = "A: JsonSchema + Serialize")]
pub struct PlannerExecutorSpec<A> {
    /// The model that plans.
    pub plan: LlmSpec,
    /// How many steps a plan has. Default: `constant: 4`.
    pub steps: LengthsSpec,
    /// Whether a plan's steps are done at once, or one after another so that each
    /// reads the earlier ones. Default: `in_turn`.
    pub order: OrderSpec,
    /// Who does a step of a plan. Default: a call of a model.
    pub execute: MemberSpec<A>,
    /// The chance that there must be a new plan when the steps are done; it reads
    /// what came of the old one. Default: 0.
    pub replan: Fraction,
    /// The most plans. Default: 3.
    pub max_plans: u32,
    /// The model that sums up what came of the steps.
    pub summary: LlmSpec,
}

impl<A> Default for PlannerExecutorSpec<A> {
    fn default() -> Self {
        PlannerExecutorSpec {
            plan: LlmSpec::default(),
            steps: LengthsSpec::Constant(4),
            order: OrderSpec::InTurn,
            execute: MemberSpec::default(),
            replan: Fraction::percent(0),
            max_plans: 3,
            summary: LlmSpec::default(),
        }
    }
}

impl<A: Clone> PlannerExecutorSpec<A> {
    pub(super) fn check(&self, problems: &mut Problems) {
        at_least_one("max_plans", self.max_plans, "plan", problems);
        self.order.check("steps", &self.steps, problems);
    }

    /// A loop of plans and their steps, then the summary.
    pub(super) fn steps(&self) -> StepsOf<A> {
        let execute = StepOf { after: Names::from(["plan"]), ..self.execute.step() };
        let round = named([
            ("plan", asks(&self.plan)),
            ("execute", self.order.times(&self.steps, execute)),
        ]);
        let repeat =
            LoopSpec { max: self.max_plans, stop: rest(self.replan), ..LoopSpec::default() };
        let plans = StepOf { repeat: Some(repeat), ..StepOf::of(Does::Steps(round)) };
        let summary = StepOf { after: Names::from(["plans"]), ..asks(&self.summary) };
        named([("plans", plans), ("summary", summary)])
    }
}

/// What is missing to the whole.
fn rest(share: Fraction) -> Fraction {
    Fraction::try_from(1.0 - share.get()).unwrap_or(Fraction::percent(0))
}
