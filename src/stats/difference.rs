//! Whether two systems differ, and by how much.

use super::interval::mean_ci;
use super::moments::Moments;
use super::scale::{Estimate, Scale};
use super::student::{student_t_quantile, student_t_two_sided};

/// The difference of two means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The mean of the first system.
    pub mean_a: f64,
    /// The mean of the second.
    pub mean_b: f64,
    /// The second's less the first's.
    pub difference: f64,
    /// Half the width of the interval around the difference; NaN where there are too few
    /// values to tell.
    pub half_width: f64,
    /// The probability of such a difference, or a larger one, if there were none; NaN
    /// where there are too few values.
    pub p: f64,
    /// The effect's size: the difference in standard deviations; NaN where there are too
    /// few values.
    pub effect: f64,
}

impl Difference {
    /// The difference with its interval, where the means are on a scale: two shares are at
    /// most 1 apart.
    pub fn ends(&self, scale: Scale) -> Estimate {
        let Difference { difference: mean, half_width: half, .. } = *self;
        let whole = Estimate { mean, low: mean - half, high: mean + half };
        if scale == Scale::Share {
            let [low, high] = [whole.low, whole.high].map(|end| end.clamp(-1.0, 1.0));
            return Estimate { mean, low, high };
        }
        whole
    }
}

/// The difference of systems whose values were measured in pairs, on the same random
/// numbers: Student's t on the differences of the pairs (Law, Simulation Modeling and
/// Analysis, 5th ed., 10.2.1). Pairs with a NaN are left out.
///
/// The effect is Cohen's d for pairs, `mean / standard deviation` of the differences
/// (Cohen, Statistical Power Analysis, 2nd ed., 2.3.5), times Hedges' correction for
/// few pairs, `1 - 3 / (4 df - 1)` (Hedges, J. of Educational Statistics 6(2), 1981).
///
/// ```
/// use windtunnel::stats::paired_difference;
///
/// let found = paired_difference(&[10.0, 20.0, 30.0], &[11.0, 22.0, 33.0], 0.95);
/// assert_eq!(found.difference, 2.0);
/// // t(0.975, 2) x 1 / sqrt(3); p of t = 2 sqrt(3).
/// assert!((found.half_width - 2.484_138).abs() < 1e-6);
/// assert!((found.p - 0.074_180).abs() < 1e-6);
/// ```
pub fn paired_difference(a: &[f64], b: &[f64], level: f64) -> Difference {
    let pairs = || a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan());
    let mean_a: Moments = pairs().map(|(a, _)| *a).collect();
    let mean_b: Moments = pairs().map(|(_, b)| *b).collect();
    let differences: Vec<f64> = pairs().map(|(a, b)| b - a).collect();
    let ci = mean_ci(&differences, level);
    let moments: Moments = differences.iter().copied().collect();
    let df = moments.count() as f64 - 1.0;
    let error = moments.std_dev() / (moments.count() as f64).sqrt();
    Difference {
        mean_a: mean_a.mean(),
        mean_b: mean_b.mean(),
        difference: ci.mean,
        half_width: ci.half_width,
        p: p_value(ci.mean, error, df),
        effect: effect(ci.mean, moments.std_dev(), df),
    }
}

/// The difference of systems that were measured independently, whose variances may
/// differ: Welch's t (Biometrika 34, 1947) with Satterthwaite's degrees of freedom. NaN
/// is left out. The effect is Hedges' g, by the pooled standard deviation.
pub fn welch_difference(a: &[f64], b: &[f64], level: f64) -> Difference {
    let moments = |values: &[f64]| -> Moments {
        values.iter().copied().filter(|value| !value.is_nan()).collect()
    };
    let (a, b) = (moments(a), moments(b));
    let part = |it: &Moments| it.variance() / it.count() as f64;
    let freedom = |it: &Moments| it.count() as f64 - 1.0;
    let variance = part(&a) + part(&b);
    let spread = part(&a).powi(2) / freedom(&a) + part(&b).powi(2) / freedom(&b);
    // Two systems that do not vary at all differ or they do not.
    let pooled_df = freedom(&a) + freedom(&b);
    let df = if variance > 0.0 { variance * variance / spread } else { pooled_df };
    let pooled = (a.variance() * freedom(&a) + b.variance() * freedom(&b)) / pooled_df;
    let difference = b.mean() - a.mean();
    let error = variance.sqrt();
    Difference {
        mean_a: a.mean(),
        mean_b: b.mean(),
        difference,
        half_width: student_t_quantile(f64::midpoint(1.0, level), df) * error,
        p: p_value(difference, error, df),
        effect: effect(difference, pooled.sqrt(), pooled_df),
    }
}

/// Of Student's t, two-sided. A difference that never varies is certain.
fn p_value(difference: f64, error: f64, df: f64) -> f64 {
    if error == 0.0 {
        return if difference == 0.0 { 1.0 } else { 0.0 };
    }
    student_t_two_sided(difference / error, df)
}

fn effect(difference: f64, deviation: f64, df: f64) -> f64 {
    if difference == 0.0 {
        return 0.0;
    }
    // Hedges' correction is an approximation that vanishes at one degree of freedom.
    if df <= 1.0 {
        return f64::NAN;
    }
    (1.0 - 3.0 / (4.0 * df - 1.0)) * difference / deviation
}

