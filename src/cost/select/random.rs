//! Models drawn by weight.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::worth::affordable;
use super::{Ask, check_model};
use crate::cost::Choice;
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

impl RandomSpec {
    pub(super) fn check(&self, models: &[&str], problems: &mut Problems) {
        problems.at("weights", |p| {
            for name in self.weights.keys() {
                p.at(name.as_str(), |p| check_model(name, models, p));
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
        Random { weights: models.iter().map(weight).collect(), stream }
    }

    pub fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        let lot = self.stream.uniform();
        let weighted = || {
            let weight = |model: u32| self.weights[model as usize];
            affordable(ask, |_| true).map(move |worth| (worth.model, weight(worth.model.0)))
        };
        let mut left = lot * weighted().map(|(_, weight)| weight).sum::<f64>();
        let mut found = None;
        for (model, weight) in weighted().filter(|(_, weight)| *weight > 0.0) {
            found = Some(model);
            if left < weight {
                break;
            }
            left -= weight;
        }
        ask.choice(found?)
    }
}
