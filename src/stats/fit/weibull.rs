//! The Weibull distribution.

use super::search::maximum;
use crate::stats::Sample;

/// Weibull values, by mean and shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weibull {
    /// The mean.
    pub mean: f64,
    /// 1 is exponential, less is more variable.
    pub shape: f64,
}

impl Weibull {
    /// The most likely shape for positive values at the sample's mean: arrivals
    /// should come as often as they did, which the most likely scale does not
    /// grant. `None` for less than two different values.
    pub fn fit(sample: &Sample) -> Option<Self> {
        let mean = sample.mean();
        if sample.points().len() < 2 || !sample.mean_of(libm::log).is_finite() {
            return None;
        }
        let likelihood = |log_shape: f64| {
            let law = Weibull { mean, shape: libm::exp(log_shape) };
            sample.mean_of(|x| law.ln_density(x))
        };
        let shape = libm::exp(maximum(libm::log(0.05), libm::log(50.0), likelihood));
        Some(Weibull { mean, shape })
    }

    /// The coefficient of variation.
    pub fn cv(&self) -> f64 {
        let x = 1.0 / self.shape;
        let ratio = libm::lgamma(1.0 + 2.0 * x) - 2.0 * libm::lgamma(1.0 + x);
        libm::expm1(ratio).sqrt()
    }

    fn scale(&self) -> f64 {
        self.mean / libm::tgamma(1.0 + 1.0 / self.shape)
    }

    /// The share of values up to `x`.
    pub fn cdf(&self, x: f64) -> f64 {
        -libm::expm1(-libm::pow(x.max(0.0) / self.scale(), self.shape))
    }

    /// The logarithm of the density.
    pub fn ln_density(&self, x: f64) -> f64 {
        let scaled = x / self.scale();
        libm::log(self.shape / self.scale()) + (self.shape - 1.0) * libm::log(scaled)
            - libm::pow(scaled, self.shape)
    }
}
