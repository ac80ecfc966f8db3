//! What is asked of the optimizer and what it answers.

use super::{Money, Price};
use crate::workload::UserId;

/// A model, by its index in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(pub u32);

/// What the optimizer knows of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What its tokens cost.
    pub price: Price,
    /// How good its answers are, from 0 to 1.
    pub quality: f64,
}

/// A request that needs a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// Who pays.
    pub user: UserId,
    /// Tenths of an input token: 13 for each word of a text, 10 for each token
    /// that was counted.
    pub input_decitokens: u64,
    /// The most output tokens that may come back.
    pub max_tokens: u32,
    /// The least quality that will do, from 0 to 1; where absent, the
    /// selector's.
    pub quality_threshold: Option<f64>,
}

impl Demand {
    /// The most of the answer that may be charged for, in tenths of a token.
    /// What of the prompt will be in a prefix cache is not known yet, so that
    /// estimates take none of it to be.
    #[inline]
    pub fn most_output(&self) -> u64 {
        10 * u64::from(self.max_tokens)
    }
}

/// What an answer took, and is charged for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tenths of an input token, cached ones included.
    pub input_decitokens: u64,
    /// Of these, tenths that were in the server's prefix cache.
    pub cached_decitokens: u64,
    /// Of the others, tenths that were put into it.
    pub written_decitokens: u64,
    /// Output tokens.
    pub output_tokens: u32,
    /// Whether the batch API answered.
    pub batch: bool,
}

impl Usage {
    /// With nothing cached.
    pub const fn new(input_decitokens: u64, output_tokens: u32) -> Self {
        Usage {
            input_decitokens,
            cached_decitokens: 0,
            written_decitokens: 0,
            output_tokens,
            batch: false,
        }
    }

    /// The same if there had been no prefix cache.
    #[must_use]
    pub const fn uncached(&self) -> Self {
        Usage { cached_decitokens: 0, written_decitokens: 0, ..*self }
    }
}

/// The model for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which model.
    pub model: ModelId,
    /// What it costs if the answer is as long as it may be.
    pub estimate: Money,
}

/// What the user has left pays for none of the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Insufficient budget for any available model")]
pub struct InsufficientBudget;

/// A quality in billionths. Whole numbers make comparisons exact: 0.1 + 0.2
/// meets a threshold of 0.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quality(u32);

impl Quality {
    /// From a number from 0 to 1; what is outside becomes the nearest of both.
    #[inline]
    pub fn new(quality: f64) -> Self {
        Quality((quality.clamp(0.0, 1.0) * 1e9 + 0.5) as u32)
    }

    /// Billionths.
    #[inline]
    pub fn billionths(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_that_differ_by_rounding_are_equal() {
        assert_eq!(Quality::new(0.1 + 0.2), Quality::new(0.3));
        assert!(Quality::new(0.85) < Quality::new(0.850_000_001));
        assert_eq!(Quality::new(f64::NAN), Quality::new(0.0));
        assert_eq!(Quality::new(7.0).billionths(), 1_000_000_000);
    }

    #[test]
    fn ten_words_and_500_tokens_are_513_tokens() {
        let demand = Demand {
            user: UserId(0),
            input_decitokens: 130,
            max_tokens: 500,
            quality_threshold: None,
        };
        assert_eq!(demand.input_decitokens + demand.most_output(), 5130);
    }
}
