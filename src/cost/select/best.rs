//! The best model that money can buy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::selector::{Select, SelectorSpec};
use super::worth::best;
use crate::cost::budget::Allowance;
use crate::cost::{Choice, Money};

/// The best affordable model; of equally good ones the cheapest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BestSpec {
    /// The most that one request may be estimated at, whatever its user has left.
    /// Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_request: Option<Money>,
}

impl SelectorSpec for BestSpec {}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Best {
    per_request: Option<Money>,
}

impl Best {
    pub fn new(spec: &BestSpec) -> Self {
        Best { per_request: spec.per_request }
    }
}

impl Select for Best {
    #[inline]
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        let allowance = match (self.per_request, ask.allowance) {
            (Some(most), Allowance::Left(left)) => Allowance::Left(left.min(most)),
            (Some(_), Allowance::Nothing) => Allowance::Nothing,
            (Some(most), _) => Allowance::Left(most),
            (None, allowance) => allowance,
        };
        let ask = ask.allowing(allowance);
        ask.choice(best(&ask)?.model)
    }
}
