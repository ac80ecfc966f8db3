//! The lognormal distribution.

use super::special::normal_cdf;
use crate::stats::Sample;

/// exp of a normal variable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lognormal {
    /// Mean of the logarithm.
    pub mu: f64,
    /// Standard deviation of the logarithm.
    pub sigma: f64,
}

impl Lognormal {
    /// The most likely one for positive values: mean and deviation of their
    /// logarithms. `None` for less than two different values.
    pub fn fit(sample: &Sample) -> Option<Self> {
        let mu = sample.mean_of(libm::log);
        let variance = sample.mean_of(|x| (libm::log(x) - mu) * (libm::log(x) - mu));
        (variance > 0.0 && variance.is_finite()).then(|| Lognormal { mu, sigma: variance.sqrt() })
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        libm::exp(self.mu + self.sigma * self.sigma / 2.0)
    }

    /// The share of values up to `x`.
    pub fn cdf(&self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { normal_cdf((libm::log(x) - self.mu) / self.sigma) }
    }

    /// The logarithm of the density.
    pub fn ln_density(&self, x: f64) -> f64 {
        let z = (libm::log(x) - self.mu) / self.sigma;
        -z * z / 2.0 - libm::log(x * self.sigma) - 0.5 * libm::log(std::f64::consts::TAU)
    }
}
