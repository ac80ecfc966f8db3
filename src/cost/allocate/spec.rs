//! The `allocate` block of the `cost` block.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Claim, fixed, max_min, proportional, utility};
use crate::cost::Money;
use crate::cost::budget::{check_name, is_default};
use crate::kernel::Duration;
use crate::spec::{NonNegative, Problems};

/// A fixed amount of money, of tokens, or of places at models, divided among
/// tenants and divided anew each interval by what each asked for in the last. A
/// tenant's requests are refused when its part of money or tokens is used up, and
/// wait while it has no place free; what is left of a part is not carried over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllocateSpec {
    /// Dollars for each interval; or `tokens` or `places`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<Money>,
    /// Tokens of prompts and answers for each interval; or `money` or `places`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Requests that models work on at a time, as a fleet of GPUs has room for; or
    /// `money` or `tokens`. A request has a place from when its model is chosen
    /// until its answer is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<u32>,
    /// Whether a tenant may have more places than its part while others are free
    /// (work-conserving). Default: no.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lend: bool,
    /// The most requests of each tenant that wait for a place; a further one is
    /// refused. 0: none waits. Default 10000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<u32>,
    /// The interval. Default 1h.
    #[serde(default = "hour")]
    pub every: Duration,
    /// Who the tenants are. Default: the classes of users.
    #[serde(default)]
    pub among: AmongSpec,
    /// How it is divided. Default: `max_min`.
    #[serde(default)]
    pub by: RuleSpec,
    /// The weight of each tenant by name: its share under `fixed`, its weight
    /// under `max_min`, the value of its first unit under `utility`; `proportional`
    /// knows none. Default 1 each.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub weights: IndexMap<String, NonNegative>,
}

fn hour() -> Duration {
    Duration::from_secs(3600)
}

/// Who the tenants are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AmongSpec {
    /// Each class of users.
    #[default]
    Classes,
    /// Each user.
    Users,
    /// Each team of `cost.teams`; who is in none is of the team `default`.
    Teams,
    /// Each model. What a model is asked for is what goes to it: a request that its
    /// part does not pay for goes to another one.
    Models,
}

/// How an amount is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleSpec {
    /// Shares that are set, whatever is asked for.
    Fixed,
    /// In proportion to what was asked for.
    Proportional,
    /// Max-min fair: who asked for little has it, the others share the rest.
    #[default]
    MaxMin,
    /// Where the next unit is worth most.
    Utility,
}

impl RuleSpec {
    /// The parts of `total`.
    pub fn divide(self, total: f64, claims: &[Claim]) -> Vec<f64> {
        match self {
            RuleSpec::Fixed => fixed::divide(total, claims),
            RuleSpec::Proportional => proportional::divide(total, claims),
            RuleSpec::MaxMin => max_min::divide(total, claims),
            RuleSpec::Utility => utility::divide(total, claims),
        }
    }
}

impl AllocateSpec {
    /// Whether the tenants are models.
    pub fn is_among_models(&self) -> bool {
        self.among == AmongSpec::Models
    }

    /// Checks that there is something to divide.
    pub fn check(&self, problems: &mut Problems) {
        let given = [self.money.is_some(), self.tokens.is_some(), self.places.is_some()];
        if given.iter().filter(|it| **it).count() != 1 {
            problems.error_help("one thing is divided", "give `money`, `tokens` or `places`");
        }
        for (name, set) in [("lend", self.lend), ("queue", self.queue.is_some())] {
            if set && self.places.is_none() {
                problems.at(name, |p| p.error_help("only places are lent", "give `places`"));
            }
        }
        if self.money == Some(Money::ZERO) || self.tokens == Some(0) || self.places == Some(0) {
            problems.error("there is nothing to divide");
        }
        if self.every.is_zero() {
            problems.at("every", |p| p.error("expected an interval longer than 0"));
        }
        if !self.weights.is_empty() && self.weights.values().all(|weight| weight.get() == 0.0) {
            problems.at("weights", |p| p.error("no tenant has a weight above 0"));
        }
    }

    /// Warns of weights of nobody.
    pub fn check_tenants(&self, names: Option<&BTreeSet<&str>>, problems: &mut Problems) {
        problems.at("weights", |p| {
            for name in self.weights.keys() {
                p.at(name.as_str(), |p| check_name(name, names, &[], p));
            }
        });
    }
}
