//! Models drawn by weight.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::selector::{Known, Select, SelectorSpec, check_model};
use crate::cost::{Choice, ModelId};
use crate::kernel::Stream;
use crate::spec::{NonNegative, Problems};

/// Each request goes to a model drawn by weight among those that are affordable:
/// an A/B test, or the baseline that a router has to beat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomSpec {
    /// The weight of each model; one that is not here has none. Default: all the
    /// same.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub weights: IndexMap<String, NonNegative>,
}

impl SelectorSpec for RandomSpec {
    fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        problems.at("weights", |p| {
            for name in self.weights.keys() {
                p.at(name.as_str(), |p| check_model(name, known.models, p));
            }
            if !self.weights.is_empty() && self.weights.values().all(|weight| weight.get() == 0.0) {
                p.error("no model has a weight above 0");
            }
        });
    }
}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Random {
    weights: Vec<f64>,
    /// Up to each model, the sum of weights.
    up_to: Vec<f64>,
    /// The last model with a weight.
    last: usize,
    stream: Stream,
}

impl Random {
    pub fn new(spec: &RandomSpec, models: &[&str], stream: Stream) -> Self {
        let weight = |model: &&str| {
            if spec.weights.is_empty() {
                1.0
            } else {
                spec.weights.get(*model).map_or(0.0, |weight| weight.get())
            }
        };
        let weights: Vec<f64> = models.iter().map(weight).collect();
        let mut sum = 0.0;
        let mut add = |weight: &f64| {
            sum += weight;
            sum
        };
        Random {
            up_to: weights.iter().map(&mut add).collect(),
            last: weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0),
            weights,
            stream,
        }
    }
}

impl Select for Random {
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        let draw = self.stream.uniform();
        if ask.pays_for_all() {
            let all = self.up_to.last()?;
            let before = self.up_to.iter().filter(|up_to| **up_to <= draw * all).count();
            return ask.choice(ModelId(before.min(self.last) as u32));
        }
        let weight = |model: ModelId| self.weights[model.0 as usize];
        let mut left = draw * ask.models().map(weight).sum::<f64>();
        let mut found = None;
        for model in ask.models().filter(|model| weight(*model) > 0.0) {
            found = Some(model);
            if left < weight(model) {
                break;
            }
            left -= weight(model);
        }
        ask.choice(found?)
    }
}
