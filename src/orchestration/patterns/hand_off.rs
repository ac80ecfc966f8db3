//! Agents that hand over to each other (`OpenAI`: Swarm. 2024).

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{at_least_one, named, taken};
use super::member::{LimitsSpec, MemberSpec};
use crate::orchestration::step::{Does, LlmSpec, LoopSpec, OnMax, StepOf, StepsOf, UseToolSpec};
use crate::spec::{NonNegative, Problems};

/// Agents that hand a conversation over to each other by weight, until one of them ends
/// it. Who has it is a Markov chain: with Q the chances of handing over, the turns of
/// each agent are on average the first row of (I - Q)^-1, and the calls their sum,
/// if `max_turns` is far off (J. Kemeny, J. Snell: Finite Markov Chains. 1960).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "HandOffSpec", bound = "A: JsonSchema + Serialize")]
pub struct HandOffSpec<A> {
    /// The agents by name; the first begins. Default: `triage`, which hands over to
    /// `sales` or `support`, either of which ends it or hands back.
    pub agents: IndexMap<String, HandOffAgent<A>>,
    /// The most turns. Default: 20.
    pub max_turns: u32,
    /// What becomes of a conversation that did not end: it fails as a `runaway`, or its
    /// last turn stands. Default: `fail`.
    pub on_max: OnMax,
}

/// One who has the conversation for a turn: one of `llm`, `agent` and `tool`; a call of
/// a model if nothing is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "HandOffAgent", bound = "A: JsonSchema + Serialize")]
pub struct HandOffAgent<A> {
    /// To whom it hands over, by weight; `end` ends the conversation. Default: it ends
    /// it.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub to: IndexMap<String, NonNegative>,
    /// Asks a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm: Option<LlmSpec>,
    /// Agents in a known pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Box<A>>,
    /// Calls a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<UseToolSpec>,
    /// What it must keep to. Default: nothing.
    #[serde(skip_serializing_if = "LimitsSpec::is_none")]
    pub limits: LimitsSpec,
}

impl<A> Default for HandOffAgent<A> {
    fn default() -> Self {
        HandOffAgent {
            to: IndexMap::new(),
            llm: None,
            agent: None,
            tool: None,
            limits: LimitsSpec::default(),
        }
    }
}

impl<A> Default for HandOffSpec<A> {
    fn default() -> Self {
        let agent = |to: &[(&str, f64)]| HandOffAgent {
            to: to
                .iter()
                .filter_map(|(name, weight)| {
                    Some(((*name).to_owned(), NonNegative::try_from(*weight).ok()?))
                })
                .collect(),
            ..HandOffAgent::default()
        };
        HandOffSpec {
            agents: IndexMap::from([
                ("triage".to_owned(), agent(&[("sales", 1.0), ("support", 1.0)])),
                ("sales".to_owned(), agent(&[("end", 4.0), ("triage", 1.0)])),
                ("support".to_owned(), agent(&[("end", 4.0), ("triage", 1.0)])),
            ]),
            max_turns: 20,
            on_max: OnMax::Fail,
        }
    }
}

impl<A: Clone> HandOffSpec<A> {
    pub(super) fn check(&self, problems: &mut Problems) {
        at_least_one("max_turns", self.max_turns, "turn", problems);
        problems.at("agents", |p| {
            if self.agents.is_empty() {
                p.error("expected at least 1 agent");
            }
            taken(self.agents.keys(), "end", p);
        });
    }

    /// A loop in each round of which one agent has its turn.
    pub(super) fn steps(&self) -> StepsOf<A> {
        let turn = |agent: &HandOffAgent<A>| {
            let HandOffAgent { to: _, llm, agent, tool, limits } = agent.clone();
            MemberSpec { llm, agent, tool, limits }.step()
        };
        let agents = || self.agents.iter();
        let repeat = LoopSpec {
            max: self.max_turns,
            on_max: self.on_max,
            hand_off: agents().map(|(name, agent)| (name.clone(), agent.to.clone())).collect(),
            ..LoopSpec::default()
        };
        let steps = agents().map(|(name, agent)| (name.clone(), turn(agent))).collect();
        let turns = StepOf { repeat: Some(repeat), ..StepOf::of(Does::Steps(steps)) };
        named([("turns", turns)])
    }
}