/// Holm's adjustment of the probabilities of many tests (Scandinavian J. of Statistics
/// 6(2), 1979): the k-th smallest of m is multiplied by m - k + 1, and none is below a
/// smaller one's. To call a difference real where the adjusted one is below 5 % errs
/// anywhere in the whole table in at most 5 % of tables. NaN stays and counts for
/// nothing.
///
/// ```
/// use windtunnel::stats::holm;
///
/// let adjusted = holm(&[0.01, 0.04, f64::NAN, 0.03]);
/// assert_eq!(adjusted[..2], [0.03, 0.06]);
/// assert_eq!(adjusted[3], 0.06);
/// ```
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> =
        (0..probabilities.len()).filter(|index| !probabilities[*index].is_nan()).collect();
    order.sort_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
    let mut adjusted = probabilities.to_vec();
    let mut largest = 0.0f64;
    for (rank, index) in order.iter().enumerate() {
        let scaled = probabilities[*index] * (order.len() - rank) as f64;
        largest = largest.max(scaled).min(1.0);
        adjusted[*index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn welch_matches_a_worked_example() {
        // Variances 2.5 and 10 of five values each: t = -3 / sqrt(2.5),
        // df = 2.5^2 / (0.5^2 / 4 + 2^2 / 4) = 5.88.
        let found = welch_difference(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 4.0, 6.0, 8.0, 10.0], 0.95);
        assert_eq!(found.difference, 3.0);
        assert!((found.p - 0.107_531).abs() < 1e-5, "{}", found.p);
        assert!((found.half_width - 3.887_86).abs() < 1e-3, "{}", found.half_width);
        // Pooled variance 6.25; J = 1 - 3 / 31.
        assert!((found.effect - 1.2 * (1.0 - 3.0 / 31.0)).abs() < 1e-12);
    }

    #[test]
    fn what_never_varies_differs_for_sure_or_not_at_all() {
        let same = paired_difference(&[1.0, 2.0], &[1.0, 2.0], 0.95);
        assert_eq!((same.difference, same.half_width, same.p, same.effect), (0.0, 0.0, 1.0, 0.0));
        let shifted = paired_difference(&[1.0, 2.0], &[2.0, 3.0], 0.95);
        assert_eq!((shifted.p, shifted.half_width), (0.0, 0.0));
        let one = paired_difference(&[1.0], &[2.0], 0.95);
        assert!(one.difference == 1.0 && one.p.is_nan() && one.half_width.is_nan());
        assert_eq!(welch_difference(&[1.0; 3], &[1.0; 4], 0.95).p, 1.0);
    }

    #[test]
    fn two_shares_are_at_most_one_apart() {
        let found = paired_difference(&[0.1, 0.9], &[0.9, 1.0], 0.95);
        assert!(found.difference + found.half_width > 1.0);
        let ends = found.ends(Scale::Share);
        assert_eq!((ends.mean, ends.low, ends.high), (found.difference, -1.0, 1.0));
        assert!(found.ends(Scale::Amount).high > 1.0);
        let one = paired_difference(&[0.1], &[0.9], 0.95).ends(Scale::Share);
        assert!(one.low.is_nan() && one.high.is_nan(), "{one:?}");
    }

    #[test]
    fn two_pairs_are_too_few_to_tell_an_effect_s_size() {
        assert!(paired_difference(&[1.0, 2.0], &[3.0, 5.0], 0.95).effect.is_nan());
        let three = paired_difference(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0], 0.95);
        assert!((three.effect - 2.0 * (1.0 - 3.0 / 7.0)).abs() < 1e-12);
    }

    #[test]
    fn with_no_difference_one_table_in_twenty_shows_one_whether_paired_or_not() {
        let mut stream = Streams::new(4, 0).stream("x");
        let mut wrong = [0, 0];
        let tables = 2000;
        for _ in 0..tables {
            let mut rows = [Vec::new(), Vec::new()];
            for _ in 0..8 {
                let common: Vec<f64> = (0..6).map(|_| 10.0 * stream.normal()).collect();
                let mut noisy =
                    || -> Vec<f64> { common.iter().map(|value| value + stream.normal()).collect() };
                let (a, b) = (noisy(), noisy());
                rows[0].push(paired_difference(&a, &b, 0.95).p);
                let c: Vec<f64> = (0..9).map(|_| 3.0 * stream.normal()).collect();
                let d: Vec<f64> = (0..6).map(|_| stream.normal()).collect();
                rows[1].push(welch_difference(&c, &d, 0.95).p);
            }
            for (wrong, row) in wrong.iter_mut().zip(rows) {
                *wrong += u32::from(holm(&row).iter().any(|p| *p < 0.05));
            }
        }
        for wrong in wrong {
            let share = f64::from(wrong) / f64::from(tables);
            assert!((0.03..0.065).contains(&share), "{share}");
        }
    }

    #[test]
    fn pairing_on_common_random_numbers_shows_what_independent_runs_hide() {
        let mut stream = Streams::new(5, 0).stream("x");
        let a: Vec<f64> = (0..10).map(|_| 10.0 * stream.normal()).collect();
        let b: Vec<f64> = a.iter().map(|a| a + 1.0 + 0.5 * stream.normal()).collect();
        assert!(paired_difference(&a, &b, 0.95).p < 0.001);
        assert!(welch_difference(&a, &b, 0.95).p > 0.5);
    }
}
