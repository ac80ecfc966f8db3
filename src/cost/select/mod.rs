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
//! Another one is a file with a spec and a selector, and a line in the list of
//! this one.

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

use super::quality::Truth;
use super::{Choice, Lesson, ModelId};
use crate::kernel::Streams;
use crate::spec::{Fraction, Problems};
use best::Best;
use cascade::Cascade;
use cheapest::Cheapest;
use epsilon_greedy::EpsilonGreedy;
use fastest::Fastest;
use fixed::Fixed;
use floor::Floor;
use pacing::Pacing;
use random::Random;
use thompson::Thompson;
use threshold::Threshold;
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
    /// The cheapest affordable model that meets the quality threshold.
    Cheapest(CheapestSpec),
    /// The best affordable model.
    Best(BestSpec),
    /// The fastest affordable model that is good enough.
    Fastest(FastestSpec),
    /// A model drawn by weight.
    Random(RandomSpec),
    /// The strong model for prompts whose score is above a threshold, the weak
    /// one for the others.
    Threshold(ThresholdSpec),
    /// One model after the other, until a judge accepts the answer.
    Cascade(CascadeSpec),
    /// The model that was best so far; now and then any of them.
    EpsilonGreedy(EpsilonGreedySpec),
    /// Each model as often as it may be the best.
    Thompson(ThompsonSpec),
    /// So that a budget is spent evenly.
    Pacing(PacingSpec),
    /// The least cost at which the mean quality is high enough.
    Floor(FloorSpec),
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
            SelectSpec::Random(spec) => problems.at("random", |p| spec.check(models, p)),
            SelectSpec::Threshold(spec) => problems.at("threshold", |p| spec.check(models, p)),
            SelectSpec::Cascade(spec) => problems.at("cascade", |p| spec.check(models, p)),
            SelectSpec::Pacing(spec) => problems.at("pacing", |p| spec.check(p)),
            SelectSpec::Floor(spec) => problems.at("floor", |p| spec.check(p)),
            SelectSpec::Cheapest(_)
            | SelectSpec::Best(_)
            | SelectSpec::Fastest(_)
            | SelectSpec::EpsilonGreedy(_)
            | SelectSpec::Thompson(_) => {}
        }
    }

    /// Whether it means nothing unless answers can be right or wrong.
    pub(super) fn needs_quality(&self) -> bool {
        matches!(self, SelectSpec::Threshold(_) | SelectSpec::Cascade(_))
    }

    /// Checks the difficulties that are named.
    pub(super) fn check_difficulties(&self, names: &[&str], problems: &mut Problems) {
        if let SelectSpec::Threshold(spec) = self {
            problems.at("threshold", |p| spec.check_difficulties(names, p));
        }
    }
}

/// A selector at work.
#[derive(Clone, Debug)]
pub(super) enum Selector {
    Utility(Utility),
    Fixed(Fixed),
    Cheapest(Cheapest),
    Best(Best),
    Fastest(Fastest),
    Random(Random),
    Threshold(Threshold),
    Cascade(Cascade),
    EpsilonGreedy(EpsilonGreedy),
    Thompson(Thompson),
    Pacing(Pacing),
    Floor(Floor),
}

impl Selector {
    /// The selector of `spec` among models of these names. Names that are not
    /// among them (which [`SelectSpec::check`] refuses) are taken as the first.
    pub fn new(
        spec: &SelectSpec,
        models: &[&str],
        difficulties: &[&str],
        truth: Option<&Truth>,
        streams: &Streams,
    ) -> Self {
        let count = models.len();
        let mut stream = streams.stream("cost.select");
        match spec {
            SelectSpec::Utility(spec) => Selector::Utility(Utility::new(spec, models)),
            SelectSpec::Fixed(spec) => Selector::Fixed(Fixed::new(spec, models)),
            SelectSpec::Cheapest(spec) => Selector::Cheapest(Cheapest::new(spec)),
            SelectSpec::Best(spec) => Selector::Best(Best::new(spec)),
            SelectSpec::Fastest(spec) => Selector::Fastest(Fastest::new(spec, count, stream)),
            SelectSpec::Random(spec) => Selector::Random(Random::new(spec, models, stream)),
            SelectSpec::Threshold(spec) => {
                Selector::Threshold(Threshold::new(spec, models, difficulties, truth, &mut stream))
            }
            SelectSpec::Cascade(spec) => Selector::Cascade(Cascade::new(spec, models, &mut stream)),
            SelectSpec::EpsilonGreedy(spec) => {
                Selector::EpsilonGreedy(EpsilonGreedy::new(spec, count, stream))
            }
            SelectSpec::Thompson(spec) => Selector::Thompson(Thompson::new(spec, count, stream)),
            SelectSpec::Pacing(spec) => Selector::Pacing(Pacing::new(spec)),
            SelectSpec::Floor(spec) => Selector::Floor(Floor::new(spec)),
        }
    }

    /// The model for a request, or none that is affordable.
    #[inline]
    pub fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        match self {
            Selector::Utility(utility) => utility.choose(ask),
            Selector::Fixed(fixed) => fixed.choose(ask),
            Selector::Cheapest(cheapest) => cheapest.choose(ask),
            Selector::Best(best) => best.choose(ask),
            Selector::Fastest(fastest) => fastest.choose(ask),
            Selector::Random(random) => random.choose(ask),
            Selector::Threshold(threshold) => threshold.choose(ask),
            Selector::Cascade(cascade) => cascade.choose(ask),
            Selector::EpsilonGreedy(bandit) => bandit.choose(ask),
            Selector::Thompson(bandit) => bandit.choose(ask),
            Selector::Pacing(pacing) => pacing.choose(ask),
            Selector::Floor(floor) => floor.choose(ask),
        }
    }

    /// Tells it what became of an answer.
    #[inline]
    pub fn learn(&mut self, lesson: &Lesson) {
        match self {
            Selector::Fastest(fastest) => fastest.learn(lesson),
            Selector::EpsilonGreedy(bandit) => bandit.learn(lesson),
            Selector::Thompson(bandit) => bandit.learn(lesson),
            Selector::Pacing(pacing) => pacing.learn(lesson),
            _ => {}
        }
    }

    /// What the judge of a cascade says of an answer.
    #[inline]
    pub fn judge(&self, request: u64, attempt: u32, right: bool) -> Option<Verdict> {
        match self {
            Selector::Cascade(cascade) => cascade.judge(request, attempt, right),
            _ => None,
        }
    }
}

/// The model called `name`.
fn find(models: &[&str], name: &str) -> Option<ModelId> {
    models.iter().position(|model| *model == name).map(|index| ModelId(index as u32))
}

/// The seed's least quality.
fn default_threshold() -> Fraction {
    Fraction::percent(80)
}

fn check_model(name: &str, models: &[&str], problems: &mut Problems) {
    if !models.contains(&name) {
        problems.unknown("model", name, models.iter().copied());
    }
}
