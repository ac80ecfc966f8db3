//! A router between a weak and a strong model by a score of each prompt.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::selector::{Among, Known, Select, SelectorSpec, check_model, find};
use crate::cost::quality::Truth;
use crate::cost::{Choice, ModelId};
use crate::kernel::{Keyed, normal_quantile};
use crate::spec::{Fraction, Problems};

/// A router as in `RouteLLM` (Ong et al., ICLR 2025): each prompt gets a score
/// from 0 to 1, the probability that it is hard, and goes to the strong model if
/// the score is at least the threshold.
///
/// The router's skill is its AUC, as its makers measure it: the probability that
/// a hard prompt scores higher than an easy one. Behind the score is a normal
/// variate of standard deviation 1 whose mean is `sqrt(2) x quantile(auc)` higher
/// for hard prompts (the binormal model; Green and Swets, 1966); the score is
/// Bayes' posterior, so that it is calibrated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdSpec {
    /// The cheap model.
    pub weak: String,
    /// The good model.
    pub strong: String,
    /// The score from which the strong model answers: 0 sends all to it, 1 none.
    /// Default 0.5.
    #[serde(default = "half")]
    pub threshold: Fraction,
    /// How well scores tell hard prompts from easy ones: 0.5 is chance, 1 is
    /// never wrong. Default 0.8.
    #[serde(default = "default_auc")]
    pub auc: Fraction,
    /// The difficulties that are hard: those that the score is about. Default:
    /// the last one of `cost.quality`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hard: Vec<String>,
}

fn half() -> Fraction {
    Fraction::percent(50)
}

fn default_auc() -> Fraction {
    Fraction::percent(80)
}

impl SelectorSpec for ThresholdSpec {
    const NEEDS_QUALITY: bool = true;

    fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        problems.at("weak", |p| check_model(&self.weak, known.models, p));
        problems.at("strong", |p| check_model(&self.strong, known.models, p));
        if self.auc.get() < 0.5 {
            problems.at("auc", |p| p.error("a router below 0.5 is worse than chance"));
        }
    }

    fn check_difficulties(&self, names: &[&str], problems: &mut Problems) {
        problems.at("hard", |p| {
            for (index, name) in self.hard.iter().enumerate() {
                if !names.contains(&name.as_str()) {
                    p.at(index, |p| p.unknown("difficulty", name, names.iter().copied()));
                }
            }
        });
    }
}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Threshold {
    weak: ModelId,
    strong: ModelId,
    /// By difficulty.
    hard: Vec<bool>,
    /// How much higher the variate of hard prompts is.
    shift: f64,
    /// The variate from which the strong model answers.
    from: f64,
    dice: Keyed,
}

/// An AUC of 1 would be infinitely far.
const FAR: f64 = 12.0;

impl Threshold {
    /// The router of a checked spec, among prompts of these difficulties.
    pub fn new(spec: &ThresholdSpec, among: &mut Among<'_>) -> Self {
        let Among { models, difficulties, truth, .. } = *among;
        let last = difficulties.len().saturating_sub(1);
        let is_hard = |(index, name): (usize, &&str)| {
            if spec.hard.is_empty() {
                index == last
            } else {
                spec.hard.iter().any(|hard| hard == name)
            }
        };
        let hard: Vec<bool> = difficulties.iter().enumerate().map(is_hard).collect();
        let share = |truth: &Truth| -> f64 {
            hard.iter().enumerate().filter(|(_, hard)| **hard).map(|(i, _)| truth.share(i)).sum()
        };
        let prior = truth.map_or(0.5, share);
        let shift = (libm::sqrt(2.0) * normal_quantile(spec.auc.get())).clamp(0.0, FAR);
        Threshold {
            weak: find(models, &spec.weak).unwrap_or_default(),
            strong: find(models, &spec.strong).unwrap_or_default(),
            from: variate_of(spec.threshold.get(), prior, shift),
            hard,
            shift,
            dice: Keyed::new(&mut among.stream),
        }
    }
}

impl Select for Threshold {
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        let difficulty = ask.truth.map_or(0, |truth| truth.difficulty(ask.demand.prompt));
        let hard = self.hard.get(difficulty).copied().unwrap_or(false);
        let noise = normal_quantile(self.dice.uniform_of_two(ask.demand.prompt, 0));
        let variate = if hard { noise + self.shift } else { noise };
        let (first, second) =
            if variate >= self.from { (self.strong, self.weak) } else { (self.weak, self.strong) };
        ask.choice(first).or_else(|| ask.choice(second))
    }
}

/// The variate at which the posterior of being hard is `score`: the log odds of
/// the score are those of the prior plus `shift x variate - shift^2 / 2`.
fn variate_of(score: f64, prior: f64, shift: f64) -> f64 {
    let logit = |p: f64| libm::log(p / (1.0 - p));
    if shift <= 0.0 {
        // Every prompt has the prior's score.
        return if score <= prior { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    (logit(score) - logit(prior)) / shift + shift / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_of_the_prior_is_half_way_between_the_means() {
        assert!((variate_of(0.3, 0.3, 2.0) - 1.0).abs() < 1e-12);
        assert_eq!(variate_of(0.0, 0.3, 2.0), f64::NEG_INFINITY);
        assert_eq!(variate_of(1.0, 0.3, 2.0), f64::INFINITY);
        assert_eq!(variate_of(0.5, 0.3, 0.0), f64::INFINITY, "chance tells nothing");
        assert_eq!(variate_of(0.2, 0.3, 0.0), f64::NEG_INFINITY);
    }
}
