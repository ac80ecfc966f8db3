//! Agents around a common board (L. Erman et al.: The Hearsay-II Speech-Understanding
//! System. ACM Computing Surveys 12(2), 1980).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{at_least_one, named};
use super::member::MemberSpec;
use crate::orchestration::step::{LoopSpec, MapSpec, OnMax, PickSpec, StepOf, StepsOf, UntilSpec};
use crate::spec::{Fraction, Problems};
use crate::workload::lengths::LengthsSpec;

/// Agents that add to a common board, which all of them read, whenever they have
/// something to say, until what is on it is right. Of n agents, n x `contribute` speak
/// in a round on average; a round in which none does is a deadlock. Where each is right
/// with chance p, a round is the last with s = 1 - (1 - `contribute` x p)^n.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "BlackboardSpec", bound = "A: JsonSchema + Serialize")]
pub struct BlackboardSpec<A> {
    /// How many agents there are. Default: 4.
    pub agents: u32,
    /// The chance that an agent has something to say in a round. Default: 0.5.
    pub contribute: Fraction,
    /// Who speaks. Default: a call of a model.
    pub agent: MemberSpec<A>,
    /// The most rounds. Default: 10.
    pub max_rounds: u32,
    /// What becomes of a board that was never right: it stands, or all fails
    /// (`runaway`). Default: `keep`.
    pub on_max: OnMax,
}

impl<A> Default for BlackboardSpec<A> {
    fn default() -> Self {
        BlackboardSpec {
            agents: 4,
            contribute: Fraction::percent(50),
            agent: MemberSpec::default(),
            max_rounds: 10,
            on_max: OnMax::Keep,
        }
    }
}

impl<A: Clone> BlackboardSpec<A> {
    pub(super) fn check(&self, problems: &mut Problems) {
        at_least_one("agents", self.agents, "agent", problems);
        at_least_one("max_rounds", self.max_rounds, "round", problems);
        if self.contribute.get() == 0.0 {
            problems.at("contribute", |p| p.error("nobody would ever speak"));
        }
    }

    /// A loop of rounds in which each agent speaks or does not.
    pub(super) fn steps(&self) -> StepsOf<A> {
        let map = MapSpec {
            items: LengthsSpec::Constant(self.agents),
            chance: self.contribute,
            pick: PickSpec::Best,
            ..MapSpec::default()
        };
        let repeat = LoopSpec {
            max: self.max_rounds,
            until: Some(UntilSpec::Right),
            on_max: self.on_max,
            ..LoopSpec::default()
        };
        let board = StepOf { map: Some(map), repeat: Some(repeat), ..self.agent.step() };
        named([("board", board)])
    }
}
