//! A law that was fitted, and how far it is off.

use crate::stats::Sample;
use crate::stats::fit::{aic, quantile};

/// The quantiles that are compared.
pub(super) const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// Points of a curve.
const POINTS: usize = 200;

/// A distribution function: values and the shares up to them.
pub type Curve = Vec<(f64, f64)>;

/// What was fitted: one quantity, and all candidates for it.
#[derive(Clone, Debug)]
pub struct Part {
    /// `gaps` (in seconds), `input` or `output` (in tokens).
    pub name: &'static str,
    /// The candidates.
    pub candidates: Vec<Candidate>,
    /// Which of them was taken.
    pub chosen: usize,
    /// Why.
    pub why: String,
    /// The sample's own figures.
    pub measured: Figures,
    /// The sample's distribution function.
    pub curve: Curve,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// The mean.
    pub mean: f64,
    /// The coefficient of variation.
    pub cv: f64,
    /// The 50th, 90th and 99th percentile.
    pub quantiles: [f64; 3],
}

/// A law with the parameters that fit best.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The law's name in the experiment file.
    pub law: String,
    /// Its parameters, in words.
    pub parameters: String,
    /// How many of them were fitted.
    pub fitted: u32,
    /// The logarithm of its likelihood.
    pub log_likelihood: f64,
    /// Akaike's criterion: the least is best.
    pub aic: f64,
    /// The distance of Kolmogorov and Smirnov.
    pub ks: f64,
    /// Its own figures.
    pub figures: Figures,
    /// Its distribution function at the values of the sample's.
    pub curve: Curve,
}

/// A law in numbers.
pub(super) struct Law<'a> {
    pub name: &'a str,
    pub parameters: String,
    /// How many of them were fitted.
    pub fitted: u32,
    pub log_likelihood: f64,
    pub mean: f64,
    pub cv: f64,
    pub cdf: &'a dyn Fn(f64) -> f64,
}

impl Law<'_> {
    /// Compares the law with a sample.
    pub fn against(self, sample: &Sample) -> Candidate {
        let at = |p| quantile(self.cdf, p, self.mean);
        let value = |(value, _): &(f64, f64)| (*value, (self.cdf)(*value));
        Candidate {
            law: self.name.to_owned(),
            parameters: self.parameters,
            fitted: self.fitted,
            log_likelihood: self.log_likelihood,
            aic: aic(self.log_likelihood, self.fitted),
            ks: sample.ks(self.cdf),
            figures: Figures { mean: self.mean, cv: self.cv, quantiles: QUANTILES.map(at) },
            curve: curve(sample).iter().map(value).collect(),
        }
    }
}

/// A sample's own figures.
pub(super) fn measured(sample: &Sample) -> Figures {
    Figures {
        mean: sample.mean(),
        cv: sample.cv(),
        quantiles: QUANTILES.map(|p| sample.quantile(p)),
    }
}

/// A sample's distribution function, at two hundred of its values or fewer.
pub(super) fn curve(sample: &Sample) -> Curve {
    let mut curve = Curve::new();
    let (mut seen, mut next) = (0, 0.0);
    for point in sample.points() {
        seen += point.count;
        let share = seen as f64 / sample.total() as f64;
        // The lowest and every half per cent.
        if share >= next {
            curve.push((point.upto, share));
            next = share + 1.0 / POINTS as f64;
        }
    }
    if let Some(last) = sample.points().last()
        && curve.last().is_none_or(|(value, _)| *value < last.upto)
    {
        curve.push((last.upto, 1.0));
    }
    curve
}

/// Candidates whose criterion is within this of the least are hardly worse (K.
/// Burnham, D. Anderson: Model Selection and Multimodel Inference, 2002, section 2.6).
const HARDLY_WORSE: f64 = 10.0;

/// The simplest of the candidates that are hardly worse than the best by Akaike's
/// criterion, and of equally simple ones the best.
pub(super) fn best(candidates: &[Candidate]) -> Option<usize> {
    let least = candidates.iter().map(|law| law.aic).fold(f64::INFINITY, f64::min);
    let near = candidates.iter().enumerate().filter(|(_, law)| law.aic <= least + HARDLY_WORSE);
    let order =
        |a: &Candidate, b: &Candidate| a.fitted.cmp(&b.fitted).then(a.aic.total_cmp(&b.aic));
    near.min_by(|(_, a), (_, b)| order(a, b)).map(|(i, _)| i)
}
