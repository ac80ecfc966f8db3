//! Ways of choosing a model, one file each.
//!
//! | selector | chooses |
//! |---|---|
//! | [`utility`](UtilitySpec) | the most quality for the money among models that are good enough (the seed's) |
//! | [`fixed`](FixedSpec) | always the same model |
//!
//! Another one is a file with a spec and a selector, and a line in each of the
//! two enums below.

mod fixed;
mod utility;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use fixed::FixedSpec;
pub use utility::UtilitySpec;

use super::budget::Allowance;
use super::demand::Quality;
use super::{Choice, Demand, ModelId, Price, Rates};
use crate::spec::Problems;
use fixed::Fixed;
use utility::Utility;

/// How a model is chosen for a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SelectSpec {
    /// The highest quality per dollar among affordable models that meet the
    /// quality threshold; if none does, the cheapest affordable one.
    Utility(UtilitySpec),
    /// Always this model: `fixed: gpt-4`. Budgets still hold.
    Fixed(FixedSpec),
}

impl Default for SelectSpec {
    fn default() -> Self {
        SelectSpec::Utility(UtilitySpec::default())
    }
}

impl SelectSpec {
    /// Checks the models that are named; `budgets` says whether there are any.
    pub fn check(&self, models: &[&str], budgets: bool, problems: &mut Problems) {
        match self {
            SelectSpec::Utility(spec) => problems.at("utility", |p| spec.check(models, budgets, p)),
            SelectSpec::Fixed(spec) => problems.at("fixed", |p| spec.check(models, p)),
        }
    }
}

/// A model as selectors see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    /// What estimates of short prompts take.
    rates: Rates,
    /// Prompts of more tenths of a token are looked up in the price.
    long: u64,
    quality: Quality,
}

impl Offer {
    pub fn new(price: &Price, quality: f64) -> Self {
        let (rates, long) = price.short();
        Offer { rates: rates.most(), long, quality: Quality::new(quality) }
    }

    /// Another price.
    pub fn set_price(&mut self, price: &Price) {
        let (rates, long) = price.short();
        (self.rates, self.long) = (rates.most(), long);
    }
}

/// A request for which a model is to be chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    /// All models, by [`ModelId`].
    pub offers: &'a [Offer],
    /// Their prices.
    pub prices: &'a [Price],
    pub demand: &'a Demand,
    /// What the user may spend.
    pub allowance: Allowance,
}

impl Ask<'_> {
    /// The choice of this model, if it exists and is affordable.
    fn choice(&self, model: ModelId) -> Option<Choice> {
        let offer = self.offers.get(model.0 as usize)?;
        let estimate =
            self.rates(model, offer).of(self.demand.input_decitokens, self.demand.most_output());
        self.allowance.pays(estimate).then_some(Choice { model, estimate })
    }

    /// What a model is estimated to cost, in pico-dollars, `u64::MAX` at most.
    #[inline]
    fn picos(&self, model: ModelId, offer: &Offer) -> u64 {
        self.rates(model, offer).picos_of(self.demand.input_decitokens, self.demand.most_output())
    }

    #[inline]
    fn rates(&self, model: ModelId, offer: &Offer) -> Rates {
        let input = self.demand.input_decitokens;
        if input > offer.long {
            self.prices[model.0 as usize].rates(input).most()
        } else {
            offer.rates
        }
    }
}

/// A selector at work.
#[derive(Clone, Debug)]
pub(super) enum Selector {
    Utility(Utility),
    Fixed(Fixed),
}

impl Selector {
    /// The selector of `spec` among models of these names. Names that are not
    /// among them (which [`SelectSpec::check`] refuses) are taken as the first.
    pub fn new(spec: &SelectSpec, models: &[&str]) -> Self {
        match spec {
            SelectSpec::Utility(spec) => Selector::Utility(Utility::new(spec, models)),
            SelectSpec::Fixed(spec) => Selector::Fixed(Fixed::new(spec, models)),
        }
    }

    /// The model for a request, or none that is affordable.
    #[inline]
    pub fn choose(&self, ask: &Ask) -> Option<Choice> {
        match self {
            Selector::Utility(utility) => utility.choose(ask),
            Selector::Fixed(fixed) => fixed.choose(ask),
        }
    }
}

/// The model called `name`.
fn find(models: &[&str], name: &str) -> Option<ModelId> {
    models.iter().position(|model| *model == name).map(|index| ModelId(index as u32))
}
