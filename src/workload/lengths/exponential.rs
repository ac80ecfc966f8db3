//! Exponential lengths.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_tokens;
use crate::spec::{Positive, Problems};

/// Exponential lengths, rounded up to whole tokens. Answers of language models are
/// near to it (`ServeGen`: Xiang et al., 2025, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExponentialSpec {
    /// Mean number of tokens, at least 1.
    pub mean: Positive,
}

impl ExponentialSpec {
    pub(super) fn check(self, problems: &mut Problems) {
        problems.at("mean", |p| check_tokens(self.mean.get(), p));
    }

    /// A geometric number of tokens: each is the last with probability 1/mean. It
    /// is the exponential distribution on whole numbers, with exactly this mean.
    #[inline]
    pub(super) fn pick(self, u: f64) -> f64 {
        let mean = self.mean.get();
        if mean <= 1.0 {
            return 1.0;
        }
        1.0 + libm::floor(libm::log(1.0 - u) / libm::log1p(-1.0 / mean))
    }
}
