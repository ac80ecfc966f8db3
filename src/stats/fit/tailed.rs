//! A lognormal body with a Pareto tail.

use super::Lognormal;
use crate::stats::{Point, Sample};

/// Where the tail may begin: shares of the sample that are longer.
const TAILS: [f64; 12] = [0.3, 0.25, 0.2, 0.16, 0.13, 0.1, 0.08, 0.06, 0.05, 0.04, 0.02, 0.01];
const ROUNDS: usize = 40;

/// Lognormal values, and a share after Pareto: (min/x)^alpha of these are longer
/// than x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tailed {
    /// The body.
    pub body: Lognormal,
    /// The share of the tail.
    pub tail: f64,
    /// Where the tail begins.
    pub min: f64,
    /// How fast the tail thins out; above 1, else it has no mean.
    pub alpha: f64,
}

impl Tailed {
    /// The most likely of those whose tail begins at one of a few quantiles: for
    /// each, expectation and maximisation in turn (A. Dempster, N. Laird, D. Rubin:
    /// Maximum likelihood from incomplete data via the EM algorithm. Journal of the
    /// Royal Statistical Society B 39(1), 1977). `None` where no tail helps.
    pub fn fit(sample: &Sample) -> Option<Self> {
        let body = Lognormal::fit(sample)?;
        let likelihood = |law: &Tailed| sample.log_likelihood(|x| law.cdf(x));
        TAILS
            .iter()
            .filter_map(|share| Self::from(sample, body, *share))
            .map(|law| (likelihood(&law), law))
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, law)| law)
    }

    fn from(sample: &Sample, body: Lognormal, share: f64) -> Option<Self> {
        let min = sample.quantile(1.0 - share);
        let mut law = Tailed { body, tail: share / 2.0, min, alpha: 2.0 };
        for _ in 0..ROUNDS {
            law = law.improved(sample)?;
        }
        (law.alpha > 1.0 && law.tail > 1e-4 && law.tail < 0.9).then_some(law)
    }

    /// One round: which part of each value is of the tail, then the most likely
    /// parts.
    fn improved(&self, sample: &Sample) -> Option<Self> {
        let (mut tail, mut logs) = (0.0, 0.0);
        let (mut body, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for point in sample.points() {
            let of_tail = self.tail_part(point);
            let (count, log) = (point.count as f64, libm::log(point.value));
            tail += count * of_tail;
            logs += count * of_tail * (log - libm::log(self.min));
            let rest = count * (1.0 - of_tail);
            body += rest;
            sum += rest * log;
            squares += rest * log * log;
        }
        let mu = sum / body;
        let variance = squares / body - mu * mu;
        let sound = variance > 1e-9 && logs > 0.0;
        sound.then(|| Tailed {
            body: Lognormal { mu, sigma: variance.sqrt() },
            tail: tail / (tail + body),
            min: self.min,
            alpha: tail / logs,
        })
    }

    fn tail_part(&self, point: &Point) -> f64 {
        if point.value < self.min {
            return 0.0;
        }
        let pareto = self.alpha / self.min * libm::pow(self.min / point.value, self.alpha + 1.0);
        let tail = self.tail * pareto;
        tail / (tail + (1.0 - self.tail) * libm::exp(self.body.ln_density(point.value)))
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        let pareto = self.min * self.alpha / (self.alpha - 1.0);
        (1.0 - self.tail) * self.body.mean() + self.tail * pareto
    }

    /// The coefficient of variation; infinite for an alpha of 2 or less.
    pub fn cv(&self) -> f64 {
        if self.alpha <= 2.0 {
            return f64::INFINITY;
        }
        let body = libm::exp(2.0 * (self.body.mu + self.body.sigma * self.body.sigma));
        let pareto = self.min * self.min * self.alpha / (self.alpha - 2.0);
        let square = (1.0 - self.tail) * body + self.tail * pareto;
        (square / (self.mean() * self.mean()) - 1.0).sqrt()
    }

    /// The share of values up to `x`.
    pub fn cdf(&self, x: f64) -> f64 {
        let pareto = if x <= self.min { 0.0 } else { 1.0 - libm::pow(self.min / x, self.alpha) };
        (1.0 - self.tail) * self.body.cdf(x) + self.tail * pareto
    }
}
