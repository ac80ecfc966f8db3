//! The less loaded of two.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Ask;
use crate::kernel::Stream;
use crate::spec::Problems;

/// The least loaded of a few replicas that are drawn by lot. With two of them the
/// share of queues of k or more falls from rho^k to rho^(2^k - 1) (Mitzenmacher,
/// "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 2001).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PowerOfTwoSpec {
    /// How many replicas are drawn and compared. Default 2.
    pub choices: u32,
}

impl Default for PowerOfTwoSpec {
    fn default() -> Self {
        PowerOfTwoSpec { choices: 2 }
    }
}

impl PowerOfTwoSpec {
    /// Reports what compares nothing.
    pub fn check(&self, problems: &mut Problems) {
        if self.choices == 0 {
            problems.at("choices", |p| p.error("expected at least 1 choice"));
        }
    }
}

/// Draws with replacement, as the analysis has it.
#[derive(Clone, Debug)]
pub(super) struct PowerOfTwo {
    choices: u32,
    stream: Stream,
}

impl PowerOfTwo {
    pub fn new(spec: &PowerOfTwoSpec, stream: Stream) -> Self {
        PowerOfTwo { choices: spec.choices.max(1), stream }
    }

    #[inline]
    pub fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        let count = ask.available.len() as u64;
        let mut draw = || ask.available[self.stream.below(count) as usize];
        let mut best = draw();
        for _ in 1..self.choices {
            let other = draw();
            if ask.loads[other as usize].outstanding < ask.loads[best as usize].outstanding {
                best = other;
            }
        }
        best
    }
}
