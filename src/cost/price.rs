//! What tokens cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Money, Usage};
use crate::spec::Problems;

/// The price of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceSpec {
    /// US dollars for each token, of the prompt and of the answer alike.
    pub per_token: Money,
    /// US dollars for each token of the prompt that was in the server's prefix
    /// cache. Default: the same as any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<Money>,
}

/// The highest price: no product of a price and a count of tokens overflows.
const MOST_PER_TOKEN: Money = Money::from_picos(1_000_000_000_000_000);
/// The dearest public price is some $0.0006 a token; far above it somebody
/// meant a thousand or a million tokens.
const DEAR_PER_TOKEN: Money = Money::from_picos(10_000_000_000);

impl PriceSpec {
    /// A price of nothing, as for a model of one's own.
    pub const FREE: PriceSpec = PriceSpec { per_token: Money::ZERO, cached_input: None };

    /// The price as the optimizer uses it.
    pub fn price(&self) -> Price {
        let price = Price::per_token(self.per_token);
        self.cached_input.map_or(price, |cached| price.with_cached_input(cached))
    }

    /// Checks that the prices are those of a token.
    pub fn check(&self, problems: &mut Problems) {
        let help = "prices are for a single token: $3 per million tokens is `per_token: 0.000003`";
        let prices = [("per_token", Some(self.per_token)), ("cached_input", self.cached_input)];
        for (name, price) in prices {
            let Some(price) = price else { continue };
            problems.at(name, |p| {
                if price > MOST_PER_TOKEN {
                    p.error_help(format!("{price} a token is too much"), help);
                } else if price > DEAR_PER_TOKEN {
                    p.warn(format!("{price} a token is far above any public price; {help}"));
                }
            });
        }
        if self.cached_input.is_some_and(|cached| cached > self.per_token) {
            problems.at("cached_input", |p| {
                p.warn("a token that was cached costs more than one that was not");
            });
        }
    }
}

/// What a token costs, in whole pico-dollars.
///
/// The cheapest public price, $1.3e-10, is 130 of them and a tenth of a token
/// still 13: charges for tenths of a token are exact whenever the price has no
/// more than 11 decimals, and else rounded by at most half a pico-dollar each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    picos: u64,
    /// Of a cached token of the prompt.
    cached: u64,
}

impl Price {
    /// A price in dollars per token. Below nothing is nothing; above $1000 is
    /// $1000 (which [`PriceSpec::check`] refuses).
    pub fn per_token(money: Money) -> Self {
        let picos = whole_picos(money);
        Price { picos, cached: picos }
    }

    /// The same price with another one for cached tokens of the prompt.
    #[must_use]
    pub fn with_cached_input(self, money: Money) -> Self {
        Price { cached: whole_picos(money), ..self }
    }

    /// The cost of an answer, rounded half up to the pico-dollar.
    #[inline]
    pub fn of_usage(self, usage: &Usage) -> Money {
        let cached = usage.cached_decitokens.min(usage.input_decitokens);
        let output = 10 * u64::from(usage.output_tokens);
        let full = (usage.input_decitokens - cached).saturating_add(output);
        if cached == 0 {
            return self.of(full);
        }
        let tenths = i128::from(self.picos) * i128::from(full)
            + i128::from(self.cached) * i128::from(cached);
        Money::from_picos((tenths + 5) / 10)
    }

    /// The cost of `decitokens` tenths of a token, rounded half up to the
    /// pico-dollar.
    #[inline]
    pub fn of(self, decitokens: u64) -> Money {
        match self.picos.checked_mul(decitokens) {
            Some(tenths) => {
                Money::from_picos(i128::from(tenths / 10 + u64::from(tenths % 10 >= 5)))
            }
            None => Self::of_many(self.picos, decitokens),
        }
    }

