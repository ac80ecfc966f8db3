//! The seed's selector: the most quality for the money.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::selector::{Known, Select, SelectorSpec, find};
use super::worth::{Worth, cheapest};
use crate::cost::budget::Allowance;
use crate::cost::demand::Quality;
use crate::cost::{Choice, ModelId};
use crate::spec::{Fraction, Problems};

/// The seed's fallback.
const FALLBACK: &str = "gpt-3.5";

/// Quality per dollar: estimate = (input tokens + `max_tokens`) x price,
/// utility = quality / estimate. The highest utility wins among affordable
/// models that meet the threshold, the first in the file among equals. If none
/// meets the threshold, the cheapest affordable model does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UtilitySpec {
    /// The least quality that will do where a request names none. Default 0.8.
    pub quality_threshold: Fraction,
    /// The model of users who have no budget while others have one; no limit
    /// holds for them. Default: `gpt-3.5` if there is one, else the first model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

impl Default for UtilitySpec {
    fn default() -> Self {
        let threshold = Fraction::try_from(0.8).expect("0.8 is from 0 to 1");
        UtilitySpec { quality_threshold: threshold, fallback: None }
    }
}

impl SelectorSpec for UtilitySpec {
    fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        let Some(fallback) = &self.fallback else { return };
        problems.at("fallback", |p| {
            if !known.models.contains(&fallback.as_str()) {
                p.unknown("model", fallback, known.models.iter().copied());
            } else if !known.budgets {
                p.warn("the fallback is for users without a budget, but there are no budgets");
            }
        });
    }
}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Utility {
    threshold: Quality,
    fallback: ModelId,
}

impl Utility {
    pub fn new(spec: &UtilitySpec, models: &[&str]) -> Self {
        let name = spec.fallback.as_deref().unwrap_or(FALLBACK);
        Utility {
            threshold: Quality::new(spec.quality_threshold.get()),
            fallback: find(models, name).unwrap_or_default(),
        }
    }
}

impl Select for Utility {
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        if ask.allowance == Allowance::NoBudget {
            return ask.choice(self.fallback);
        }
        let threshold = ask.demand.quality_threshold.map_or(self.threshold, Quality::new);
        let best = most_useful(ask, threshold).or_else(|| cheapest(ask, Quality::WORST))?;
        ask.choice(best.model)
    }
}

/// The affordable model of the highest utility among those good enough.
#[inline]
fn most_useful(ask: &Ask, threshold: Quality) -> Option<Worth> {
    let mut best: Option<Worth> = None;
    ask.each_affordable(threshold, |worth| {
        if best.is_none_or(|best| worth.beats(&best)) {
            best = Some(worth);
        }
    });
    best
}

impl Worth {
    /// Whether its utility is higher. Quotients are compared by cross-multiplied
    /// whole numbers, so that equals are equal on every machine.
    #[inline]
    fn beats(&self, other: &Worth) -> bool {
        if self.picos == 0 || other.picos == 0 {
            return self.beats_where_free(other);
        }
        let times = |quality: Quality, picos| u128::from(quality.billionths()) * u128::from(picos);
        times(self.quality, other.picos) > times(other.quality, self.picos)
    }

