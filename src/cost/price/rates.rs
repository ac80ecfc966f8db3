//! What the tokens of a request cost.

use crate::cost::{Money, Usage};

/// The highest price: no product of a price and a count of tokens overflows.
pub(super) const MOST_PER_TOKEN: Money = Money::from_picos(1_000_000_000_000_000);

/// What a token of each kind costs, in whole pico-dollars.
///
/// The cheapest public price, $1.3e-10, is 130 of them and a tenth of a token
/// still 13: charges for tenths of a token are exact whenever the price has no
/// more than 11 decimals, and else rounded by at most half a pico-dollar each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
    /// Of the prompt, where it was in the server's prefix cache.
    pub cached: u64,
    /// Of the prompt, where it was put into it.
    pub write: u64,
    /// The same where it is kept for an hour or longer.
    pub write_1h: u64,
}

impl Rates {
    /// The same for all tokens. Below nothing is nothing; above $1000 is $1000.
    pub fn flat(money: Money) -> Self {
        let picos = money.clamp(Money::ZERO, MOST_PER_TOKEN).picos() as u64;
        Rates { input: picos, output: picos, cached: picos, write: picos, write_1h: picos }
    }

    /// The cost of an answer, rounded half up to the pico-dollar.
    #[inline]
    pub fn of_usage(&self, usage: &Usage) -> Money {
        let cached = usage.cached_decitokens.min(usage.input_decitokens);
        let written = usage.written_decitokens.min(usage.input_decitokens - cached);
        let fresh = usage.input_decitokens - cached - written;
        let output = 10 * u64::from(usage.output_tokens);
        if cached | written == 0 {
            return self.of(fresh, output);
        }
        let times = |rate, decitokens| i128::from(rate) * i128::from(decitokens);
        let tenths = times(self.input, fresh)
            + times(self.output, output)
            + times(self.cached, cached)
            + times(self.write_of(usage), written);
        Money::from_picos((tenths + 5) / 10)
    }

    /// What a token costs that is written.
    #[inline]
    pub fn write_of(&self, usage: &Usage) -> u64 {
        if usage.for_an_hour { self.write_1h } else { self.write }
    }

    /// The cost of so many tenths of a token of prompt and of answer, rounded
    /// half up to the pico-dollar.
    #[inline]
    pub fn of(&self, input: u64, output: u64) -> Money {
        match self.tenths(input, output) {
            Some(tenths) => Money::from_picos(i128::from(round(tenths))),
            None => self.of_many(input, output),
        }
    }

    /// The rates of an estimate, which must not be too low: it is not known yet
    /// what of the prompt will be written to a prefix cache at a higher price.
    #[must_use]
    pub fn most(&self) -> Self {
        Rates { input: self.input.max(self.write), ..*self }
    }

    #[inline]
    fn tenths(&self, input: u64, output: u64) -> Option<u64> {
        self.input.checked_mul(input)?.checked_add(self.output.checked_mul(output)?)
    }

    #[cold]
    fn of_many(&self, input: u64, output: u64) -> Money {
        let times = |rate, decitokens| i128::from(rate) * i128::from(decitokens);
        Money::from_picos((times(self.input, input) + times(self.output, output) + 5) / 10)
    }
}

#[inline]
fn round(tenths: u64) -> u64 {
    tenths / 10 + u64::from(tenths % 10 >= 5)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rates(per_token: &str) -> Rates {
        Rates::flat(per_token.parse().unwrap())
    }

    #[test]
    fn a_tenth_of_the_cheapest_token_is_exact() {
        assert_eq!(rates("1.3e-10").of(1, 0), Money::from_picos(13));
        assert_eq!(rates("$0.00003").of(130, 5000).to_string(), "$0.01539");
        assert_eq!(rates("$0.00003").of(0, 0), Money::ZERO);
        assert_eq!(Rates::default().of(u64::MAX, u64::MAX), Money::ZERO);
    }

    #[test]
    fn what_is_finer_is_rounded_half_up() {
        let picos = |price: i128, decitokens| {
            Rates::flat(Money::from_picos(price)).of(decitokens, 0).picos()
        };
        assert_eq!(picos(1, 4), 0);
        assert_eq!(picos(1, 5), 1);
        assert_eq!(picos(3, 5), 2);
        assert_eq!(picos(7, 13), 9);
    }

    #[test]
    fn an_estimate_takes_the_dearer_of_reading_and_writing() {
        let rates = Rates { input: 3, output: 15, cached: 1, write: 4, write_1h: 6 };
        assert_eq!(rates.most(), Rates { input: 4, ..rates });
        assert_eq!(Rates { write: 0, ..rates }.most().input, 3);
    }

    proptest! {
        #[test]
        fn all_ways_of_multiplying_agree(
            input in 0_u64..=1_000_000_000_000_000,
            output in 0_u64..=1_000_000_000_000_000,
            read: u64,
            written in 0_u64..50_000_000_000,
        ) {
            let rates = Rates { input, output, cached: input, write: input, write_1h: input };
            let cost = rates.of_many(read, written);
            prop_assert_eq!(rates.of(read, written), cost);
        }

        /// However a prompt falls into kinds of one price, it costs the same.
        #[test]
        fn kinds_of_one_price_are_one_kind(
            picos in 0_u64..1_000_000_000, read in 0_u64..10_000_000, output: u32,
            cached in 0_u64..10_000_000, written in 0_u64..10_000_000,
        ) {
            let rates = Rates::flat(Money::from_picos(picos.into()));
            let plain = Usage::new(read, output);
            let mixed = Usage { cached_decitokens: cached, written_decitokens: written, ..plain };
            prop_assert_eq!(rates.of_usage(&mixed), rates.of_usage(&plain));
        }
    }
}
