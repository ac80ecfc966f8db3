//! How similar prompts are: the two distributions of the model of intents. What
//! their defaults were fitted to, and how well, is in `docs/semantic.md`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::normal_quantile;
use crate::spec::{NonNegative, Positive, Problems};

/// Similarity of two phrasings of one intent: its logit is normal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SameSpec {
    /// The median, between 0 and 1. Default: 0.94.
    pub median: Positive,
    /// The standard deviation of the logit. Default: 0.82.
    pub sigma: NonNegative,
}

impl Default for SameSpec {
    fn default() -> Self {
        SameSpec {
            median: Positive::try_from(0.94).expect("positive"),
            sigma: NonNegative::try_from(0.82).expect("not negative"),
        }
    }
}

impl SameSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.median.get() >= 1.0 {
            problems.at("median", |p| p.error("expected a number between 0 and 1"));
        }
    }
}

/// Similarity of prompts of two intents: skew-normal, cut to -1..1, in a world
/// that is more crowded around some intents than around others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DifferentSpec {
    /// The skew-normal's location, from -1 to 1. Default: 0.0135.
    pub location: f64,
    /// Its scale, from 0.001 to 10. Default: 0.2444.
    pub scale: Positive,
    /// Its shape: 0 is normal, larger has a longer tail of similar pairs.
    /// Default: 3.52.
    pub shape: f64,
    /// How unequal the density of neighbours is: an intent has as many as if
    /// there were `c` times as many entries, and `c` is lognormal with a mean of
    /// 1 and this standard deviation of its logarithm. Default: 1.2.
    pub crowding: NonNegative,
}

impl Default for DifferentSpec {
    fn default() -> Self {
        DifferentSpec {
            location: 0.0135,
            scale: Positive::try_from(0.2444).expect("positive"),
            shape: 3.52,
            crowding: NonNegative::try_from(1.2).expect("not negative"),
        }
    }
}

impl DifferentSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        if !(-1.0..=1.0).contains(&self.location) {
            problems.at("location", |p| p.error("expected a number from -1 to 1"));
        }
        if !(0.001..=10.0).contains(&self.scale.get()) {
            problems.at("scale", |p| p.error("expected a number from 0.001 to 10"));
        }
        if !(-100.0..=100.0).contains(&self.shape) {
            problems.at("shape", |p| p.error("expected a number from -100 to 100"));
        }
        if self.crowding.get() > 5.0 {
            problems.at("crowding", |p| p.error("expected a number from 0 to 5"));
        }
    }
}

/// The logit-normal distribution of [`SameSpec`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Same {
    mu: f64,
    sigma: f64,
}

impl Same {
    pub fn new(spec: &SameSpec) -> Self {
        let median = spec.median.get();
        Same { mu: libm::log(median / (1.0 - median)), sigma: spec.sigma.get() }
    }

    /// The similarity below which a share `p` of all lie.
    #[inline]
    pub fn quantile(&self, p: f64) -> f64 {
        1.0 / (1.0 + libm::exp(-(self.mu + self.sigma * normal_quantile(p))))
    }
}

/// Cells of the table of a skew-normal's tail.
const CELLS: usize = 8192;

/// The distribution of [`DifferentSpec`], by its upper tail.
#[derive(Clone, Debug)]
pub(super) struct Different {
    /// The share of pairs that are more similar than -1 + 2 i / `CELLS`.
    tail: Vec<f64>,
    crowding: f64,
}

impl Different {
    pub fn new(spec: &DifferentSpec) -> Self {
        let density = |x: f64| {
            let z = (x - spec.location) / spec.scale.get();
            libm::exp(-z * z / 2.0) * libm::erfc(-spec.shape * z * std::f64::consts::FRAC_1_SQRT_2)
        };
        let place = |i: f64| -1.0 + 2.0 * i / CELLS as f64;
        let mut tail = vec![0.0; CELLS + 1];
        // Simpson's rule, summed from the top so that small tails are exact.
        for i in (0..CELLS).rev() {
            let i_f = i as f64;
            let (left, right) = (density(place(i_f)), density(place(i_f + 1.0)));
            tail[i] = tail[i + 1] + left + 4.0 * density(place(i_f + 0.5)) + right;
        }
        let whole = tail[0];
        for share in &mut tail {
            *share /= whole;
        }
        Different { tail, crowding: spec.crowding.get() }
    }

