//! Always the same model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::selector::{Known, Select, SelectorSpec, find};
use crate::cost::{Choice, ModelId};
use crate::spec::Problems;

/// The name of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct FixedSpec(pub String);

impl SelectorSpec for FixedSpec {
    fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        if !known.models.contains(&self.0.as_str()) {
            problems.unknown("model", &self.0, known.models.iter().copied());
        }
    }
}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Fixed {
    model: ModelId,
}

impl Fixed {
    pub fn new(spec: &FixedSpec, models: &[&str]) -> Self {
        Fixed { model: find(models, &spec.0).unwrap_or_default() }
    }
}

impl Select for Fixed {
    #[inline]
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        ask.choice(self.model)
    }
}
