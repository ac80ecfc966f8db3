//! Agents that answer and read each other (Y. Du et al.: Improving Factuality and
//! Reasoning through Multiagent Debate. ICML 2024).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{asks, at_least_one, named};
use super::member::MemberSpec;
use crate::orchestration::step::{
    LlmSpec, LoopSpec, MapSpec, Names, PickSpec, StepOf, StepsOf, UntilSpec,
};
use crate::spec::{Fraction, Problems};
use crate::workload::lengths::LengthsSpec;

/// Several answer, and in each further round read what all have said, until they agree
/// or the rounds are over; then the majority decides, or a judge. Calls: `agents` in
/// each round, and 1 of the judge. In all rounds (`until_agreed: false`) that is
/// `agents` x `rounds` + judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "DebateSpec", bound = "A: JsonSchema + Serialize")]
pub struct DebateSpec<A> {
    /// How many debate. Default: 3.
    pub agents: u32,
    /// The most rounds. Default: 2.
    pub rounds: u32,
    /// Who debates. Default: a call of a model.
    pub debater: MemberSpec<A>,
    /// How often a debater takes over what most said the round before, instead of
    /// answering anew. Default: 0.5.
    pub conformity: Fraction,
    /// How many wrong answers there are to choose from: with one, all who are wrong
    /// agree. Default: 4.
    pub alternatives: u32,
    /// Whether it ends as soon as all say the same. Default: true.
    pub until_agreed: bool,
    /// The model that reads the debate and decides. Default: none, the majority
    /// decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<LlmSpec>,
}

impl<A> Default for DebateSpec<A> {
    fn default() -> Self {
        DebateSpec {
            agents: 3,
            rounds: 2,
            debater: MemberSpec::default(),
            conformity: Fraction::percent(50),
            alternatives: 4,
            until_agreed: true,
            judge: None,
        }
    }
}

impl<A: Clone> DebateSpec<A> {
    pub(super) fn check(&self, problems: &mut Problems) {
        at_least_one("agents", self.agents, "agent", problems);
        at_least_one("rounds", self.rounds, "round", problems);
        at_least_one("alternatives", self.alternatives, "wrong answer", problems);
        if self.agents == 1 {
            problems.at("agents", |p| p.warn("one agent alone agrees with itself"));
        }
    }

    /// A loop of rounds in which all answer at once, then the judge.
    pub(super) fn steps(&self) -> StepsOf<A> {
        let map = MapSpec {
            items: LengthsSpec::Constant(self.agents),
            pick: PickSpec::Vote,
            alternatives: self.alternatives,
            conformity: self.conformity,
            ..MapSpec::default()
        };
        let repeat = LoopSpec {
            max: self.rounds,
            until: self.until_agreed.then_some(UntilSpec::Agreed),
            ..LoopSpec::default()
        };
        let debate = StepOf { map: Some(map), repeat: Some(repeat), ..self.debater.step() };
        let mut steps = named([("debate", debate)]);
        if let Some(judge) = &self.judge {
            let judge = StepOf { after: Names::from(["debate"]), ..asks(judge) };
            steps.insert("judge".to_owned(), judge);
        }
        steps
    }
}
