//! The cheapest model that is good enough.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::selector::{Select, SelectorSpec, default_threshold};
use super::worth::{best, cheapest};
use crate::cost::Choice;
use crate::cost::demand::Quality;
use crate::spec::Fraction;

/// The cheapest affordable model that meets the quality threshold; if none does,
/// the best affordable one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CheapestSpec {
    /// The least quality that will do where a request names none. Default 0.8.
    pub quality_threshold: Fraction,
}

impl Default for CheapestSpec {
    fn default() -> Self {
        CheapestSpec { quality_threshold: default_threshold() }
    }
}

impl SelectorSpec for CheapestSpec {}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Cheapest {
    threshold: Quality,
}

impl Cheapest {
    pub fn new(spec: &CheapestSpec) -> Self {
        Cheapest { threshold: Quality::new(spec.quality_threshold.get()) }
    }
}

impl Select for Cheapest {
    #[inline]
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        let threshold = ask.demand.quality_threshold.map_or(self.threshold, Quality::new);
        let found = cheapest(ask, threshold).or_else(|| best(ask))?;
        ask.choice(found.model)
    }
}
