//! What tokens and servers cost.
//!
//! [`PriceSpec`] is what a file says of a model; [`Price`] is what is charged
//! by: rates per token, others for long prompts, for the batch API, and from a
//! date on. [`PriceMap`] reads the prices that `LiteLLM` keeps.

mod litellm;
mod moment;
mod rates;
mod spec;

pub use litellm::{PriceMap, PriceMapError};
pub use moment::Moment;
pub use rates::Rates;
pub use spec::{BatchPriceSpec, PriceChangeSpec, PriceSpec, TierSpec};

use jiff::Timestamp;

use super::{Money, Usage};

/// The price of a model: rates for prompts of any length, then for longer ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    now: Period,
    /// Of later, in order.
    changes: Vec<(Timestamp, Period)>,
    /// Of an hour of one of its own servers' GPUs.
    gpu_hour: Money,
}

/// What holds until the next change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Period {
    base: Tier,
    /// With rising `above`.
    tiers: Vec<Tier>,
}

/// What holds for prompts of more than `above` tenths of a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tier {
    above: u64,
    live: Rates,
    batch: Option<Rates>,
}

impl Price {
    /// The same price for each token of prompt and answer, in dollars. Below
    /// nothing is nothing; above $1000 is $1000 (which [`PriceSpec::check`]
    /// refuses).
    pub fn per_token(money: Money) -> Self {
        Price::of_rates(Rates::flat(money))
    }

    /// These rates for all prompts.
    pub fn of_rates(live: Rates) -> Self {
        let base = Tier { above: 0, live, batch: None };
        Price { now: Period { base, tiers: Vec::new() }, ..Price::default() }
    }

    /// The same price with another one for cached tokens of the prompt.
    #[must_use]
    pub fn with_cached_input(mut self, money: Money) -> Self {
        self.now.base.live.cached = Rates::flat(money).input;
        self
    }

    /// The cost of an answer, rounded half up to the pico-dollar. The length of
    /// the whole prompt, cached tokens included, says which rates hold for all
    /// of its tokens; the batch API costs the same as any other where it has no
    /// rates.
    #[inline]
    pub fn of_usage(&self, usage: &Usage) -> Money {
        self.rates_of(usage).of_usage(usage)
    }

    /// The rates that hold for it.
    #[inline]
    pub fn rates_of(&self, usage: &Usage) -> Rates {
        let tier = self.now.tier(usage.input_decitokens);
        if usage.batch { tier.batch.unwrap_or(tier.live) } else { tier.live }
    }

    /// What an hour of a GPU costs.
    pub fn gpu_hour(&self) -> Money {
        self.gpu_hour
    }

    /// The rates for a prompt of so many tenths of a token.
    #[inline]
    pub fn rates(&self, input_decitokens: u64) -> Rates {
        self.now.tier(input_decitokens).live
    }

    /// The rates of short prompts, and the length in tenths of a token above
    /// which others hold.
    pub(super) fn short(&self) -> (Rates, u64) {
        let long = self.now.tiers.first().map_or(u64::MAX, |tier| tier.above);
        (self.now.base.live, long)
    }

    /// When the price changes next.
    pub(super) fn changes_at(&self) -> Option<Timestamp> {
        self.changes.first().map(|(at, _)| *at)
    }

    /// Applies the changes until `now`, that of `now` included.
    pub(super) fn turn_to(&mut self, now: Timestamp) {
        let past = self.changes.iter().take_while(|(at, _)| *at <= now).count();
        if let Some((_, period)) = self.changes.drain(..past).next_back() {
            self.now = period;
        }
    }
}

