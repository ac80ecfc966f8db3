//! What is asked of the optimizer and what it answers.

use super::{Money, Price};
use crate::kernel::{Duration, Time};
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
    /// The number of the request: what is drawn for it does not depend on what is
    /// drawn for others.
    pub request: u64,
    /// What is asked: a prompt is as difficult each time.
    pub prompt: u64,
    /// The model that must answer, if it may be no other.
    pub only: Option<ModelId>,
    /// How many models have been asked already.
    pub attempt: u32,
    /// Whether it has waited for its budget.
    pub waited: bool,
}

impl Demand {
    /// The first demand of a request.
    pub const fn new(user: UserId, input_decitokens: u64, max_tokens: u32) -> Self {
        Demand {
            user,
            input_decitokens,
            max_tokens,
            quality_threshold: None,
            request: 0,
            prompt: 0,
            only: None,
            attempt: 0,
            waited: false,
        }
    }

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
    /// Whether these are kept for an hour or longer, which has a price of its own.
    pub for_an_hour: bool,
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
            for_an_hour: false,
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

/// What a model's provider has of a prompt, as far as it is known when a model is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cached {
    /// Whether it keeps prompts at all.
    pub keeps: bool,
    /// Tenths of a token that would be read.
    pub read_decitokens: u64,
    /// Tenths of a token that would be written.
    pub written_decitokens: u64,
    /// Whether for an hour or longer.
    pub for_an_hour: bool,
}

impl Cached {
    /// What the demand would use, if the answer is as long as it may be.
    #[inline]
    pub fn usage(&self, demand: &Demand) -> Usage {
        Usage {
            cached_decitokens: self.read_decitokens,
            written_decitokens: self.written_decitokens,
            for_an_hour: self.for_an_hour,
            ..Usage::new(demand.input_decitokens, demand.max_tokens)
        }
    }

    /// The same if nothing is there any more when the model begins.
    #[must_use]
    pub fn gone(&self) -> Cached {
        let written_decitokens = self.read_decitokens + self.written_decitokens;
        Cached { read_decitokens: 0, written_decitokens, ..*self }
    }
}

/// The model for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which model.
    pub model: ModelId,
    /// What it costs if the answer is as long as it may be.
    pub estimate: Money,
    /// How much of the budgets is held until it is charged.
    pub hold: Money,
}

impl Choice {
    /// With nothing held.
    pub const fn new(model: ModelId, estimate: Money) -> Self {
        Choice { model, estimate, hold: Money::ZERO }
    }
}

/// Why no model was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What the user has left pays for none of the models.
    #[error("Insufficient budget for any available model")]
    InsufficientBudget,
    /// The budget pays for none now: the request should ask again then.
    #[error("the budget begins anew at {0}")]
    Wait(Time),
}

/// What became of an answer, for selectors that learn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesson {
    /// Who answered.
    pub model: ModelId,
    /// Which request.
    pub request: u64,
    /// How good the answer was, from 0 to 1.
    pub quality: f64,
    /// What it cost.
    pub cost: Money,
    /// How long the model took, waiting included.
    pub latency: Duration,
}

/// A quality in billionths. Whole numbers make comparisons exact: 0.1 + 0.2
/// meets a threshold of 0.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quality(u32);

impl Quality {
    /// The worst.
    pub const WORST: Quality = Quality(0);

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
        let demand = Demand::new(UserId(0), 130, 500);
        assert_eq!(demand.input_decitokens + demand.most_output(), 5130);
    }
}