    /// What is free has an infinite utility; of two such, the better model's is
    /// the higher (as it is for any small price).
    #[cold]
    fn beats_where_free(&self, other: &Worth) -> bool {
        let rank = |worth: &Worth| (worth.picos == 0, worth.quality);
        rank(self) > rank(other)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Offers;
    use super::*;
    use crate::cost::{Demand, Money, Price, UserId};
    use crate::kernel::Time;

    /// Models of (picos a token, quality).
    fn offers(models: &[(i128, f64)]) -> (Vec<Price>, Offers) {
        let price = |(picos, _): &(i128, f64)| Price::per_token(Money::from_picos(*picos));
        let prices: Vec<Price> = models.iter().map(price).collect();
        let offers = Offers::new(&prices, &[], |model| models[model].1);
        (prices, offers)
    }

    /// The index of the model chosen for one token.
    fn chosen(models: &[(i128, f64)], threshold: Option<f64>, allowance: Allowance) -> Option<u32> {
        let demand = Demand { quality_threshold: threshold, ..Demand::new(UserId(0), 0, 1) };
        let mut selector = Utility::new(&UtilitySpec::default(), &["a", "gpt-3.5", "c"]);
        let (prices, offers) = offers(models);
        let ask = Ask::new(&offers, &prices, &demand, allowance, Time::ZERO);
        selector.choose(&ask).map(|choice| choice.model.0)
    }

    fn left(picos: i128) -> Allowance {
        Allowance::Left(Money::from_picos(picos))
    }

    const THREE: [(i128, f64); 3] = [(300, 0.95), (20, 0.85), (1, 0.75)];

    #[test]
    fn the_request_s_threshold_comes_before_the_selector_s() {
        assert_eq!(chosen(&THREE, None, Allowance::Unlimited), Some(1));
        assert_eq!(chosen(&THREE, Some(0.9), Allowance::Unlimited), Some(0));
        assert_eq!(chosen(&THREE, Some(0.75), Allowance::Unlimited), Some(2));
    }

    #[test]
    fn the_cheapest_affordable_stands_in_when_none_is_good_enough() {
        assert_eq!(chosen(&THREE, Some(0.99), Allowance::Unlimited), Some(2));
        assert_eq!(chosen(&THREE, Some(0.9), left(299)), Some(2));
        assert_eq!(chosen(&[(7, 0.1), (5, 0.1), (5, 0.2)], None, Allowance::Unlimited), Some(1));
    }

    #[test]
    fn money_to_the_last_unit_is_enough_and_one_less_is_not() {
        assert_eq!(chosen(&THREE, Some(0.9), left(300)), Some(0));
        assert_eq!(chosen(&THREE, None, left(1)), Some(2));
        assert_eq!(chosen(&THREE, None, left(0)), None);
        assert_eq!(chosen(&[], None, Allowance::Unlimited), None);
    }

    #[test]
    fn a_user_without_a_budget_gets_the_fallback_whatever_it_costs() {
        assert_eq!(chosen(&THREE, Some(0.9), Allowance::NoBudget), Some(1));
        let spec = UtilitySpec { fallback: Some("c".to_owned()), ..UtilitySpec::default() };
        assert_eq!(Utility::new(&spec, &["a", "b", "c"]).fallback, ModelId(2));
        assert_eq!(Utility::new(&UtilitySpec::default(), &["a", "b"]).fallback, ModelId(0));
    }

    #[test]
    fn of_equal_utilities_the_first_wins() {
        // In doubles 0.6 / 3 is below 0.2 / 1 by the last bit.
        assert_eq!(chosen(&[(1, 0.2), (3, 0.6)], Some(0.0), Allowance::Unlimited), Some(0));
        assert_eq!(chosen(&[(3, 0.6), (1, 0.2)], Some(0.0), Allowance::Unlimited), Some(0));
        assert_eq!(
            chosen(&[(3, 0.6), (1, 0.200_000_001)], Some(0.0), Allowance::Unlimited),
            Some(1)
        );
    }

    #[test]
    fn what_is_free_beats_what_is_not_and_the_better_of_two_free_wins() {
        assert_eq!(chosen(&[(1, 1.0), (0, 0.8)], None, left(9)), Some(1));
        assert_eq!(chosen(&[(0, 0.8), (0, 0.9), (0, 0.9)], None, left(9)), Some(1));
        assert_eq!(chosen(&[(0, 0.0), (1, 1.0)], Some(0.0), left(9)), Some(0));
        assert_eq!(chosen(&THREE, None, left(0)), None);
        assert_eq!(chosen(&[(5, 0.9), (0, 0.1)], None, left(0)), Some(1));
    }

    #[test]
    fn an_absurd_estimate_is_exact_and_no_more_affordable_than_others() {
        // 2^64 / 10 tokens at $1000: beyond 64 bits of pico-dollars.
        let (prices, offers) = offers(&[(1_000_000_000_000_000, 1.0)]);
        let demand = Demand::new(UserId(0), u64::MAX, 0);
        let mut selector = Utility::new(&UtilitySpec::default(), &["a"]);
        let mut choose = |allowance| {
            selector.choose(&Ask::new(&offers, &prices, &demand, allowance, Time::ZERO))
        };
        let estimate = Money::from_picos(1_844_674_407_370_955_161_500_000_000_000_000);
        assert_eq!(choose(Allowance::Unlimited), Some(Choice::new(ModelId(0), estimate)));
        assert_eq!(choose(Allowance::Left(estimate)), Some(Choice::new(ModelId(0), estimate)));
        assert_eq!(choose(Allowance::Left(estimate - Money::from_picos(1))), None);
    }

    proptest! {
        /// Against the definition, word for word, in rationals.
        #[test]
        fn the_choice_is_the_one_defined(
            models in prop::collection::vec((0_i128..50, 0_u32..=20), 1..8),
            threshold in 0_u32..=20,
            purse in 0_i128..60,
        ) {
            let twentieths = |n: u32| f64::from(n) / 20.0;
            let priced: Vec<_> = models.iter().map(|&(p, q)| (p, twentieths(q))).collect();
            let affordable: Vec<usize> = (0..models.len()).filter(|&i| models[i].0 <= purse).collect();
            let good = affordable.iter().copied().filter(|&i| models[i].1 >= threshold);
            // With next to nothing added to each estimate, nothing is divided by 0.
            let utility = |i: usize| f64::from(models[i].1) / (models[i].0 as f64 + 1e-12);
            let best = good.rev().max_by(|&a, &b| {
                let (a, b) = (utility(a), utility(b));
                if (a - b).abs() <= 1e-9 * a.max(b) { std::cmp::Ordering::Equal } else { a.total_cmp(&b) }
            });
            let cheapest = affordable.iter().copied().min_by_key(|&i| models[i].0);
            let expected = best.or(cheapest).map(|i| i as u32);
            prop_assume!(best.is_none_or(|best| models[best].0 > 0 || models[best].1 > 0));
            prop_assert_eq!(chosen(&priced, Some(twentieths(threshold)), left(purse)), expected);
        }
    }
}
