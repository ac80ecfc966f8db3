//! Arrivals with gamma gaps: more or less bursty than Poisson.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clock::GapClock;
use super::process::ProcessSpec;
use super::rate::{check_rate, default_rate};
use super::renewal::{check_cv, default_cv};
use crate::kernel::{Stream, Time};
use crate::spec::{Positive, Problems, Rate};

/// Gaps of a gamma distribution, given by the rate and the coefficient of
/// variation. Traffic to language models is fitted well by it (`ServeGen`: Xiang et
/// al., 2025, section 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GammaSpec {
    /// Mean rate of requests. Default: 20/s.
    pub rate: Rate,
    /// Standard deviation of the gaps over their mean: 1 is Poisson, more is
    /// burstier. Default: 2.
    pub cv: Positive,
}

impl Default for GammaSpec {
    fn default() -> Self {
        GammaSpec { rate: default_rate(), cv: default_cv() }
    }
}

impl ProcessSpec for GammaSpec {
    fn check(&self, problems: &mut Problems) {
        problems.at("rate", |p| check_rate(self.rate, p));
        problems.at("cv", |p| check_cv(self.cv, p));
    }

    fn at_rate(&self, rate: Rate) -> Option<Self> {
        Some(GammaSpec { rate, ..self.clone() })
    }
}

/// A renewal process with gamma gaps: shape 1/cv^2, mean 1/rate.
#[derive(Clone, Debug)]
pub struct Gamma {
    /// What a variate of scale 1 is multiplied by, in nanoseconds.
    scale_ns: f64,
    variate: GammaVariate,
    clock: GapClock,
}

impl Gamma {
    /// The process of a checked spec.
    pub fn new(spec: &GammaSpec) -> Self {
        let shape = 1.0 / (spec.cv.get() * spec.cv.get());
        let scale_ns = 1e9 / spec.rate.per_sec() / shape;
        Gamma { scale_ns, variate: GammaVariate::new(shape), clock: GapClock::default() }
    }

    /// The next arrival, or `None` when virtual time is at its end.
    #[inline]
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        Some(self.clock.advance(self.variate.draw(stream) * self.scale_ns))
    }
}

/// Gamma variates of scale 1, by squeeze and rejection: Marsaglia and Tsang, "A
/// simple method for generating gamma variables", ACM TOMS 26(3), 2000. A shape
/// below 1 is drawn as that of shape + 1 times U^(1/shape) (their section 6).
///
/// Rejection takes a random number of draws, in which a change of the rate
/// changes nothing, only one of the shape.
#[derive(Clone, Debug)]
pub(crate) struct GammaVariate {
    d: f64,
    c: f64,
    /// 1/shape where that is above 1.
    boost: Option<f64>,
}

impl GammaVariate {
    /// Of this shape, above 0.
    pub(crate) fn new(shape: f64) -> Self {
        let boost = (shape < 1.0).then(|| 1.0 / shape);
        let d = if boost.is_some() { shape + 1.0 } else { shape } - 1.0 / 3.0;
        GammaVariate { d, c: 1.0 / libm::sqrt(9.0 * d), boost }
    }

    #[inline]
    pub(crate) fn draw(&self, stream: &mut Stream) -> f64 {
        let value = loop {
            let x = stream.normal();
            let t = 1.0 + self.c * x;
            let v = t * t * t;
            if t <= 0.0 {
                continue;
            }
            let u = stream.uniform();
            let square = x * x;
            if u < 1.0 - 0.0331 * square * square
                || libm::log(u) < 0.5 * square + self.d * (1.0 - v + libm::log(v))
            {
                break self.d * v;
            }
        };
        match self.boost {
            Some(exponent) => value * libm::pow(stream.uniform(), exponent),
            None => value,
        }
    }
}
