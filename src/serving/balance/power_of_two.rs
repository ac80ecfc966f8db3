//! The less loaded of two.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ask, Balance};
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

/// Draws with replacement, as the analysis has it.
#[derive(Clone, Debug)]
pub struct PowerOfTwo {
    choices: u32,
    stream: Stream,
}

impl Balance for PowerOfTwo {
    type Spec = PowerOfTwoSpec;

    fn check(spec: &PowerOfTwoSpec, problems: &mut Problems) {
        if spec.choices == 0 {
            problems.at("choices", |p| p.error("expected at least 1 choice"));
        }
    }

    fn new(spec: &PowerOfTwoSpec, _replicas: u32, stream: Stream) -> Self {
        PowerOfTwo { choices: spec.choices.max(1), stream }
    }

    #[inline]
    fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        let count = ask.among.count() as u64;
        let mut draw = || ask.among.nth(self.stream.below(count) as usize);
        let mut best = draw();
        for _ in 1..self.choices {
            let other = draw();
            if ask.loads.outstanding(other) < ask.loads.outstanding(best) {
                best = other;
            }
        }
        best
    }
}