    /// The same in pico-dollars, at most `u64::MAX` of them ($18 million): what
    /// selectors compare.
    #[inline]
    pub(super) fn picos_of(self, decitokens: u64) -> u64 {
        match self.picos.checked_mul(decitokens) {
            Some(tenths) => tenths / 10 + u64::from(tenths % 10 >= 5),
            None => Self::of_many(self.picos, decitokens).picos().try_into().unwrap_or(u64::MAX),
        }
    }

    #[cold]
    fn of_many(picos: u64, decitokens: u64) -> Money {
        Money::from_picos((i128::from(picos) * i128::from(decitokens) + 5) / 10)
    }
}

fn whole_picos(money: Money) -> u64 {
    money.clamp(Money::ZERO, MOST_PER_TOKEN).picos() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec::Severity::{Error, Warning};

    fn price(per_token: &str) -> Price {
        Price::per_token(per_token.parse().unwrap())
    }

    #[test]
    fn a_tenth_of_the_cheapest_token_is_exact() {
        assert_eq!(price("1.3e-10").of(1), Money::from_picos(13));
        assert_eq!(price("$0.00003").of(5130).to_string(), "$0.01539");
        assert_eq!(price("$0.00003").of(0), Money::ZERO);
        assert_eq!(Price::default().of(u64::MAX), Money::ZERO);
    }

    #[test]
    fn what_is_finer_is_rounded_half_up() {
        let picos = |price: i128, decitokens| {
            Price::per_token(Money::from_picos(price)).of(decitokens).picos()
        };
        assert_eq!(picos(1, 4), 0);
        assert_eq!(picos(1, 5), 1);
        assert_eq!(picos(3, 5), 2);
        assert_eq!(picos(7, 13), 9);
    }

    #[test]
    fn cached_tokens_have_their_own_price() {
        // gpt-4o in 2025, per token: $2.5e-6 of the prompt, half of it cached.
        let price = price("2.5e-6").with_cached_input("1.25e-6".parse().unwrap());
        let usage = |cached_decitokens| Usage { cached_decitokens, ..Usage::new(20_000, 100) };
        // 2000 + 100 tokens; then 1200 of them at half the price.
        assert_eq!(price.of_usage(&usage(0)).to_string(), "$0.00525");
        assert_eq!(price.of_usage(&usage(12_000)).to_string(), "$0.00375");
        assert_eq!(price.of_usage(&usage(u64::MAX)).to_string(), "$0.00275", "all of them");
        assert_eq!(Price::per_token(Money::from_picos(7)).of_usage(&usage(13)), {
            Money::from_picos(7 * 2100)
        });
    }

    #[test]
    fn a_price_out_of_range_is_refused_and_a_strange_one_questioned() {
        let found = |per_token: f64| {
            let mut problems = Problems::default();
            let per_token = Money::from_usd(per_token);
            PriceSpec { per_token, ..PriceSpec::FREE }.check(&mut problems);
            problems.into_list().pop().map(|problem| (problem.path.to_string(), problem.severity))
        };
        assert_eq!(found(0.0006), None);
        assert_eq!(found(0.15), Some(("per_token".to_owned(), Warning)));
        assert_eq!(found(1000.01), Some(("per_token".to_owned(), Error)));
    }

    #[test]
    fn a_price_without_its_amount_is_refused() {
        let error = serde_yaml::from_str::<PriceSpec>("{}").unwrap_err().to_string();
        assert!(error.contains("missing field `per_token`"), "{error}");
    }

    proptest! {
        #[test]
        fn all_ways_of_multiplying_agree(picos in 0_u64..=1_000_000_000_000_000, decitokens: u64) {
            let price = Price::per_token(Money::from_picos(i128::from(picos)));
            let cost = Price::of_many(picos, decitokens);
            prop_assert_eq!(price.of(decitokens), cost);
            prop_assert_eq!(i128::from(price.picos_of(decitokens)), cost.picos().min(u64::MAX.into()));
        }
    }
}
