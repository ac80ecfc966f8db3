//! One writes, another judges (A. Madaan et al.: Self-Refine. `NeurIPS` 2023).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{asks, at_least_one, named};
use super::member::MemberSpec;
use crate::orchestration::step::{
    Does, JudgeSpec, LlmSpec, LoopContext, LoopSpec, Names, OnMax, StepOf, StepsOf, UntilSpec,
};
use crate::spec::{Fraction, Problems};

/// One writes, another judges, until it is accepted; what was written and said is in
/// the next prompts. Where what is written is right with chance p, a round is the last
/// with a = p x (1 - `false_reject`) + (1 - p) x `false_accept`, and of at most m rounds
/// there are on average (1 - (1 - a)^m) / a, each of which makes a call that writes and
/// one that judges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "EvaluatorOptimizerSpec", bound = "A: JsonSchema + Serialize")]
pub struct EvaluatorOptimizerSpec<A> {
    /// Who writes. Default: a call of a model.
    pub generate: MemberSpec<A>,
    /// The model that judges.
    pub evaluate: LlmSpec,
    /// How often what is wrong is accepted. Default: 0.
    pub false_accept: Fraction,
    /// How often what is right is rejected. Default: 0.
    pub false_reject: Fraction,
    /// The most rounds. Default: 5.
    pub max_rounds: u32,
    /// What becomes of the last attempt if none was accepted: it stands, or all fails
    /// (`runaway`). Default: `keep`.
    pub on_max: OnMax,
    /// Whether earlier attempts and what was said of them are in the next prompts.
    /// Default: `grow`, they are.
    pub context: LoopContext,
}

impl<A> Default for EvaluatorOptimizerSpec<A> {
    fn default() -> Self {
        EvaluatorOptimizerSpec {
            generate: MemberSpec::default(),
            evaluate: LlmSpec::default(),
            false_accept: Fraction::percent(0),
            false_reject: Fraction::percent(0),
            max_rounds: 5,
            on_max: OnMax::Keep,
            context: LoopContext::Grow,
        }
    }
}

impl<A: Clone> EvaluatorOptimizerSpec<A> {
    pub(super) fn check(&self, problems: &mut Problems) {
        at_least_one("max_rounds", self.max_rounds, "round", problems);
        if self.evaluate.judge.is_some() {
            problems.within("evaluate.judge", |p| {
                p.error_help(
                    "how often it errs is said of the pattern",
                    "expected `false_accept` and `false_reject` beside `evaluate`",
                );
            });
        }
    }

    /// A loop of rounds; a round is an attempt and its judgement.
    pub(super) fn steps(&self) -> StepsOf<A> {
        let judge = JudgeSpec { false_accept: self.false_accept, false_reject: self.false_reject };
        let evaluate = LlmSpec { judge: Some(judge), ..self.evaluate.clone() };
        let evaluate = StepOf { after: Names::from(["generate"]), ..asks(&evaluate) };
        let round = named([("generate", self.generate.step()), ("evaluate", evaluate)]);
        let repeat = LoopSpec {
            max: self.max_rounds,
            until: Some(UntilSpec::Accepted),
            on_max: self.on_max,
            context: self.context,
            ..LoopSpec::default()
        };
        let rounds = StepOf { repeat: Some(repeat), ..StepOf::of(Does::Steps(round)) };
        named([("rounds", rounds)])
    }
}
