//! How long prompts and answers are, in tokens: one distribution a file.
//!
//! To add one: a file with its spec, its check and its quantile function; then
//! a line in each enum below. Lengths are drawn by inversion, so that a stream
//! stays in step when a parameter changes.

mod lognormal;
mod population;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use lognormal::{Lognormal, LognormalSpec};
pub(super) use population::PromptLengths;

use super::incoming::MAX_TOKENS;
use crate::spec::Problems;

/// How many tokens: at least 1, at most a thousand million.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LengthsSpec {
    /// Always the same number of tokens.
    Constant(u32),
    /// Many short ones and a long tail, as lengths of texts are.
    Lognormal(LognormalSpec),
}

impl LengthsSpec {
    /// Reports what is wrong with it.
    pub fn check(&self, problems: &mut Problems) {
        match self {
            LengthsSpec::Constant(tokens) => problems.at("constant", |p| {
                if *tokens == 0 || *tokens > MAX_TOKENS {
                    p.error_help(
                        format!("{tokens} tokens are out of range"),
                        format!("expected 1 to {MAX_TOKENS}"),
                    );
                }
            }),
            LengthsSpec::Lognormal(spec) => problems.at("lognormal", |p| spec.check(p)),
        }
    }

    /// The mean in tokens, or `None` if the spec does not pass its check.
    pub fn mean(&self) -> Option<f64> {
        match self {
            LengthsSpec::Constant(tokens) => Some(f64::from(*tokens)),
            LengthsSpec::Lognormal(spec) => Some(spec.distribution()?.mean()),
        }
    }

    /// The distribution, or `None` if the spec does not pass its check.
    pub fn distribution(&self) -> Option<Lengths> {
        Some(match self {
            LengthsSpec::Constant(tokens) => Lengths::Constant(*tokens),
            LengthsSpec::Lognormal(spec) => Lengths::Lognormal(spec.distribution()?),
        })
    }
}

/// A distribution of lengths.
#[derive(Clone, Copy, Debug)]
pub enum Lengths {
    /// Always this many tokens.
    Constant(u32),
    /// See [`Lognormal`].
    Lognormal(Lognormal),
}

impl Lengths {
    /// The length in tokens below which a share `p` of all lie, for p in (0, 1).
    #[inline]
    pub fn quantile(&self, p: f64) -> u32 {
        match self {
            Lengths::Constant(tokens) => *tokens,
            Lengths::Lognormal(lognormal) => whole_tokens(lognormal.quantile(p)),
        }
    }
}

/// The nearest whole number of tokens, at least 1.
#[inline]
fn whole_tokens(tokens: f64) -> u32 {
    // The cast saturates, and takes NaN to zero.
    ((tokens + 0.5) as u32).clamp(1, MAX_TOKENS)
}
