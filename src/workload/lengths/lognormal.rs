//! The lognormal distribution, by its mean and one more figure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::normal_quantile;
use crate::spec::{NonNegative, Positive, Problems};
use crate::workload::incoming::MAX_TOKENS;

/// A measured quantile may lie this much above what any lognormal of that mean
/// reaches; real lengths are never quite lognormal.
const SLACK: f64 = 1.05;

/// Wider ones would never show their mean in a simulation.
const MAX_SIGMA: f64 = 5.0;

/// Lognormal lengths: the mean, and one of a quantile or `sigma`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LognormalSpec {
    /// Mean number of tokens.
    pub mean: Positive,
    /// Median. Give exactly one of `p50`, `p90`, `p95`, `p99`, `sigma`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<Positive>,
    /// The length that 90 % do not exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<Positive>,
    /// The length that 95 % do not exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<Positive>,
    /// The length that 99 % do not exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<Positive>,
    /// Standard deviation of the logarithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma: Option<NonNegative>,
}

/// What a spec's second figure says of sigma.
#[derive(Debug, PartialEq)]
enum Sigma {
    /// This is it.
    Is(f64),
    /// No lognormal has such a quantile, but the one with this sigma, which
    /// reaches the largest, is near.
    Near(f64),
    /// No lognormal is near.
    None,
}

/// Sigma of the lognormal whose quantile at the normal deviate `z` is `ratio`
/// times its mean.
///
/// With mean = exp(mu + sigma^2/2) and quantile = exp(mu + z sigma), ln ratio
/// is z sigma - sigma^2/2: no more than z^2/2, and reached from two sides below
/// that. The narrower one is meant; the other has sigma > z and a median of
/// next to nothing.
fn sigma_of(ratio: f64, z: f64) -> Sigma {
    let log_ratio = libm::log(ratio);
    let square = z * z - 2.0 * log_ratio;
    if z == 0.0 && square > 0.0 {
        Sigma::Is(square.sqrt())
    } else if z == 0.0 || log_ratio <= 0.0 {
        Sigma::None
    } else if square >= 0.0 {
        Sigma::Is(z - square.sqrt())
    } else if ratio <= greatest_ratio(z) * SLACK {
        Sigma::Near(z)
    } else {
        Sigma::None
    }
}

/// The largest ratio of a quantile to the mean: exp(z^2 / 2).
fn greatest_ratio(z: f64) -> f64 {
    libm::exp(z * z / 2.0)
}

impl LognormalSpec {
    /// A lognormal of this mean and sigma.
    pub(in crate::workload) fn of_sigma(mean: f64, sigma: f64) -> Option<Self> {
        let (mean, sigma) = (Positive::try_from(mean).ok()?, NonNegative::try_from(sigma).ok());
        Some(LognormalSpec { mean, p50: None, p90: None, p95: None, p99: None, sigma })
    }

    /// The quantiles that may be given: name, probability, value.
    fn quantiles(&self) -> [(&'static str, f64, Option<Positive>); 4] {
        [
            ("p50", 0.5, self.p50),
            ("p90", 0.9, self.p90),
            ("p95", 0.95, self.p95),
            ("p99", 0.99, self.p99),
        ]
    }

    fn sigma(&self) -> Sigma {
        if let Some(sigma) = self.sigma {
            return Sigma::Is(sigma.get());
        }
        self.quantiles()
            .into_iter()
            .find_map(|(_, p, value)| {
                Some(sigma_of(value?.get() / self.mean.get(), normal_quantile(p)))
            })
            .unwrap_or(Sigma::None)
    }

    /// Reports what is wrong with it.
    pub fn check(&self, problems: &mut Problems) {
        let given = self.quantiles().iter().filter(|(_, _, value)| value.is_some()).count()
            + usize::from(self.sigma.is_some());
        if given != 1 {
            problems.error_help(
                format!("a lognormal needs its mean and one more figure, {given} were given"),
                "give exactly one of p50, p90, p95, p99, sigma",
            );
            return;
        }
        if self.mean.get() > f64::from(MAX_TOKENS) {
            problems.at("mean", |p| {
                p.error(format!(
                    "{} tokens are out of range: expected at most {MAX_TOKENS}",
                    self.mean.get()
                ));
            });
        }
        for (name, p, value) in self.quantiles() {
            if let Some(value) = value {
                problems.at(name, |problems| self.check_quantile(name, p, value.get(), problems));
            }
        }
        if let Sigma::Is(sigma) = self.sigma()
            && sigma > MAX_SIGMA
        {
            problems.error_help(
                format!("with sigma = {sigma:.2} hardly any length is near the mean"),
                format!("expected a sigma of at most {MAX_SIGMA}, or a p50 nearer to the mean"),
            );
        }
    }

    fn check_quantile(&self, name: &str, p: f64, value: f64, problems: &mut Problems) {
        let mean = self.mean.get();
        let z = normal_quantile(p);
        let greatest = greatest_ratio(z);
        match sigma_of(value / mean, z) {
            Sigma::Is(_) => {}
            Sigma::Near(_) => problems.warn(format!(
                "no lognormal with a mean of {mean} has a {name} of {value}: the most is \
                 exp(z^2/2) = {greatest:.3} times the mean; that one, {name} {:.0}, is used",
                greatest * mean
            )),
            Sigma::None if z == 0.0 => problems.error_help(
                format!("a lognormal's p50 is below its mean, {value} is not below {mean}"),
                "expected p50 < mean",
            ),
            Sigma::None if value <= mean => problems.error_help(
                format!("a {name} of {value} is not above the mean of {mean}"),
                format!("expected mean < {name}; sigma: 0 makes all lengths equal"),
            ),
            Sigma::None => problems.error_help(
                format!("no lognormal with a mean of {mean} has a {name} of {value}"),
                format!(
                    "its {name} is at most exp(z^2/2) = {greatest:.3} times its mean, here {:.0}; \
                     give a smaller {name}, another quantile, or sigma",
                    greatest * mean
                ),
            ),
        }
    }

    /// The distribution, or `None` if the spec does not pass its check.
    pub fn distribution(&self) -> Option<Lognormal> {
        match self.sigma() {
            Sigma::Is(sigma) | Sigma::Near(sigma) => {
                let mu = libm::log(self.mean.get()) - sigma * sigma / 2.0;
                Some(Lognormal { mu, sigma })
            }
            Sigma::None => None,
        }
    }
}

/// exp of a normal variable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lognormal {
    /// Mean of the logarithm.
    pub mu: f64,
    /// Standard deviation of the logarithm.
    pub sigma: f64,
}

