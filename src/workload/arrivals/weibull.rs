//! Arrivals with Weibull gaps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clock::GapClock;
use super::process::ProcessSpec;
use super::rate::{check_rate, default_rate};
use super::renewal::{check_cv, default_cv};
use crate::kernel::{Stream, Time};
use crate::spec::{Positive, Problems, Rate};

/// Gaps of a Weibull distribution, given by the rate and the coefficient of
/// variation; its tail is heavier than that of a gamma distribution of the same
/// CV above 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WeibullSpec {
    /// Mean rate of requests. Default: 20/s.
    pub rate: Rate,
    /// Standard deviation of the gaps over their mean: 1 is Poisson, more is
    /// burstier. Default: 2.
    pub cv: Positive,
}

impl Default for WeibullSpec {
    fn default() -> Self {
        WeibullSpec { rate: default_rate(), cv: default_cv() }
    }
}

impl ProcessSpec for WeibullSpec {
    fn check(&self, problems: &mut Problems) {
        problems.at("rate", |p| check_rate(self.rate, p));
        problems.at("cv", |p| check_cv(self.cv, p));
    }

    fn at_rate(&self, rate: Rate) -> Option<Self> {
        Some(WeibullSpec { rate, ..self.clone() })
    }
}

/// A renewal process with Weibull gaps: `scale x (-ln U)^(1/shape)`.
#[derive(Clone, Debug)]
pub struct Weibull {
    scale_ns: f64,
    /// 1 / shape.
    exponent: f64,
    clock: GapClock,
}

impl Weibull {
    /// The process of a checked spec.
    pub fn new(spec: &WeibullSpec) -> Self {
        let exponent = exponent_of_cv(spec.cv.get());
        let mean_of_unit_scale = libm::tgamma(1.0 + exponent);
        let scale_ns = 1e9 / spec.rate.per_sec() / mean_of_unit_scale;
        Weibull { scale_ns, exponent, clock: GapClock::default() }
    }

    /// The next arrival, or `None` when virtual time is at its end.
    #[inline]
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        let gap = self.scale_ns * libm::pow(stream.exponential(1.0), self.exponent);
        Some(self.clock.advance(gap))
    }
}

/// 1/shape of the Weibull distribution with this coefficient of variation:
/// cv^2 = G(1 + 2x) / G(1 + x)^2 - 1 grows with x = 1/shape, so halving finds it.
fn exponent_of_cv(cv: f64) -> f64 {
    let wanted = libm::log(1.0 + cv * cv);
    let (mut low, mut high) = (1e-6, 64.0);
    for _ in 0..200 {
        let x = f64::midpoint(low, high);
        let log_ratio = libm::lgamma(1.0 + 2.0 * x) - 2.0 * libm::lgamma(1.0 + x);
        *(if log_ratio < wanted { &mut low } else { &mut high }) = x;
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cv_of_1_is_the_exponential_distribution() {
        assert!((exponent_of_cv(1.0) - 1.0).abs() < 1e-12);
        // Shape 1/2: mean 2, variance 24 - 4, cv sqrt(5).
        assert!((exponent_of_cv(5f64.sqrt()) - 2.0).abs() < 1e-12);
    }
}
