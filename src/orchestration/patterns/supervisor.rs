//! One gives work to others (Q. Wu et al.: `AutoGen`. 2023; the supervisor of
//! `LangGraph`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{asks, at_least_one, named};
use super::member::MemberSpec;
use super::order::OrderSpec;
use crate::orchestration::step::{
    Does, JudgeSpec, LlmSpec, LoopSpec, Names, OnMax, StepOf, StepsOf, UntilSpec,
};
use crate::spec::{Fraction, Problems};
use crate::workload::lengths::LengthsSpec;

/// One gives work to others and reads it, round by round, and answers in the end. A
/// round makes 1 call that gives work, those of each worker, and 1 that judges, if
/// there is a `judge`; one more answers. Where a round is the last with chance s, of
/// at most m rounds there are on average (1 - (1 - s)^m) / s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "SupervisorSpec", bound = "A: JsonSchema + Serialize")]
pub struct SupervisorSpec<A> {
    /// The model that gives work, and reads what earlier rounds brought.
    pub supervise: LlmSpec,
    /// To how many it gives work in a round. Default: `constant: 3`.
    pub workers: LengthsSpec,
    /// Who works. Default: a call of a model.
    pub worker: MemberSpec<A>,
    /// Whether they work at once, or one after another so that each reads the earlier
    /// ones. Default: `parallel`.
    pub order: OrderSpec,
    /// The chance that a round is the last. Default: 0.5, or 0 where there is a
    /// `judge`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Fraction>,
    /// It judges the work in a call of its own, and the round that it accepts is the
    /// last. Default: it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeSpec>,
    /// The most rounds. Default: 10.
    pub max_rounds: u32,
    /// What becomes of it if no round was the last: it answers all the same, or all
    /// fails (`runaway`). Default: `keep`.
    pub on_max: OnMax,
    /// The model that answers. Default: as `supervise`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<LlmSpec>,
}

impl<A> Default for SupervisorSpec<A> {
    fn default() -> Self {
        SupervisorSpec {
            supervise: LlmSpec::default(),
            workers: LengthsSpec::Constant(3),
            worker: MemberSpec::default(),
            order: OrderSpec::Parallel,
            stop: None,
            judge: None,
            max_rounds: 10,
            on_max: OnMax::Keep,
            answer: None,
        }
    }
}

impl<A: Clone> SupervisorSpec<A> {
    pub(super) fn check(&self, problems: &mut Problems) {
        at_least_one("max_rounds", self.max_rounds, "round", problems);
        self.order.check("workers", &self.workers, problems);
        if self.supervise.judge.is_some() {
            problems.within("supervise.judge", |p| {
                p.error_help("it judges in a call of its own", "expected `judge` beside it");
            });
        }
    }

    /// A loop of rounds, then the answer.
    pub(super) fn steps(&self) -> StepsOf<A> {
        let work = StepOf { after: Names::from(["supervise"]), ..self.worker.step() };
        let work = self.order.times(&self.workers, work);
        let mut round = named([("supervise", asks(&self.supervise)), ("work", work)]);
        if let Some(judge) = self.judge {
            let review = LlmSpec { judge: Some(judge), ..self.supervise.clone() };
            let review = StepOf { after: Names::from(["work"]), ..asks(&review) };
            round.insert("review".to_owned(), review);
        }
        let by_chance = Fraction::percent(if self.judge.is_some() { 0 } else { 50 });
        let repeat = LoopSpec {
            max: self.max_rounds,
            stop: self.stop.unwrap_or(by_chance),
            until: self.judge.is_some().then_some(UntilSpec::Accepted),
            on_max: self.on_max,
            ..LoopSpec::default()
        };
        let rounds = StepOf { repeat: Some(repeat), ..StepOf::of(Does::Steps(round)) };
        let answer = asks(self.answer.as_ref().unwrap_or(&self.supervise));
        named([("rounds", rounds), ("answer", StepOf { after: Names::from(["rounds"]), ..answer })])
    }
}
