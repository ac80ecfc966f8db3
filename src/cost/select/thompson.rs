//! A bandit that asks each model as often as it may be the best.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::bandit::Arms;
use super::selector::{Select, SelectorSpec};
use crate::cost::{Choice, Lesson, ModelId};
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

impl SelectorSpec for ThompsonSpec {}

/// The bandit draws from no more beliefs than it has to: of a model that is hardly
/// the best it only draws whether it is. See [`Belief::draw_above`].
#[derive(Clone, Debug)]
pub(in crate::cost) struct Thompson {
    cost_weight: f64,
    arms: Arms,
    /// By model, what its quality is believed to be.
    beliefs: Vec<Belief>,
    /// The model that won last: one that is hard to beat.
    last: ModelId,
    stream: Stream,
}

impl Thompson {
    pub fn new(spec: &ThompsonSpec, models: usize, mut stream: Stream) -> Self {
        let arms = Arms::new(models, spec.feedback.get(), &mut stream);
        Thompson {
            cost_weight: spec.cost_weight.get(),
            arms,
            beliefs: vec![Belief::new(0.0, 0.0); models],
            last: ModelId(0),
            stream,
        }
    }

    /// What is taken off a model's quality for its cost.
    #[inline]
    fn price(&self, model: ModelId, ask: &Ask) -> f64 {
        if self.cost_weight > 0.0 { self.cost_weight * self.arms.cost(model, ask) } else { 0.0 }
    }
}

impl Select for Thompson {
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        let last = self.last;
        let first = ask.models().find(|model| *model == last).or_else(|| ask.models().next())?;
        let price = self.price(first, ask);
        let drawn = self.beliefs[first.0 as usize].draw(&mut self.stream);
        let (mut best, mut reward, mut bar) = (first, drawn - price, Bar::new(drawn));
        for model in ask.models().filter(|model| *model != first) {
            let price = self.price(model, ask);
            let belief = &self.beliefs[model.0 as usize];
            if let Some(drawn) = belief.draw_above(reward + price, &bar, &mut self.stream) {
                (best, reward, bar) = (model, drawn - price, Bar::new(drawn));
            }
        }
        self.last = best;
        ask.choice(best)
    }

    fn learn(&mut self, lesson: &Lesson) {
        if self.arms.learn(lesson) {
            let arm = self.arms.of(lesson.model);
            let belief = Belief::new(arm.quality, arm.rated - arm.quality);
            self.beliefs[lesson.model.0 as usize] = belief;
        }
    }
}

/// A beta distribution of density `x^good (1 - x)^bad / beta`.
#[derive(Clone, Copy, Debug)]
struct Belief {
    good: f64,
    bad: f64,
    log_beta: f64,
}

/// A quality that was drawn, and logarithms of it.
#[derive(Clone, Copy, Debug)]
struct Bar {
    at: f64,
    log: f64,
    log_rest: f64,
}

impl Bar {
    fn new(at: f64) -> Self {
        Bar { at, log: libm::log(at), log_rest: libm::log1p(-at) }
    }
}

impl Belief {
    /// After answers that were good and bad.
    fn new(good: f64, bad: f64) -> Self {
        let log_gamma = |x: f64| libm::lgamma(x + 1.0);
        Belief {
            good,
            bad,
            log_beta: log_gamma(good) + log_gamma(bad) - log_gamma(good + bad + 1.0),
        }
    }

    /// A variate: X / (X + Y) for gamma variates.
    fn draw(&self, stream: &mut Stream) -> f64 {
        if self.good + self.bad == 0.0 {
            return stream.uniform();
        }
        let x = GammaVariate::new(self.good + 1.0).draw(stream);
        let y = GammaVariate::new(self.bad + 1.0).draw(stream);
        x / (x + y)
    }

