//! What the prompt cache of a model came to, of measured requests.

use crate::cache::prompt::{PromptUse, Reason};
use crate::cost::{Money, Rates, Usage};

/// Tenths of a token, and what they cost in tenths of a pico-dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Tenths of a token.
    pub decitokens: u64,
    /// Tenths of a pico-dollar.
    pub tenths: i128,
}

impl Part {
    fn add(&mut self, decitokens: u64, rate: i128) {
        self.decitokens += decitokens;
        self.tenths += i128::from(decitokens) * rate;
    }

    /// The same of both.
    #[must_use]
    pub fn and(self, other: Part) -> Part {
        Part { decitokens: self.decitokens + other.decitokens, tenths: self.tenths + other.tenths }
    }

    /// Tokens.
    pub fn tokens(self) -> f64 {
        self.decitokens as f64 / 10.0
    }

    /// Dollars.
    pub fn usd(self) -> f64 {
        self.tenths as f64 / 1e13
    }
}

/// What a model's prompt cache came to: of answers, and of work that nobody got. Requests that
/// keep prompts alive are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PromptSums {
    /// Whether there is one.
    pub there: bool,
    /// Attempts that were charged for.
    pub requests: u64,
    /// What was read, and what that cost.
    pub read: Part,
    /// What was written.
    pub written: Part,
    /// What was neither.
    pub uncached: Part,
    /// By reason, what was not read, and how much more that cost than reading it.
    pub missed: [Part; Reason::ALL.len()],
    /// Requests that kept prompts alive.
    pub keep_alives: u64,
    /// What they cost, answers included.
    pub keep_alive_cost: Money,
}

impl PromptSums {
    /// Counts a request that was charged for `usage` at these rates.
    pub fn count(&mut self, used: &PromptUse, usage: &Usage, rates: &Rates) {
        let (read, written) = (usage.cached_decitokens, usage.written_decitokens);
        let input = usage.input_decitokens;
        let rest = input.saturating_sub(read).saturating_sub(written);
        let [reads, writes, inputs] =
            [rates.cached, rates.write_of(usage), rates.input].map(i128::from);
        self.requests += 1;
        self.read.add(read, reads);
        self.written.add(written, writes);
        self.uncached.add(rest, inputs);
        // What is less than a token is behind the last whole one.
        let fraction = input.saturating_sub(10 * (used.read + used.missed.total()));
        for (reason, missed) in Reason::ALL.into_iter().zip(&mut self.missed) {
            let unwritten = matches!(reason, Reason::TooShort | Reason::Unmarked);
            let paid = if unwritten || written == 0 { inputs } else { writes };
            missed.add(10 * used.missed.of(reason), paid - reads);
            if reason == Reason::Unmarked {
                missed.add(fraction, inputs - reads);
            }
        }
    }

    /// Tokens read, as a share of all; NaN of none.
    pub fn hit_rate(&self) -> f64 {
        let all = self.read.decitokens + self.written.decitokens + self.uncached.decitokens;
        if all == 0 { f64::NAN } else { self.read.decitokens as f64 / all as f64 }
    }

    /// What was not read for a reason.
    pub fn of(&self, reason: Reason) -> Part {
        self.missed[reason as usize]
    }

    /// Of all models.
    pub fn total(all: &[PromptSums]) -> Option<PromptSums> {
        let mut there = all.iter().filter(|sums| sums.there);
        let first = *there.next()?;
        Some(there.fold(first, |mut sum, more| {
            sum.requests += more.requests;
            sum.read = sum.read.and(more.read);
            sum.written = sum.written.and(more.written);
            sum.uncached = sum.uncached.and(more.uncached);
            for (part, more) in sum.missed.iter_mut().zip(more.missed) {
                *part = part.and(more);
            }
            sum.keep_alives += more.keep_alives;
            sum.keep_alive_cost += more.keep_alive_cost;
            sum
        }))
    }
}

/// Which models conversations were with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conversations {
    /// Answers of another model than the one before.
    pub switches: u64,
    /// Requests that stayed though another model would have been chosen.
    pub kept: u64,
    /// How much better those models are expected to be, added up.
    pub quality_lost: f64,
}
