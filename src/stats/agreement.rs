//! How near predictions are to what was measured.

use super::association::Association;

/// A statistic of what was measured, and the same of what was predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Both {
    /// Of what was measured.
    pub measured: f64,
    /// Of what was predicted.
    pub predicted: f64,
}

impl Both {
    /// By which share the prediction is too high.
    pub fn error(self) -> f64 {
        self.predicted / self.measured - 1.0
    }
}

/// How near predictions are to what was measured, of all together and one by one. A
/// quantile is the smallest value that at least such a share of the weight does not exceed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// How many pairs there are.
    pub count: usize,
    /// Means.
    pub mean: Both,
    /// Medians.
    pub p50: Both,
    /// 90th percentiles.
    pub p90: Both,
    /// 99th percentiles.
    pub p99: Both,
    /// The mean of `|predicted - measured| / measured` over the pairs (MAPE, as a share).
    pub mape: f64,
    /// The mean of `predicted - measured`.
    pub bias: f64,
    /// Pearson's correlation of the pairs; NaN where one of the two does not vary.
    pub r: f64,
}

impl Agreement {
    /// That of pairs of what was measured and what was predicted, all of the same weight.
    ///
    /// ```
    /// use windtunnel::stats::Agreement;
    ///
    /// let found = Agreement::of(&[(1.0, 1.1), (2.0, 2.0), (4.0, 3.2)]);
    /// assert!((found.mean.error() - (6.3 / 7.0 - 1.0)).abs() < 1e-12);
    /// assert!((found.mape - (0.1 + 0.0 + 0.2) / 3.0).abs() < 1e-12);
    /// assert!((found.bias + 0.7 / 3.0).abs() < 1e-12);
    /// ```
    pub fn of(pairs: &[(f64, f64)]) -> Self {
        let weighted: Vec<(f64, f64, f64)> = pairs.iter().map(|(m, p)| (*m, *p, 1.0)).collect();
        Agreement::weighted(&weighted)
    }

    /// That of pairs with a weight each: means and quantiles are over the weight; MAPE, bias
    /// and correlation are over the pairs.
    pub fn weighted(pairs: &[(f64, f64, f64)]) -> Self {
        let count = pairs.len() as f64;
        let total: f64 = pairs.iter().map(|it| it.2).sum();
        let mean = |of: fn(&(f64, f64, f64)) -> f64| {
            pairs.iter().map(|it| of(it) * it.2).sum::<f64>() / total
        };
        let sorted = |of: fn(&(f64, f64, f64)) -> f64| {
            let mut values: Vec<(f64, f64)> = pairs.iter().map(|it| (of(it), it.2)).collect();
            values.sort_by(|a, b| a.0.total_cmp(&b.0));
            values
        };
        let (measured, predicted) = (sorted(|it| it.0), sorted(|it| it.1));
        let quantile = |q: f64| Both {
            measured: quantile(&measured, q * total),
            predicted: quantile(&predicted, q * total),
        };
        let mut association = Association::default();
        for (measured, predicted, _) in pairs {
            association.push(*measured, *predicted);
        }
        Agreement {
            count: pairs.len(),
            mean: Both { measured: mean(|it| it.0), predicted: mean(|it| it.1) },
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            mape: pairs.iter().map(|it| (it.1 - it.0).abs() / it.0).sum::<f64>() / count,
            bias: pairs.iter().map(|it| it.1 - it.0).sum::<f64>() / count,
            r: association.correlation(),
        }
    }
}

/// The smallest of sorted values up to which there is so much weight; NaN of none.
fn quantile(sorted: &[(f64, f64)], weight: f64) -> f64 {
    // Sums of weights may fall short of the whole by rounding.
    let enough = weight * (1.0 - 1e-12);
    let mut below = 0.0;
    for (value, own) in sorted {
        below += own;
        if below >= enough {
            return *value;
        }
    }
    sorted.last().map_or(f64::NAN, |last| last.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_over_the_weight() {
        let pairs: Vec<(f64, f64)> = (1..=100).map(|i| (f64::from(i), f64::from(2 * i))).collect();
        let found = Agreement::of(&pairs);
        assert_eq!((found.p50.measured, found.p99.measured), (50.0, 99.0));
        assert_eq!((found.p90.predicted, found.p90.error()), (180.0, 1.0));
        assert!((found.r - 1.0).abs() < 1e-12 && found.mape == 1.0 && found.bias == 50.5);
        // Nine tenths of the weight are on the first pair.
        let found = Agreement::weighted(&[(1.0, 1.0, 9.0), (3.0, 2.0, 1.0)]);
        assert_eq!((found.mean.measured, found.mean.predicted), (1.2, 1.1));
        assert_eq!((found.p90.measured, found.p99.measured), (1.0, 3.0));
        assert_eq!(found.bias, -0.5);
    }

    #[test]
    fn nothing_has_no_agreement() {
        let found = Agreement::of(&[]);
        assert!(found.count == 0 && found.mean.error().is_nan() && found.p99.measured.is_nan());
        let one = Agreement::of(&[(2.0, 3.0)]);
        assert!(one.p99.error() == 0.5 && one.r.is_nan());
    }
}
