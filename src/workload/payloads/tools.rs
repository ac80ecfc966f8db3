//! Results of tools: text that comes with the prompt.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Draws, MOST, Payload};
use crate::spec::{Fraction, Positive, Problems};
use crate::workload::incoming::CHARS_PER_TOKEN;
use crate::workload::lengths::{ExponentialSpec, Lengths, LengthsSpec};

/// Results of tools in prompts, such as rows of a database or pages found by a
/// search. (Definitions of tools, the same for all, are a `shared_prefix`.)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ToolsSpec {
    /// Share of the prompts that have results. Default: 0.3.
    pub share: Fraction,
    /// How many such a prompt has. Default: `constant: 1`.
    pub count: LengthsSpec,
    /// Tokens of a result; each takes four bytes. Default: `exponential: { mean: 300 }`.
    pub tokens: LengthsSpec,
}

impl Default for ToolsSpec {
    fn default() -> Self {
        let mean = Positive::try_from(300.0).expect("300 is positive");
        ToolsSpec {
            share: Fraction::percent(30),
            count: LengthsSpec::Constant(1),
            tokens: LengthsSpec::Exponential(ExponentialSpec { mean }),
        }
    }
}

impl ToolsSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.at("count", |p| self.count.check(p));
        problems.at("tokens", |p| self.tokens.check(p));
    }
}

/// Results made ready.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    pub share: f64,
    count: Lengths,
    tokens: Lengths,
}

impl Tools {
    pub fn new(spec: &ToolsSpec) -> Self {
        let made = |lengths: &LengthsSpec| {
            lengths.distribution().expect("a checked spec has a distribution")
        };
        Tools { share: spec.share.get(), count: made(&spec.count), tokens: made(&spec.tokens) }
    }

    pub fn draw(&self, mut draws: Draws) -> Payload {
        let count = self.count.pick(draws.uniform()).min(MOST);
        let tokens = (0..count).map(|_| u64::from(self.tokens.pick(draws.uniform()))).sum();
        Payload { tokens, bytes: tokens * u64::from(CHARS_PER_TOKEN) }
    }
}
