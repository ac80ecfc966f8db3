//! Normal lengths.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_tokens;
use crate::kernel::normal_quantile;
use crate::spec::{NonNegative, Positive, Problems};

/// Normal lengths, rounded; what would be less than 1 token is 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormalSpec {
    /// Mean number of tokens.
    pub mean: Positive,
    /// Standard deviation.
    pub sd: NonNegative,
}

impl NormalSpec {
    pub(super) fn check(self, problems: &mut Problems) {
        problems.at("mean", |p| check_tokens(self.mean.get(), p));
        if self.sd.get() > self.mean.get() / 2.0 {
            let sd = self.sd.get();
            problems.at("sd", |p| {
                p.warn(format!(
                    "with a mean of {} and an sd of {sd} many lengths fall below 1 token and are 1: \
                     the mean will be higher; lengths of texts are lognormal rather",
                    self.mean.get()
                ));
            });
        }
    }

    #[inline]
    pub(super) fn quantile(self, p: f64) -> f64 {
        self.mean.get() + self.sd.get() * normal_quantile(p)
    }
}
