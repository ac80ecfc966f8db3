//! A request as selectors see it: what each model would cost, and which of them
//! can be paid for.

use super::worth::Worth;
use crate::cost::budget::Allowance;
use crate::cost::demand::Quality;
use crate::cost::quality::Truth;
use crate::cost::{Cached, Choice, Demand, ModelId, Money, Price, SwitchPenaltySpec};
use crate::kernel::Time;

/// A model for sale: what estimates of short prompts take.
#[derive(Clone, Copy, Debug)]
struct Offer {
    input: u64,
    output: u64,
    quality: Quality,
    /// The same from 0 to 1.
    share: f64,
}

/// All models, by [`ModelId`].
#[derive(Clone, Debug)]
pub(in crate::cost) struct Offers {
    models: Vec<Offer>,
    /// The best first; equally good ones in the order of the file.
    by_quality: Vec<ModelId>,
    /// Prompts of more tenths of a token have other rates at one model at least.
    long: u64,
    /// The highest rates of any: they say whether a request is beyond doubt.
    dearest: [u64; 2],
}

impl Offers {
    /// Models at these prices, and how good each is expected to be.
    pub fn new(prices: &[Price], quality: impl Fn(usize) -> f64) -> Self {
        let offer = |model: usize| {
            let quality = Quality::new(quality(model));
            Offer { input: 0, output: 0, quality, share: f64::from(quality.billionths()) / 1e9 }
        };
        let models: Vec<Offer> = (0..prices.len()).map(offer).collect();
        let mut by_quality: Vec<ModelId> = (0..prices.len() as u32).map(ModelId).collect();
        by_quality.sort_by_key(|model| std::cmp::Reverse(models[model.0 as usize].quality));
        let mut offers = Offers { models, by_quality, long: 0, dearest: [0; 2] };
        offers.set_prices(prices);
        offers
    }

    /// Other prices.
    pub fn set_prices(&mut self, prices: &[Price]) {
        (self.long, self.dearest) = (u64::MAX, [0; 2]);
        for (offer, price) in self.models.iter_mut().zip(prices) {
            let (rates, long) = price.short();
            let rates = rates.most();
            (offer.input, offer.output) = (rates.input, rates.output);
            self.long = self.long.min(long);
            let [input, output] = self.dearest;
            self.dearest = [input.max(rates.input), output.max(rates.output)];
        }
    }

    /// What no model's estimate is above, in tenths of a pico-dollar. `None`: the
    /// prompt is long, or 64 bits may not be enough.
    #[inline]
    fn bound(&self, input: u64, output: u64) -> Option<u64> {
        let [dear_input, dear_output] = self.dearest;
        let tenths =
            dear_input.checked_mul(input)?.checked_add(dear_output.checked_mul(output)?)?;
        tenths.checked_add(5).filter(|_| input <= self.long)
    }
}

/// A request for which a model is to be chosen.
#[derive(Clone, Copy, Debug)]
pub(in crate::cost) struct Ask<'a> {
    offers: &'a Offers,
    prices: &'a [Price],
    pub demand: &'a Demand,
    /// What the user may spend.
    pub allowance: Allowance,
    /// The same in pico-dollars, `u64::MAX` at most.
    most: u64,
    pub now: Time,
    /// What routers see a reflection of.
    pub truth: Option<&'a Truth>,
    /// By model: whether it may not be asked; empty where all may.
    closed: &'a [bool],
    /// See [`Offers::bound`]. `None` also where more than the price list decides what a model
    /// would cost.
    bound: Option<u64>,
    /// By model, what its provider has of the prompt; empty where nobody knows.
    cached: &'a [Cached],
    /// Whether money is held for what it costs if nothing of that is left.
    holds: bool,
    /// The conversation's own model, and what others must be better by.
    own: Option<(ModelId, SwitchPenaltySpec)>,
}

impl<'a> Ask<'a> {
    #[inline]
    pub fn new(
        offers: &'a Offers,
        prices: &'a [Price],
        demand: &'a Demand,
        allowance: Allowance,
        now: Time,
    ) -> Self {
        Ask {
            offers,
            prices,
            demand,
            allowance,
            most: allowance.most_picos(),
            now,
            truth: None,
            closed: &[],
            bound: offers.bound(demand.input_decitokens, demand.most_output()),
            cached: &[],
            holds: false,
            own: None,
        }
    }

    /// Where it is known what providers have of the prompt; `holds`: money is held for what
    /// it costs without.
    #[inline]
    pub fn with_cached(self, cached: &'a [Cached], holds: bool) -> Self {
        if cached.is_empty() {
            return self;
        }
        Ask { cached, holds, bound: None, ..self }
    }

    /// Where other models than the conversation's own must be better by a penalty.
    #[inline]
    pub fn with_own(self, own: Option<(ModelId, SwitchPenaltySpec)>) -> Self {
        if own.is_none() {
            return self;
        }
        Ask { own, bound: None, ..self }
    }

