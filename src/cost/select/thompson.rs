//! A bandit that asks each model as often as it may be the best.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Ask;
use super::bandit::Arms;
use super::worth::affordable;
use crate::cost::{Choice, Lesson};
use crate::kernel::Stream;
use crate::spec::{Fraction, NonNegative};
use crate::workload::arrivals::GammaVariate;

/// Thompson sampling (Thompson, Biometrika 1933; Chapelle and Li, 2011): for each
/// affordable model a quality is drawn from what is believed of it, a beta
/// distribution that begins uniform, and the highest reward wins: the quality
/// drawn less `cost_weight` times the model's mean cost. Its regret grows with
/// the logarithm of the requests, as little as any bandit's can (Kaufmann, Korda
/// and Munos, ALT 2012).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ThompsonSpec {
    /// Quality that a dollar is worth. Default 0: quality alone counts.
    pub cost_weight: NonNegative,
    /// The share of answers that users rate. Default 1.
    pub feedback: Fraction,
}

impl Default for ThompsonSpec {
    fn default() -> Self {
        ThompsonSpec {
            cost_weight: NonNegative::try_from(0.0).expect("0 is not negative"),
            feedback: Fraction::percent(100),
        }
    }
}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Thompson {
    cost_weight: f64,
    arms: Arms,
    stream: Stream,
}

impl Thompson {
    pub fn new(spec: &ThompsonSpec, models: usize, mut stream: Stream) -> Self {
        let arms = Arms::new(models, spec.feedback.get(), &mut stream);
        Thompson { cost_weight: spec.cost_weight.get(), arms, stream }
    }

    pub fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        let mut best = None;
        for worth in affordable(ask, |_| true) {
            let arm = self.arms.of(worth.model);
            let (good, bad) = (1.0 + arm.quality, 1.0 + arm.rated - arm.quality);
            let reward =
                beta(good, bad, &mut self.stream) - self.cost_weight * arm.cost(worth.picos);
            if best.is_none_or(|(most, _)| reward > most) {
                best = Some((reward, worth.model));
            }
        }
        ask.choice(best?.1)
    }

    pub fn learn(&mut self, lesson: &Lesson) {
        self.arms.learn(lesson);
    }
}

/// A beta variate: X / (X + Y) for gamma variates of these shapes.
fn beta(a: f64, b: f64, stream: &mut Stream) -> f64 {
    let x = GammaVariate::new(a).draw(stream);
    let y = GammaVariate::new(b).draw(stream);
    x / (x + y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn beta_variates_have_their_mean_and_variance() {
        let mut stream = Streams::new(3, 0).stream("beta");
        for (a, b) in [(1.0, 1.0), (3.0, 7.0), (400.0, 100.0)] {
            let draws: Vec<f64> = (0..40_000).map(|_| beta(a, b, &mut stream)).collect();
            let mean = draws.iter().sum::<f64>() / 40_000.0;
            let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 40_000.0;
            let expected = a * b / ((a + b) * (a + b) * (a + b + 1.0));
            assert!((mean - a / (a + b)).abs() < 3.3 * libm::sqrt(expected / 40_000.0), "{a} {b}");
            assert!((variance / expected - 1.0).abs() < 0.04, "{a} {b}");
        }
    }
}
