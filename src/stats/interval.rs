//! Confidence intervals over independent replications.

use super::moments::Moments;
use super::student::student_t_quantile;

/// A mean and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanCi {
    /// The mean of the values; NaN if there are none.
    pub mean: f64,
    /// Half the width of the interval around the mean; NaN for fewer than two
    /// values, which say nothing of their spread.
    pub half_width: f64,
}

impl MeanCi {
    /// Whether `value` is within the interval.
    pub fn contains(&self, value: f64) -> bool {
        (value - self.mean).abs() <= self.half_width
    }
}

/// The mean of `values` with Student's two-sided 95 % interval. What is no finite number
/// among the values (a run in which nothing was measured, or that divided by nothing) is
/// skipped: the mean and the interval are those of the others, by their number.
///
/// ```
/// use windtunnel::stats::mean_ci95;
///
/// let ci = mean_ci95(&[9.0, 10.0, 11.0, f64::NAN]);
/// assert_eq!(ci.mean, 10.0);
/// assert!((ci.half_width - 4.302_652_729_749_5 / 3f64.sqrt()).abs() < 1e-12);
/// ```
pub fn mean_ci95(values: &[f64]) -> MeanCi {
    mean_ci(values, 0.95)
}

/// A width of less than this share of the mean comes from rounding.
const ROUNDING: f64 = 1e-12;

/// As [`mean_ci95`], for another confidence `level` within (0, 1).
pub fn mean_ci(values: &[f64], level: f64) -> MeanCi {
    let moments: Moments = values.iter().copied().filter(|value| value.is_finite()).collect();
    let n = moments.count() as f64;
    // NaN for fewer than two values, as the variance is.
    let standard_error = (moments.variance() / n).sqrt();
    let t = student_t_quantile(f64::midpoint(1.0, level), n - 1.0);
    let (mean, half_width) = (moments.mean(), t * standard_error);
    // Values that differ by rounding only are alike.
    let half_width = if half_width < ROUNDING * mean.abs() { 0.0 } else { half_width };
    MeanCi { mean, half_width }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by contract")]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn fewer_than_two_values_have_no_interval() {
        assert!(mean_ci95(&[]).mean.is_nan() && mean_ci95(&[]).half_width.is_nan());
        let one = mean_ci95(&[3.0, f64::NAN, f64::INFINITY]);
        assert!(one.mean == 3.0 && one.half_width.is_nan() && !one.contains(3.0));
        assert!(mean_ci95(&[2.0, 2.0]).half_width == 0.0);
    }

    #[test]
    fn nineteen_of_twenty_intervals_hold_the_true_mean() {
        let mut stream = Streams::new(1, 0).stream("normal");
        let trials = 4000;
        let hits = (0..trials)
            .filter(|_| {
                let values: Vec<f64> = (0..5).map(|_| 7.0 + stream.normal()).collect();
                mean_ci95(&values).contains(7.0)
            })
            .count();
        // Four standard deviations of a binomial.
        assert!((hits as f64 / f64::from(trials) - 0.95).abs() < 0.014, "{hits}");
    }
}
