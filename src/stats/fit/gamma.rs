//! The gamma distribution.

use super::search::maximum;
use super::special::gamma_cdf;
use crate::stats::Sample;

/// Gamma values, by mean and shape; the coefficient of variation is 1 / sqrt(shape).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gamma {
    /// The mean.
    pub mean: f64,
    /// 1 is exponential, less is more variable.
    pub shape: f64,
}

impl Gamma {
    /// The most likely one for positive values. Its mean is the sample's, whatever
    /// the shape; the likelihood of the shape k is then a matter of the mean m and
    /// of the mean logarithm l: k ln(k/m) - ln G(k) + (k - 1) l - k for each value.
    /// `None` for less than two different values.
    pub fn fit(sample: &Sample) -> Option<Self> {
        let (mean, mean_log) = (sample.mean(), sample.mean_of(libm::log));
        if sample.points().len() < 2 || !mean_log.is_finite() {
            return None;
        }
        let likelihood = |log_shape: f64| {
            let shape = libm::exp(log_shape);
            shape * (log_shape - libm::log(mean)) - libm::lgamma(shape) + (shape - 1.0) * mean_log
                - shape
        };
        let shape = libm::exp(maximum(libm::log(1e-4), libm::log(1e6), likelihood));
        Some(Gamma { mean, shape })
    }

    /// The coefficient of variation.
    pub fn cv(&self) -> f64 {
        1.0 / self.shape.sqrt()
    }

    /// The share of values up to `x`.
    pub fn cdf(&self, x: f64) -> f64 {
        gamma_cdf(self.shape, x * self.shape / self.mean)
    }

    /// The logarithm of the density.
    pub fn ln_density(&self, x: f64) -> f64 {
        let rate = self.shape / self.mean;
        self.shape * libm::log(rate) - libm::lgamma(self.shape) + (self.shape - 1.0) * libm::log(x)
            - rate * x
    }
}
