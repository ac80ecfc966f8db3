//! The exponential distribution.

use crate::stats::Sample;

/// Exponential values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    /// The mean.
    pub mean: f64,
}

impl Exponential {
    /// The most likely one: of the sample's mean. `None` unless that is positive.
    pub fn fit(sample: &Sample) -> Option<Self> {
        let mean = sample.mean();
        (mean > 0.0).then_some(Exponential { mean })
    }

    /// The share of values up to `x`.
    pub fn cdf(&self, x: f64) -> f64 {
        -libm::expm1(-x.max(0.0) / self.mean)
    }

    /// The logarithm of the density.
    pub fn ln_density(&self, x: f64) -> f64 {
        -x / self.mean - libm::log(self.mean)
    }
}