    /// Where the truth about answers is known.
    #[inline]
    pub fn with_truth(self, truth: Option<&'a Truth>) -> Self {
        Ask { truth, ..self }
    }

    /// Where some models may not be asked.
    #[inline]
    pub fn without(self, closed: &'a [bool]) -> Self {
        Ask { closed, ..self }
    }

    /// If the user might spend something else.
    #[inline]
    pub fn allowing(self, allowance: Allowance) -> Self {
        Ask { allowance, most: allowance.most_picos(), ..self }
    }

    /// The choice of this model, if it exists and is affordable.
    #[inline]
    pub fn choice(&self, model: ModelId) -> Option<Choice> {
        let offer = self.offers.models.get(model.0 as usize)?;
        let estimate = match self.bound {
            Some(_) => Money::from_picos(self.picos_of_short(offer).into()),
            None => self.long_estimate(model),
        };
        let open = !self.is_closed(model);
        let held = if self.cached.is_empty() { estimate } else { self.dues(model) };
        (open && self.allowance.pays(held)).then_some(Choice::new(model, estimate))
    }

    /// The choice of the conversation's own model: if it is affordable, and as good as the
    /// request itself asks for.
    pub fn stay(&self, model: ModelId) -> Option<Choice> {
        let least = self.demand.quality_threshold.map_or(Quality::WORST, Quality::new);
        let quality = self.offers.models.get(model.0 as usize)?.quality;
        self.choice(model).filter(|_| quality >= least)
    }

    /// What must be affordable, and is held where estimates are: what it costs at most.
    pub fn dues(&self, model: ModelId) -> Money {
        let cached = self.cached.get(model.0 as usize).filter(|it| it.keeps && self.holds);
        match cached {
            Some(cached) => {
                self.prices[model.0 as usize].of_usage(&cached.gone().usage(self.demand))
            }
            None => self.long_estimate(model),
        }
    }

    /// Whether every model is affordable beyond doubt, so that no estimate need be
    /// made to see it.
    #[inline]
    pub fn pays_for_all(&self) -> bool {
        self.bound.is_some_and(|tenths| tenths / 10 <= self.most)
            && self.closed.is_empty()
            && self.allowance != Allowance::Nothing
    }

    /// Shows the affordable models of at least this quality, in the order of the
    /// file. A loop within, not an iterator, keeps them in registers.
    #[inline]
    pub fn each_affordable(&self, least: Quality, mut look: impl FnMut(Worth)) {
        for (offer, index) in self.offers.models.iter().zip(0..) {
            if offer.quality >= least
                && let Some(worth) = self.affordable_worth(ModelId(index), offer)
            {
                look(worth);
            }
        }
    }

    /// The same as an iterator, for what is seldom asked.
    pub fn affordable(&self, least: Quality) -> impl Iterator<Item = Worth> {
        let good = move |worth: &Worth| worth.quality >= least && self.pays_for(worth);
        self.all().filter(good)
    }

    /// The affordable models, in the order of the file; what they cost is not
    /// computed where it does not matter.
    #[inline]
    pub fn models(&self) -> impl Iterator<Item = ModelId> {
        let all = self.pays_for_all();
        let models = (0..self.offers.models.len() as u32).map(ModelId);
        models.filter(move |model| all || self.pays_for(&self.worth(*model)))
    }

    /// The affordable models from the best down, equally good ones in the order of
    /// the file.
    #[inline]
    pub fn best_first(&self) -> impl Iterator<Item = Worth> {
        let offer = |model: &ModelId| &self.offers.models[model.0 as usize];
        let models = self.offers.by_quality.iter();
        models.filter_map(move |model| self.affordable_worth(*model, offer(model)))
    }

    /// All models, affordable or not.
    pub fn all(&self) -> impl Iterator<Item = Worth> {
        (0..self.offers.models.len() as u32).map(|index| self.worth(ModelId(index)))
    }

    /// Whether this model can be paid for and asked.
    #[inline]
    pub fn pays_for(&self, worth: &Worth) -> bool {
        let pays = if self.cached.is_empty() && self.own.is_none() {
            worth.picos <= self.most && self.allowance != Allowance::Nothing
        } else {
            self.allowance.pays(self.dues(worth.model))
        };
        pays && !self.is_closed(worth.model)
    }

    /// A model, affordable or not.
    #[inline]
    pub fn worth(&self, model: ModelId) -> Worth {
        let offer = &self.offers.models[model.0 as usize];
        let picos = match self.bound {
            Some(_) => self.picos_of_short(offer),
            None => self.weighed(model),
        };
        Worth { model, quality: offer.quality, share: offer.share, picos }
    }

    #[inline]
    fn affordable_worth(&self, model: ModelId, offer: &Offer) -> Option<Worth> {
        let worth = match self.bound {
            Some(_) => {
                let picos = self.picos_of_short(offer);
                Worth { model, quality: offer.quality, share: offer.share, picos }
            }
            None => self.worth(model),
        };
        self.pays_for(&worth).then_some(worth)
    }

