//! Parts at once, then one answer (J. Dean, S. Ghemawat: `MapReduce`. OSDI 2004).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{asks, check_join, named};
use super::member::MemberSpec;
use crate::orchestration::step::{JoinSpec, LlmSpec, MapSpec, Names, StepOf, StepsOf};
use crate::spec::Problems;
use crate::workload::lengths::LengthsSpec;

/// The parts of an input at once, then one answer of all of them. Calls: 1 if a model
/// splits, those of `map` for each part, and 1 that reduces: on average
/// split + E\[items\] x map + 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "MapReduceSpec", bound = "A: JsonSchema + Serialize")]
pub struct MapReduceSpec<A> {
    /// The model that splits the input, which those who read the parts read too.
    /// Default: a program splits it, which takes no time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<LlmSpec>,
    /// How many parts there are. Default: `constant: 4`.
    pub items: LengthsSpec,
    /// Who reads a part, which is its prompt. Default: a call of a model with a part
    /// of 1000 tokens.
    pub map: MemberSpec<A>,
    /// Whether all of the input is in the prompt of each part too. Default: false.
    pub input: bool,
    /// How many parts are read at a time. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// How many parts must succeed. Default: `all`.
    pub join: JoinSpec,
    /// The model that makes one answer of those of all parts.
    pub reduce: LlmSpec,
}

impl<A> Default for MapReduceSpec<A> {
    fn default() -> Self {
        let part = LlmSpec { prompt: Some(LengthsSpec::Constant(1000)), ..LlmSpec::default() };
        MapReduceSpec {
            split: None,
            items: LengthsSpec::Constant(4),
            map: MemberSpec { llm: Some(part), ..MemberSpec::default() },
            input: false,
            concurrency: None,
            join: JoinSpec::All,
            reduce: LlmSpec::default(),
        }
    }
}

impl<A: Clone> MapReduceSpec<A> {
    pub(super) fn check(&self, problems: &mut Problems) {
        check_join(self.join, &self.items, problems);
    }

    /// A step that splits, if a model does; one for all parts; one that reduces.
    pub(super) fn steps(&self) -> StepsOf<A> {
        let map = MapSpec {
            items: self.items.clone(),
            concurrency: self.concurrency,
            join: self.join,
            ..MapSpec::default()
        };
        let mut parts = StepOf { map: Some(map), input: self.input, ..self.map.step() };
        let reduce = StepOf { after: Names::from(["map"]), input: false, ..asks(&self.reduce) };
        match &self.split {
            Some(split) => {
                parts.after = Names::from(["split"]);
                named([("split", asks(split)), ("map", parts), ("reduce", reduce)])
            }
            None => named([("map", parts), ("reduce", reduce)]),
        }
    }
}