impl Period {
    #[inline]
    fn tier(&self, input_decitokens: u64) -> &Tier {
        if self.tiers.is_empty() {
            return &self.base;
        }
        self.tiers.iter().rev().find(|tier| input_decitokens > tier.above).unwrap_or(&self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(yaml: &str) -> Price {
        serde_yaml::from_str::<PriceSpec>(yaml).unwrap().price()
    }

    fn usage(input: u64, output: u32) -> Usage {
        Usage::new(input * 10, output)
    }

    #[test]
    fn cached_tokens_have_their_own_price() {
        // gpt-4o in 2025, per token: $2.5e-6 of the prompt, half of it cached.
        let price = price("{ per_token: 2.5e-6, cached_input: 1.25e-6 }");
        let usage = |cached_decitokens| Usage { cached_decitokens, ..Usage::new(20_000, 100) };
        // 2000 + 100 tokens; then 1200 of them at half the price.
        assert_eq!(price.of_usage(&usage(0)).to_string(), "$0.00525");
        assert_eq!(price.of_usage(&usage(12_000)).to_string(), "$0.00375");
        assert_eq!(price.of_usage(&usage(u64::MAX)).to_string(), "$0.00275", "all of them");
    }

    #[test]
    fn a_bill_of_all_kinds_of_tokens_is_as_computed_by_hand() {
        // Claude Sonnet: $3, $15, $0.30 and $3.75 a million.
        let price = price(
            "{ input: 3e-6, output: 15e-6, cached_input: 0.3e-6, cache_write: 3.75e-6,
               batch: { input: 1.5e-6, output: 7.5e-6 } }",
        );
        // 1000 fresh, 4000 cached, 2000 written, 500 out:
        // 0.003 + 0.0012 + 0.0075 + 0.0075.
        let mixed =
            Usage { cached_decitokens: 40_000, written_decitokens: 20_000, ..usage(7000, 500) };
        assert_eq!(price.of_usage(&mixed).to_string(), "$0.0192");
        // In a batch, what was cached costs no more than the rest:
        // 5000 at 1.5, 2000 written at 1.5, 500 at 7.5 without cached rates; 0.3 for the 4000.
        let batch = Usage { batch: true, ..mixed };
        assert_eq!(price.of_usage(&batch).to_string(), "$0.00945");
        assert_eq!(
            price.of_usage(&Usage { batch: true, ..usage(7000, 500) }).to_string(),
            "$0.01425"
        );
    }

    #[test]
    fn a_long_prompt_costs_more_for_all_of_its_tokens() {
        // Gemini 2.5 Pro: $1.25 and $10 up to 200k tokens, then $2.50 and $15.
        let price = price(
            "{ input: 1.25e-6, output: 10e-6, above: [ { tokens: 200000, input: 2.5e-6, output: 15e-6 } ] }",
        );
        assert_eq!(price.of_usage(&usage(200_000, 1000)).to_string(), "$0.26");
        assert_eq!(price.of_usage(&usage(200_001, 1000)).to_string(), "$0.5150025");
        assert_eq!(price.short().1, 2_000_000);
    }

    #[test]
    fn prices_change_at_their_date_and_keep_what_the_change_does_not_name() {
        let mut price = price(
            "{ input: 10e-6, output: 30e-6, changes: [
               { at: 2026-02-01T00:00:00Z, input: 5e-6 }, { at: 2026-03-01T00:00:00Z, output: 15e-6 } ] }",
        );
        let date = |text: &str| text.parse::<Timestamp>().unwrap();
        let cost = |price: &Price| price.of_usage(&usage(1000, 1000)).to_string();
        assert_eq!(cost(&price), "$0.04");
        price.turn_to(date("2026-01-31T23:59:59Z"));
        assert_eq!(cost(&price), "$0.04");
        price.turn_to(date("2026-02-01T00:00:00Z"));
        assert_eq!(
            (cost(&price), price.changes_at()),
            ("$0.035".to_owned(), Some(date("2026-03-01T00:00:00Z")))
        );
        price.turn_to(date("2030-01-01T00:00:00Z"));
        assert_eq!((cost(&price), price.changes_at()), ("$0.02".to_owned(), None));
    }
}