    #[inline]
    fn is_closed(&self, model: ModelId) -> bool {
        self.closed.get(model.0 as usize).copied().unwrap_or(false)
    }

    /// An estimate, rounded half up to the pico-dollar. The bound holds, so that
    /// nothing overflows.
    #[inline]
    fn picos_of_short(&self, offer: &Offer) -> u64 {
        let (input, output) = (self.demand.input_decitokens, self.demand.most_output());
        (offer.input * input + offer.output * output + 5) / 10
    }

    /// An estimate as selectors see it.
    #[cold]
    fn weighed(&self, model: ModelId) -> u64 {
        let picos = self.long_estimate(model).picos().try_into().unwrap_or(u64::MAX);
        match self.own {
            Some((own, penalty)) if own != model => penalty.on(picos),
            _ => picos,
        }
    }

    #[cold]
    fn long_estimate(&self, model: ModelId) -> Money {
        if let Some(cached) = self.cached.get(model.0 as usize).filter(|it| it.keeps) {
            return self.prices[model.0 as usize].of_usage(&cached.usage(self.demand));
        }
        let input = self.demand.input_decitokens;
        self.prices[model.0 as usize].rates(input).most().of(input, self.demand.most_output())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cost::select::worth::{best, cheapest};
    use crate::cost::{PriceSpec, UserId};

    proptest! {
        /// However a request is looked at, estimates are those of the price list, what
        /// is affordable is what the definition says, and so are the best and the
        /// cheapest. Long prompts, and products beyond 64 bits, are among them.
        #[test]
        fn offers_are_the_prices_and_the_allowance(
            models in prop::collection::vec((0_u32..9, 0_u32..9, 0_u32..=4), 1..8),
            scale in prop::sample::select(vec![1e-12, 1e-6, 100.0]),
            (input, output) in (0_u64..4000, 0_u32..400),
            factor in prop::sample::select(vec![1_u64, 1_000_000_000_000]),
            cents in prop::option::of(0_i64..2000),
            closed in prop::collection::vec(any::<bool>(), 8),
            closes: bool,
            least in 0_u32..=4,
        ) {
            let price = |(input, output, _): &(u32, u32, u32)| {
                let yaml = format!(
                    "{{ input: {:.12}, output: {:.12}, above: [ {{ tokens: 200, input: {:.12} }} ] }}",
                    f64::from(*input) * scale, f64::from(*output) * scale, f64::from(*input) * scale * 2.0,
                );
                serde_yaml::from_str::<PriceSpec>(&yaml).unwrap().price()
            };
            let prices: Vec<Price> = models.iter().map(price).collect();
            let offers = Offers::new(&prices, |model| f64::from(models[model].2) / 4.0);
            let demand = Demand::new(UserId(0), input.saturating_mul(factor), output);
            let allowance = cents.map_or(Allowance::Unlimited, |cents| {
                Allowance::Left(Money::from_picos(i128::from(cents) * 10_i128.pow(10)))
            });
            let closed = &closed[..if closes { models.len() } else { 0 }];
            let ask = Ask::new(&offers, &prices, &demand, allowance, Time::ZERO).without(closed);

            let estimate = |model: usize| {
                prices[model].rates(demand.input_decitokens).most()
                    .of(demand.input_decitokens, demand.most_output())
            };
            let open = |model: &usize| !closed.get(*model).copied().unwrap_or(false);
            let pays = |model: &usize| allowance.pays(estimate(*model));
            let expected: Vec<usize> = (0..models.len()).filter(open).filter(pays).collect();
            let index = |model: ModelId| model.0 as usize;
            prop_assert_eq!(&ask.models().map(index).collect::<Vec<_>>(), &expected);
            prop_assert!(!ask.pays_for_all() || expected.len() == models.len());
            for model in 0..models.len() {
                let choice = ask.choice(ModelId(model as u32));
                let expected = expected.contains(&model).then(|| estimate(model));
                prop_assert_eq!(choice.map(|it| it.estimate), expected);
            }
            let least_quality = Quality::new(f64::from(least) / 4.0);
            let good: Vec<usize> =
                expected.iter().copied().filter(|model| models[*model].2 >= least).collect();
            let mut looked = Vec::new();
            ask.each_affordable(least_quality, |worth| looked.push(index(worth.model)));
            prop_assert_eq!(&looked, &good);
            let all = ask.affordable(least_quality).map(|worth| index(worth.model));
            prop_assert_eq!(&all.collect::<Vec<_>>(), &good);
            // Beyond 64 bits of pico-dollars all are equally dear.
            let picos = |model: &usize| estimate(*model).picos().min(u64::MAX.into());
            let found = cheapest(&ask, least_quality).map(|worth| index(worth.model));
            prop_assert_eq!(found, good.iter().copied().min_by_key(picos));
            let rank = |model: &usize| (std::cmp::Reverse(models[*model].2), picos(model));
            let found = best(&ask).map(|worth| index(worth.model));
            prop_assert_eq!(found, expected.iter().copied().min_by_key(rank));
        }
    }
}
