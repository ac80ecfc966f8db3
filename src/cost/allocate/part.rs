//! What a tenant has of what is divided.

use super::{AllocateSpec, Claim, RuleSpec};
use crate::stats::jain;

/// What a tenant has of the amount: pico-dollars, tenths of a token, or
/// place-seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// The tenant's name.
    pub name: String,
    pub(super) weight: f64,
    /// Asked for in the present interval, whether it was had or not.
    pub(super) wanted: f64,
    /// Given in all intervals so far.
    pub given_in_all: f64,
    /// Used in all.
    pub used_in_all: f64,
    /// Asked for in all.
    pub wanted_in_all: f64,
}

impl Part {
    pub(super) fn new(name: &str, spec: &AllocateSpec) -> Self {
        let weight = spec.weights.get(name).map_or(1.0, |weight| weight.get());
        Part { name: name.to_owned(), weight, ..Part::default() }
    }

    pub(super) fn want(&mut self, amount: f64) {
        self.wanted += amount;
        self.wanted_in_all += amount;
    }
}

/// Divides `total` by what was wanted in the interval that is over, or as if all
/// wanted everything where that was nothing. The next one begins.
pub(super) fn divide(rule: RuleSpec, total: f64, parts: &mut [Part]) -> Vec<f64> {
    let nothing = parts.iter().all(|part| part.wanted == 0.0);
    let claim = |part: &Part| Claim {
        wanted: if nothing { total } else { part.wanted },
        weight: part.weight,
    };
    let claims: Vec<Claim> = parts.iter().map(claim).collect();
    for part in parts {
        part.wanted = 0.0;
    }
    rule.divide(total, &claims)
}

/// Jain's index of what each tenant used of what it wanted.
pub fn fairness(parts: &[Part]) -> f64 {
    let wanting = parts.iter().filter(|part| part.wanted_in_all > 0.0);
    jain(wanting.map(|part| (part.used_in_all / part.wanted_in_all).min(1.0)))
}

/// The utility of what was used, as a share of that of everything wanted:
/// `weight x wanted x ln(1 + used / wanted)`, summed over tenants.
pub fn utility_had(parts: &[Part]) -> f64 {
    let worth = |part: &Part, used: f64| {
        part.weight * part.wanted_in_all * libm::log1p((used / part.wanted_in_all).min(1.0))
    };
    let wanting = || parts.iter().filter(|part| part.wanted_in_all > 0.0);
    let had: f64 = wanting().map(|part| worth(part, part.used_in_all)).sum();
    had / wanting().map(|part| worth(part, part.wanted_in_all)).sum::<f64>()
}
