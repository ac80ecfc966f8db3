//! Judgements of models and humans.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::Fraction;

/// How often a judge errs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JudgeSpec {
    /// How often it accepts what is wrong. Default: 0.
    pub false_accept: Fraction,
    /// How often it rejects what is right. Default: 0.
    pub false_reject: Fraction,
}

impl Default for JudgeSpec {
    fn default() -> Self {
        JudgeSpec { false_accept: Fraction::percent(0), false_reject: Fraction::percent(0) }
    }
}

impl JudgeSpec {
    /// How often it accepts what is wrong, and rejects what is right.
    pub(super) fn errors(self) -> [f64; 2] {
        [self.false_accept.get(), self.false_reject.get()]
    }
}
