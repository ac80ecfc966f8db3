//! The same question several times (X. Wang et al.: Self-Consistency. ICLR 2023).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{at_least_one, check_join, named};
use super::member::MemberSpec;
use crate::orchestration::step::{JoinSpec, MapSpec, PickSpec, StepOf, StepsOf};
use crate::spec::Problems;
use crate::workload::lengths::LengthsSpec;

/// The same question several times at once; what most answers say is the answer. So
/// many calls are made as there are `samples`.
///
/// With one wrong `alternative` and an odd number of samples, each right with chance
/// p, the answer is right with the chance that more than half of them are (N. de
/// Condorcet's jury).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "VotingSpec", bound = "A: JsonSchema + Serialize")]
pub struct VotingSpec<A> {
    /// Who answers. Default: a call of a model.
    pub voter: MemberSpec<A>,
    /// How many answers there are. Default: 5.
    pub samples: u32,
    /// How many must be there to count the votes; the others are called off. Default:
    /// `all`.
    pub join: JoinSpec,
    /// What the answer is: the one of most (`vote`), or the right one if there is any
    /// (`best`: best of n, with one who can tell). Default: `vote`.
    pub pick: PickSpec,
    /// How many wrong answers there are to choose from: with one, all who are wrong
    /// agree. Default: 4.
    pub alternatives: u32,
    /// How many are asked at a time. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
}

impl<A> Default for VotingSpec<A> {
    fn default() -> Self {
        VotingSpec {
            voter: MemberSpec::default(),
            samples: 5,
            join: JoinSpec::All,
            pick: PickSpec::Vote,
            alternatives: 4,
            concurrency: None,
        }
    }
}

impl<A: Clone> VotingSpec<A> {
    pub(super) fn check(&self, problems: &mut Problems) {
        at_least_one("samples", self.samples, "sample", problems);
        at_least_one("alternatives", self.alternatives, "wrong answer", problems);
        check_join(self.join, &LengthsSpec::Constant(self.samples), problems);
    }

    /// One step, done for each sample.
    pub(super) fn steps(&self) -> StepsOf<A> {
        let map = MapSpec {
            items: LengthsSpec::Constant(self.samples),
            concurrency: self.concurrency,
            join: self.join,
            pick: self.pick,
            alternatives: self.alternatives,
            ..MapSpec::default()
        };
        named([("vote", StepOf { map: Some(map), ..self.voter.step() })])
    }
}