    /// How crowded it is around an intent whose place in the world is `p`, uniform
    /// on (0, 1).
    #[inline]
    pub fn crowd(&self, p: f64) -> f64 {
        if self.crowding == 0.0 {
            return 1.0;
        }
        libm::exp(self.crowding * normal_quantile(p) - self.crowding * self.crowding / 2.0)
    }

    /// The similarity that a share `t` of an intent's neighbours exceed, where it
    /// is `crowd` times as crowded as usual: F(x)^crowd = 1 - t.
    #[inline]
    pub fn exceeded_by(&self, t: f64, crowd: f64) -> f64 {
        let t = -libm::expm1(libm::log1p(-t) / crowd);
        // The first place whose tail is under t lies above the similarity.
        let above = self.tail.partition_point(|share| *share >= t).clamp(1, CELLS);
        let (high, low) = (self.tail[above - 1], self.tail[above]);
        let within = if high > low { (high - t) / (high - low) } else { 0.0 };
        (2.0 * (above as f64 - 1.0 + within) / CELLS as f64 - 1.0).clamp(-1.0, 1.0)
    }

    /// The share of an intent's neighbours that exceed `similarity`.
    #[inline]
    pub fn share_above(&self, similarity: f64, crowd: f64) -> f64 {
        let place = f64::midpoint(similarity.clamp(-1.0, 1.0), 1.0) * CELLS as f64;
        let cell = (place as usize).min(CELLS - 1);
        let within = place - cell as f64;
        let t = self.tail[cell] + within * (self.tail[cell + 1] - self.tail[cell]);
        -libm::expm1(crowd * libm::log1p(-t.min(1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(quantile: impl Fn(f64) -> f64) -> (f64, f64) {
        let n = 100_000;
        let values: Vec<f64> =
            (0..n).map(|i| quantile((f64::from(i) + 0.5) / f64::from(n))).collect();
        let mean = values.iter().sum::<f64>() / f64::from(n);
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
        (mean, variance.sqrt())
    }

    #[test]
    fn phrasings_are_as_similar_as_the_fitted_pairs() {
        let same = Same::new(&SameSpec::default());
        let (mean, sd) = moments(|p| same.quantile(p));
        assert!((mean - 0.923).abs() < 0.001 && (sd - 0.060).abs() < 0.0015, "{mean} {sd}");
        assert!((same.quantile(0.5) - 0.94).abs() < 1e-12);
    }

    #[test]
    fn random_pairs_are_as_similar_as_the_fitted_ones() {
        let different = Different::new(&DifferentSpec::default());
        let (mean, sd) = moments(|p| different.exceeded_by(p, 1.0));
        assert!((mean - 0.202).abs() < 0.002 && (sd - 0.157).abs() < 0.002, "{mean} {sd}");
        // scipy.stats.skewnorm.sf, divided by cdf(1), at (3.52, 0.0135, 0.2444).
        for (x, share) in [(0.7, 4.913e-3), (0.8, 1.235e-3), (0.9, 2.320e-4), (0.95, 7.286e-5)] {
            let got = different.share_above(x, 1.0);
            assert!((got / share - 1.0).abs() < 5e-3, "{x}: {got}, {share}");
        }
    }

    #[test]
    fn the_tail_and_its_inverse_agree() {
        let different = Different::new(&DifferentSpec::default());
        for crowd in [0.1, 1.0, 7.0] {
            for t in [0.5, 0.01, 1e-4, 1e-6, 1e-9] {
                let back = different.share_above(different.exceeded_by(t, crowd), crowd);
                assert!((back / t - 1.0).abs() < 1e-6, "{t} with {crowd}: {back}");
            }
        }
        assert_eq!(different.share_above(1.0, 1.0), 0.0);
        assert!((different.share_above(-1.0, 1.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn crowds_have_a_mean_of_one() {
        let different = Different::new(&DifferentSpec::default());
        let mean = moments(|p| different.crowd(p)).0;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
    }
}
