//! What tokens cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Money;
use crate::spec::Problems;

/// The price of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceSpec {
    /// US dollars for each token, of the prompt and of the answer alike.
    pub per_token: Money,
}

/// The highest price: no product of a price and a count of tokens overflows.
const MOST_PER_TOKEN: Money = Money::from_picos(1_000_000_000_000_000);
/// The dearest public price is some $0.0006 a token; far above it somebody
/// meant a thousand or a million tokens.
const DEAR_PER_TOKEN: Money = Money::from_picos(10_000_000_000);

impl PriceSpec {
    /// A price of nothing, as for a model of one's own.
    pub const FREE: PriceSpec = PriceSpec { per_token: Money::ZERO };

    /// The price as the optimizer uses it.
    pub fn price(&self) -> Price {
        Price::per_token(self.per_token)
    }

    /// Checks that the price is one of a token.
    pub fn check(&self, problems: &mut Problems) {
        let help = "prices are for a single token: $3 per million tokens is `per_token: 0.000003`";
        problems.at("per_token", |p| {
            if self.per_token > MOST_PER_TOKEN {
                p.error_help(format!("{} a token is too much", self.per_token), help);
            } else if self.per_token > DEAR_PER_TOKEN {
                p.warn(format!("{} a token is far above any public price; {help}", self.per_token));
            }
        });
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
}

impl Price {
    /// A price in dollars per token. Below nothing is nothing; above $1000 is
    /// $1000 (which [`PriceSpec::check`] refuses).
    pub fn per_token(money: Money) -> Self {
        Price { picos: money.clamp(Money::ZERO, MOST_PER_TOKEN).picos() as u64 }
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
    fn a_price_out_of_range_is_refused_and_a_strange_one_questioned() {
        let found = |per_token: f64| {
            let mut problems = Problems::default();
            PriceSpec { per_token: Money::from_usd(per_token) }.check(&mut problems);
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
