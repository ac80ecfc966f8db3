//! A bandit that mostly asks what was best so far.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::bandit::Arms;
use super::selector::{Select, SelectorSpec};
use crate::cost::{Choice, Lesson};
use crate::kernel::Stream;
use crate::spec::{Fraction, NonNegative};

/// The affordable model with the best mean reward so far, but any of them with
/// probability epsilon (Sutton and Barto, Reinforcement Learning, section 2.2).
/// A reward is the quality of the answer less `cost_weight` times its cost. Models
/// whose answers nobody has rated yet count as perfect, so that each is tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EpsilonGreedySpec {
    /// The share of requests that explore. Default 0.1.
    pub epsilon: Fraction,
    /// Quality that a dollar is worth. Default 0: quality alone counts.
    pub cost_weight: NonNegative,
    /// The share of answers that users rate. Default 1.
    pub feedback: Fraction,
}

impl Default for EpsilonGreedySpec {
    fn default() -> Self {
        EpsilonGreedySpec {
            epsilon: Fraction::percent(10),
            cost_weight: NonNegative::try_from(0.0).expect("0 is not negative"),
            feedback: Fraction::percent(100),
        }
    }
}

impl SelectorSpec for EpsilonGreedySpec {}

#[derive(Clone, Debug)]
pub(in crate::cost) struct EpsilonGreedy {
    epsilon: f64,
    cost_weight: f64,
    arms: Arms,
    stream: Stream,
}

impl EpsilonGreedy {
    pub fn new(spec: &EpsilonGreedySpec, models: usize, mut stream: Stream) -> Self {
        EpsilonGreedy {
            epsilon: spec.epsilon.get(),
            cost_weight: spec.cost_weight.get(),
            arms: Arms::new(models, spec.feedback.get(), &mut stream),
            stream,
        }
    }
}

impl Select for EpsilonGreedy {
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        let (explore, draw) = (self.stream.uniform(), self.stream.uniform());
        if explore < self.epsilon {
            let count = ask.models().count();
            return ask.choice(ask.models().nth((draw * count as f64) as usize)?);
        }
        let mut best = None;
        for model in ask.models() {
            let mut reward = self.arms.of(model).mean.unwrap_or(1.0);
            if self.cost_weight > 0.0 {
                reward -= self.cost_weight * self.arms.cost(model, ask);
            }
            if best.is_none_or(|(most, _)| reward > most) {
                best = Some((reward, model));
            }
        }
        ask.choice(best?.1)
    }

    fn learn(&mut self, lesson: &Lesson) {
        self.arms.learn(lesson);
    }
}