impl Lognormal {
    /// The value below which a share `p` lies, for p in (0, 1).
    #[inline]
    pub fn quantile(&self, p: f64) -> f64 {
        libm::exp(self.mu + self.sigma * normal_quantile(p))
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        libm::exp(self.mu + self.sigma * self.sigma / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Severity;

    fn spec(yaml: &str) -> LognormalSpec {
        serde_yaml::from_str(yaml).unwrap()
    }

    fn problems(yaml: &str) -> Vec<(Severity, String)> {
        let mut problems = Problems::default();
        spec(yaml).check(&mut problems);
        problems
            .into_list()
            .into_iter()
            .map(|p| (p.severity, format!("{}: {} ({:?})", p.path, p.message, p.help)))
            .collect()
    }

    #[test]
    fn mean_and_quantile_are_met_exactly() {
        for (yaml, p, value) in [
            ("{mean: 211, p90: 424}", 0.9, 424.0),
            ("{mean: 211, p50: 129}", 0.5, 129.0),
            ("{mean: 211, p95: 451}", 0.95, 451.0),
            ("{mean: 1155, p99: 4142}", 0.99, 4142.0),
            ("{mean: 100, p90: 227}", 0.9, 227.0),
        ] {
            assert!(problems(yaml).is_empty(), "{yaml}");
            let it = spec(yaml).distribution().unwrap();
            assert!((it.quantile(p) / value - 1.0).abs() < 1e-12, "{yaml}");
            let mean = spec(yaml).mean.get();
            assert!((it.mean() / mean - 1.0).abs() < 1e-12, "{yaml}");
        }
        let it = spec("{mean: 100, sigma: 0}").distribution().unwrap();
        assert!((it.quantile(0.3) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn a_quantile_that_no_lognormal_reaches_is_explained() {
        for yaml in ["{mean: 100, p90: 300}", "{mean: 100, p95: 500}", "{mean: 100, p99: 1600}"] {
            assert!(problems(yaml)[0].1.contains("exp(z^2/2) = "), "{yaml}");
            assert_eq!(problems(yaml)[0].0, Severity::Error);
            assert_eq!(spec(yaml).distribution(), None);
        }
        assert!(problems("{mean: 100, p90: 300}")[0].1.contains("2.273"));
        assert!(problems("{mean: 100, p90: 90}")[0].1.contains("expected mean < p90"));
        assert!(problems("{mean: 100, p50: 100}")[0].1.contains("expected p50 < mean"));
        assert!(problems("{mean: 1e6, p50: 1}")[0].1.contains("sigma"));
    }

    #[test]
    fn a_measured_quantile_just_out_of_reach_gives_the_nearest_and_a_warning() {
        // The Azure conversation trace's own mean and p90.
        let found = problems("{mean: 1155, p90: 2735}");
        assert_eq!(found[0].0, Severity::Warning);
        assert!(found[0].1.contains("p90 2626"), "{found:?}");
        let it = spec("{mean: 1155, p90: 2735}").distribution().unwrap();
        assert!((it.mean() - 1155.0).abs() < 1e-9);
    }

    #[test]
    fn exactly_one_figure_goes_with_the_mean() {
        assert!(problems("{mean: 5}")[0].1.contains("0 were given"));
        assert!(problems("{mean: 5, p50: 4, sigma: 1}")[0].1.contains("2 were given"));
    }
}
