//! Lengths of which each in a range is equally likely.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_tokens;
use crate::spec::Problems;

/// Every whole number from `min` to `max`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniformSpec {
    /// The fewest tokens.
    pub min: u32,
    /// The most tokens.
    pub max: u32,
}

impl UniformSpec {
    pub(super) fn check(self, problems: &mut Problems) {
        problems.at("min", |p| check_tokens(f64::from(self.min), p));
        problems.at("max", |p| check_tokens(f64::from(self.max), p));
        if self.min > self.max {
            problems.error(format!("min {} is greater than max {}", self.min, self.max));
        }
    }

    #[inline]
    pub(super) fn pick(self, u: f64) -> u32 {
        // u < 1, but its product with a large range may round up to it.
        let steps = (u * (f64::from(self.max - self.min) + 1.0)) as u32;
        (self.min + steps).min(self.max)
    }

    pub(super) fn mean(self) -> f64 {
        f64::midpoint(f64::from(self.min), f64::from(self.max))
    }
}
