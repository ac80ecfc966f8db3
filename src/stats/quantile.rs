//! Intervals for quantiles that suppose nothing of the distribution.

/// A quantile of a sample and its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantileCi {
    /// The sample's quantile.
    pub value: f64,
    /// The lower end; minus infinity if the sample is too small to have one.
    pub low: f64,
    /// The upper end; infinity if the sample is too small to have one.
    pub high: f64,
}

/// The `q` quantile of independent `values` with an interval of at least `level`, by
/// order statistics (David and Nagaraja, Order Statistics, 3rd ed., 7.1): the number of
/// values below the true quantile is binomial, so that it lies between the l-th and the
/// u-th smallest value with the probability of `l <= B(n, q) < u`. `l` and `u` leave at
/// most half of `1 - level` on each side. NaN among the values is skipped.
///
/// Values must be independent: one from each replication, not the response times of
/// one run.
///
/// ```
/// use windtunnel::stats::quantile_ci;
///
/// let values: Vec<f64> = (1..=20).map(f64::from).collect();
/// let median = quantile_ci(&values, 0.5, 0.95);
/// // Of 20 values, the 6th and the 15th: a printed table's bounds for the median.
/// assert_eq!((median.low, median.high), (6.0, 15.0));
/// ```
pub fn quantile_ci(values: &[f64], q: f64, level: f64) -> QuantileCi {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len();
    let Some(last) = n.checked_sub(1) else {
        return QuantileCi { value: f64::NAN, low: f64::NEG_INFINITY, high: f64::INFINITY };
    };
    let rank = (q * n as f64).ceil().max(1.0) as usize - 1;
    let tail = (1.0 - level) / 2.0;
    // The most that leaves no more than `tail` below, and the least that does above.
    let (mut below, mut low, mut high) = (0.0, None, None);
    for (successes, probability) in binomial(n, q).into_iter().enumerate() {
        below += probability;
        if below <= tail {
            low = Some(successes);
        }
        if 1.0 - below <= tail && high.is_none() {
            high = Some(successes);
        }
    }
    let at = |index: usize| sorted[index.min(last)];
    QuantileCi {
        value: at(rank),
        low: low.map_or(f64::NEG_INFINITY, at),
        high: high.filter(|index| *index <= last).map_or(f64::INFINITY, at),
    }
}

/// The probabilities of 0 to `n` successes.
fn binomial(n: usize, p: f64) -> Vec<f64> {
    let (n_real, log_p, log_rest) = (n as f64, libm::log(p), libm::log(1.0 - p));
    let probability = |k: usize| {
        let k_real = k as f64;
        let ways = libm::lgamma(n_real + 1.0)
            - libm::lgamma(k_real + 1.0)
            - libm::lgamma(n_real - k_real + 1.0);
        // 0 times an infinite logarithm is no chance to take, not NaN.
        let power = |count: f64, log: f64| if count == 0.0 { 0.0 } else { count * log };
        libm::exp(ways + power(k_real, log_p) + power(n_real - k_real, log_rest))
    };
    (0..=n).map(probability).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn small_samples_have_no_upper_end_for_a_high_quantile() {
        let values: Vec<f64> = (0..50).map(f64::from).collect();
        let p99 = quantile_ci(&values, 0.99, 0.95);
        assert_eq!((p99.value, p99.high), (49.0, f64::INFINITY));
        assert!(p99.low > 40.0);
        assert!(quantile_ci(&[f64::NAN], 0.5, 0.95).value.is_nan());
    }

    #[test]
    fn intervals_cover_the_true_quantile_of_a_skewed_distribution() {
        let mut stream = Streams::new(3, 0).stream("x");
        for (q, n) in [(0.5, 30), (0.9, 100), (0.99, 1000)] {
            let truth = -libm::log(1.0 - q);
            let mut covered = 0;
            for _ in 0..2000 {
                let values: Vec<f64> = (0..n).map(|_| stream.exponential(1.0)).collect();
                let found = quantile_ci(&values, q, 0.95);
                covered += u32::from((found.low..=found.high).contains(&truth));
            }
            let share = f64::from(covered) / 2000.0;
            // At least 95 %; a little more, as ranks are whole.
            assert!((0.935..0.99).contains(&share), "{q} of {n}: {share}");
        }
    }

    #[test]
    fn binomial_probabilities_add_up_to_one() {
        for (n, p) in [(1, 0.5), (20, 0.3), (5000, 0.99), (3, 0.0), (3, 1.0)] {
            assert!((binomial(n, p).iter().sum::<f64>() - 1.0).abs() < 1e-9, "{n} {p}");
        }
    }
}
