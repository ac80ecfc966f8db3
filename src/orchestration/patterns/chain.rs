//! Agents one after another (T. Wu, M. Terry, C. Cai: AI Chains. CHI 2022).

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::member::MemberSpec;
use crate::orchestration::step::{Names, StepOf, StepsOf};
use crate::spec::Problems;

/// Agents one after another. So many calls are made as there are agents; an agent
/// that is itself a pattern makes as many as that one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "ChainSpec", bound = "A: JsonSchema + Serialize")]
pub struct ChainSpec<A> {
    /// The agents by name, in their order. Default: `draft`, `review` and `revise`,
    /// each a call of a model.
    pub agents: IndexMap<String, MemberSpec<A>>,
    /// Whose output each of them reads. Default: `previous`.
    pub reads: ChainReads,
}

/// What an agent of a chain reads, beside what the workflow was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChainReads {
    /// What the one before it has put out.
    #[default]
    Previous,
    /// What all before it have put out; prompts grow along the chain.
    All,
}

impl<A> Default for ChainSpec<A> {
    fn default() -> Self {
        let names = ["draft", "review", "revise"];
        let agents = names.map(|name| (name.to_owned(), MemberSpec::default()));
        ChainSpec { agents: IndexMap::from(agents), reads: ChainReads::Previous }
    }
}

impl<A: Clone> ChainSpec<A> {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.agents.is_empty() {
            problems.at("agents", |p| p.error("expected at least 1 agent"));
        }
    }

    /// A step for each agent, after that of the agent before it.
    pub(super) fn steps(&self) -> StepsOf<A> {
        let names: Vec<&String> = self.agents.keys().collect();
        let step = |index: usize, agent: &MemberSpec<A>| {
            let before =
                |first: usize| Names(names[first..index].iter().copied().cloned().collect());
            let reads = (self.reads == ChainReads::All).then(|| before(0));
            StepOf { after: before(index.saturating_sub(1)), reads, ..agent.step() }
        };
        let agents = self.agents.iter().enumerate();
        agents.map(|(index, (name, agent))| (name.clone(), step(index, agent))).collect()
    }
}