    /// A variate if it is above `least`; what it is otherwise does not matter.
    ///
    /// The logarithm of the density is concave: above `least` the density is below
    /// the exponential that touches it there, which falls if `least` is beyond the
    /// mode. With the probability that lies under the exponential a candidate is
    /// drawn from it, and accepted as often as the density is of it: rejection
    /// sampling of the tail alone (Devroye, Non-Uniform Random Variate Generation,
    /// 1986, section II.3). Most often one uniform variate says that there is none,
    /// without a logarithm: `bar` is near `least`, and the tangent there is an
    /// upper bound too.
    #[inline]
    fn draw_above(&self, least: f64, bar: &Bar, stream: &mut Stream) -> Option<f64> {
        if least >= 1.0 {
            return None;
        }
        // The density falls by `-slope` of itself per unit.
        let slope = self.good / least - self.bad / (1.0 - least);
        if least <= 0.0 || slope >= 0.0 {
            return Some(self.draw(stream)).filter(|drawn| *drawn > least);
        }
        let beyond = least - bar.at;
        let tangent = self.good * (bar.log + beyond / bar.at)
            + self.bad * (bar.log_rest - beyond / (1.0 - bar.at));
        let draw = stream.uniform();
        if log_below(draw) >= tangent - self.log_beta - log_below(-slope) {
            return None;
        }
        self.draw_tail(least, slope, draw, stream)
    }

    /// The same with exact logarithms.
    fn draw_tail(&self, least: f64, slope: f64, draw: f64, stream: &mut Stream) -> Option<f64> {
        let log_density =
            |x: f64| self.good * libm::log(x) + self.bad * libm::log1p(-x) - self.log_beta;
        let at_least = log_density(least);
        let log_mass = at_least - libm::log(-slope);
        if log_mass >= 0.0 {
            return Some(self.draw(stream)).filter(|drawn| *drawn > least);
        }
        let log_draw = libm::log(draw);
        if log_draw >= log_mass {
            return None;
        }
        // Given that it is below the mass, `draw` over the mass is uniform again.
        let candidate = least + (log_draw - log_mass) / slope;
        let accepted = candidate < 1.0
            && libm::log(stream.uniform())
                < log_density(candidate) - at_least - slope * (candidate - least);
        accepted.then_some(candidate)
    }
}

/// A lower bound of the logarithm of a positive number: that of the power of two
/// below it.
#[inline]
fn log_below(x: f64) -> f64 {
    ((x.to_bits() >> 52) as i64 - 1023) as f64 * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn beliefs_have_the_mean_and_variance_of_a_beta_distribution() {
        let mut stream = Streams::new(3, 0).stream("beta");
        for (a, b) in [(1.0, 1.0), (3.0, 7.0), (400.0, 100.0)] {
            let belief = Belief::new(a - 1.0, b - 1.0);
            let draws: Vec<f64> = (0..40_000).map(|_| belief.draw(&mut stream)).collect();
            let mean = draws.iter().sum::<f64>() / 40_000.0;
            let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 40_000.0;
            let expected = a * b / ((a + b) * (a + b) * (a + b + 1.0));
            assert!((mean - a / (a + b)).abs() < 3.3 * libm::sqrt(expected / 40_000.0), "{a} {b}");
            assert!((variance / expected - 1.0).abs() < 0.04, "{a} {b}");
        }
    }

    /// How often a variate is above a bar, and its mean there, against plain
    /// variates, of which those below are thrown away.
    #[test]
    fn tails_are_those_of_plain_variates() {
        let mut stream = Streams::new(5, 0).stream("tail");
        let count = 200_000;
        for (good, bad, least, bar) in [
            (0.0, 0.0, 0.7, 0.7),
            (2.0, 9.0, 0.35, 0.3),
            (30.0, 10.0, 0.8, 0.82),
            (30.0, 10.0, 0.76, 0.7),
            (800.0, 200.5, 0.81, 0.83),
            (0.0, 5.0, 0.3, 0.3),
            (5.0, 0.0, 0.95, 0.5),
        ] {
            let belief = Belief::new(good, bad);
            let bar = Bar::new(bar);
            let moments = |drawn: Vec<f64>| {
                let number = drawn.len() as f64;
                (number / f64::from(count), drawn.iter().sum::<f64>() / number, number)
            };
            let plain = moments(
                (0..count).map(|_| belief.draw(&mut stream)).filter(|x| *x > least).collect(),
            );
            let tail = moments(
                (0..count).filter_map(|_| belief.draw_above(least, &bar, &mut stream)).collect(),
            );
            let sd = libm::sqrt(2.0 * plain.0 * (1.0 - plain.0) / f64::from(count));
            let case = format!("{good} {bad} above {least}: {plain:?} {tail:?}");
            assert!((plain.0 - tail.0).abs() < 3.3 * sd, "{case}");
            // A tail is no wider than its mean distance from the bar, or uniform.
            let width = 1.2 * (plain.1 - least);
            assert!((plain.1 - tail.1).abs() < 3.3 * width * libm::sqrt(2.0 / plain.2), "{case}");
        }
    }
}
