//! Ways of choosing a model, one file each.
//!
//! | selector | chooses |
//! |---|---|
//! | [`utility`](UtilitySpec) | the most quality for the money among models that are good enough (the seed's) |
//! | [`fixed`](FixedSpec) | always the same model |
//! | [`cheapest`](CheapestSpec) | the cheapest model that is good enough |
//! | [`best`](BestSpec) | the best model that is affordable |
//! | [`fastest`](FastestSpec) | the fastest, or the cheapest within an SLO, by measured latency |
//! | [`random`](RandomSpec) | by weight |
//! | [`threshold`](ThresholdSpec) | a strong model for prompts that score as hard (`RouteLLM`) |
//! | [`cascade`](CascadeSpec) | cheap models first, dearer ones if a judge is not content (`FrugalGPT`) |
//! | [`epsilon_greedy`](EpsilonGreedySpec) | what was best so far, now and then any other |
//! | [`thompson`](ThompsonSpec) | each as often as it may be the best |
//! | [`pacing`](PacingSpec) | so that a budget lasts to its end |
//! | [`floor`](FloorSpec) | the least cost for a mean quality over a window |
//!
//! To add one: a file with its spec, a `SelectorSpec`, and its selector, a `Select`;
//! and a line in the list below.

#[macro_use]
mod list;

mod ask;
mod bandit;
mod best;
mod cascade;
mod cheapest;
mod epsilon_greedy;
mod fastest;
mod fixed;
mod floor;
mod pacing;
mod random;
mod selector;
mod thompson;
mod threshold;
mod utility;
mod worth;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use best::BestSpec;
pub use cascade::{CascadeSpec, JudgeSpec, Verdict};
pub use cheapest::CheapestSpec;
pub use epsilon_greedy::EpsilonGreedySpec;
pub use fastest::FastestSpec;
pub use fixed::FixedSpec;
pub use floor::FloorSpec;
pub use pacing::PacingSpec;
pub use random::RandomSpec;
pub use thompson::ThompsonSpec;
pub use threshold::ThresholdSpec;
pub use utility::UtilitySpec;

pub(super) use ask::{Ask, Offers};
pub(super) use selector::Among;

use super::{Choice, Lesson};
use crate::spec::Problems;
use best::Best;
use cascade::Cascade;
use cheapest::Cheapest;
use epsilon_greedy::EpsilonGreedy;
use fastest::Fastest;
use fixed::Fixed;
use floor::Floor;
use pacing::Pacing;
use random::Random;
use selector::{Known, Select, SelectorSpec};
use thompson::Thompson;
use threshold::Threshold;
use utility::Utility;

selectors! { spec, among;
    /// The highest quality per dollar among affordable models that meet the
    /// quality threshold; if none does, the cheapest affordable one.
    "utility": Utility(UtilitySpec) => Utility::new(spec, among.models);
    /// Always this model: `fixed: gpt-4`. Budgets still hold.
    "fixed": Fixed(FixedSpec) => Fixed::new(spec, among.models);
    /// The cheapest affordable model that meets the quality threshold.
    "cheapest": Cheapest(CheapestSpec) => Cheapest::new(spec);
    /// The best affordable model.
    "best": Best(BestSpec) => Best::new(spec);
    /// The fastest affordable model that is good enough.
    "fastest": Fastest(FastestSpec) => Fastest::new(spec, among.models.len(), among.stream);
    /// A model drawn by weight.
    "random": Random(RandomSpec) => Random::new(spec, among.models, among.stream);
    /// The strong model for prompts whose score is above a threshold, the weak
    /// one for the others.
    "threshold": Threshold(ThresholdSpec) => Threshold::new(spec, &mut among);
    /// One model after the other, until a judge accepts the answer.
    "cascade": Cascade(CascadeSpec) => Cascade::new(spec, among.models, &mut among.stream);
    /// The model that was best so far; now and then any of them.
    "epsilon_greedy": EpsilonGreedy(EpsilonGreedySpec) =>
        EpsilonGreedy::new(spec, among.models.len(), among.stream);
    /// Each model as often as it may be the best.
    "thompson": Thompson(ThompsonSpec) => Thompson::new(spec, among.models.len(), among.stream);
    /// So that a budget is spent evenly.
    "pacing": Pacing(PacingSpec) => Pacing::new(spec);
    /// The least cost at which the mean quality is high enough.
    "floor": Floor(FloorSpec) => Floor::new(spec);
}

impl SelectSpec {
    /// Whether it asks one model after the other.
    pub(super) fn is_cascade(&self) -> bool {
        matches!(self, SelectSpec::Cascade(_))
    }

    /// Whether what a request would cost at each model decides which is chosen.
    pub(super) fn looks_at_estimates(&self) -> bool {
        matches!(
            self,
            SelectSpec::Utility(_)
                | SelectSpec::Cheapest(_)
                | SelectSpec::Pacing(_)
                | SelectSpec::Floor(_)
        )
    }
}

impl Default for SelectSpec {
    fn default() -> Self {
        SelectSpec::Utility(UtilitySpec::default())
    }
}

impl Selector {
    /// What the judge of a cascade says of an answer.
    #[inline]
    pub fn judge(&self, request: u64, attempt: u32, right: bool) -> Option<Verdict> {
        match self {
            Selector::Cascade(cascade) => cascade.judge(request, attempt, right),
            _ => None,
        }
    }
}
