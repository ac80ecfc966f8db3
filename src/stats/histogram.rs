//! A histogram of spans of virtual time.

use crate::kernel::Duration;

/// Significant decimal digits that are kept of each span.
const DIGITS: u8 = 3;
/// Longer spans (292 years) are counted in the last bucket.
const LONGEST: u64 = i64::MAX as u64;

/// Counts spans of virtual time in buckets of constant relative width (an HDR
/// histogram). Count, sum, mean, least and greatest are exact; a quantile is
/// within 0.05 % of a recorded span that has it.
///
/// Memory grows by 8 KiB each time the longest span doubles, and not with the
/// number of records: 230 KiB for spans up to 100 s.
///
/// ```
/// use windtunnel::kernel::Duration;
/// use windtunnel::stats::Histogram;
///
/// let mut latency = Histogram::new();
/// for millis in 1..=1000 {
///     latency.record(Duration::from_millis(millis));
/// }
/// assert_eq!(latency.mean(), 0.5005);
/// assert!((latency.quantile(0.99) - 0.990).abs() < 0.0005);
/// assert_eq!(latency.quantile(1.0), 1.0);
/// ```
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: hdrhistogram::Histogram<u64>,
    sum: u128,
    min: Duration,
    max: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram::new()
    }
}

impl Histogram {
    /// An empty histogram.
    ///
    /// # Panics
    /// Never: the digits are within what the buckets allow.
    pub fn new() -> Self {
        // Grows with the longest span recorded.
        let buckets = hdrhistogram::Histogram::new(DIGITS).expect("1 to 5 digits are possible");
        Histogram { buckets, sum: 0, min: Duration::MAX, max: Duration::ZERO }
    }

    /// Counts one span.
    #[inline]
    pub fn record(&mut self, span: Duration) {
        // Fails only where a value is over the limit of a fixed size.
        let recorded = self.buckets.record(span.0.min(LONGEST));
        debug_assert!(recorded.is_ok(), "the histogram grows as needed");
        self.sum += u128::from(span.0);
        self.min = self.min.min(span);
        self.max = self.max.max(span);
    }

    /// Counts `count` equal spans.
    #[inline]
    pub fn record_n(&mut self, span: Duration, count: u64) {
        if count == 0 {
            return;
        }
        let recorded = self.buckets.record_n(span.0.min(LONGEST), count);
        debug_assert!(recorded.is_ok(), "the histogram grows as needed");
        self.sum += u128::from(span.0) * u128::from(count);
        self.min = self.min.min(span);
        self.max = self.max.max(span);
    }

    /// How many spans were recorded.
    pub fn count(&self) -> u64 {
        self.buckets.len()
    }

    /// The sum of all spans, exact, in nanoseconds.
    pub const fn sum_nanos(&self) -> u128 {
        self.sum
    }

    /// The sum of all spans in seconds.
    pub fn sum(&self) -> f64 {
        self.sum as f64 / 1e9
    }

    /// The mean in seconds; NaN when empty.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count() as f64 / 1e9
    }

    /// The shortest span in seconds; NaN when empty.
    pub fn min(&self) -> f64 {
        if self.count() == 0 { f64::NAN } else { self.min.as_secs_f64() }
    }

    /// The longest span in seconds; NaN when empty.
    pub fn max(&self) -> f64 {
        if self.count() == 0 { f64::NAN } else { self.max.as_secs_f64() }
    }

    /// The least span in seconds that a share `q` of all spans does not exceed;
    /// exact at 0 and 1 (and beyond them); NaN when empty.
    pub fn quantile(&self, q: f64) -> f64 {
        if self.count() == 0 || q.is_nan() {
            return f64::NAN;
        }
        if q <= 0.0 {
            return self.min();
        }
        if q >= 1.0 {
            return self.max();
        }
        let bucket = self.buckets.value_at_quantile(q);
        let middle = self.buckets.median_equivalent(bucket);
        Duration(middle.clamp(self.min.0, self.max.0)).as_secs_f64()
    }

    /// Forgets all spans; keeps the memory.
    pub fn reset(&mut self) {
        self.buckets.reset();
        self.sum = 0;
        self.min = Duration::MAX;
        self.max = Duration::ZERO;
    }

    /// Adds all spans of `other`.
    pub fn merge(&mut self, other: &Histogram) {
        let added = self.buckets.add(&other.buckets);
        debug_assert!(added.is_ok(), "the histogram grows as needed");
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Adds all spans of `other`, each made longer `by` so much: within 0.05 %.
    pub fn merge_longer(&mut self, other: &Histogram, by: Duration) {
        if by.is_zero() {
            self.merge(other);
            return;
        }
        for bucket in other.buckets.iter_recorded() {
            let middle = other.buckets.median_equivalent(bucket.value_iterated_to());
            let span = middle.clamp(other.min.0, other.max.0).saturating_add(by.0);
            self.record_n(Duration(span), bucket.count_at_value());
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by contract")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(spans: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        for &span in spans {
            histogram.record(Duration(span));
        }
        histogram
    }

    #[test]
    fn spans_are_made_longer_one_by_one() {
        let mut sum = of(&[1000]);
        sum.merge_longer(&of(&[2000, 4000, 4000]), Duration(500));
        assert_eq!(sum.count(), 4);
        assert_eq!([sum.quantile(0.0), sum.quantile(1.0)], [1e-6, 4.5e-6]);
        assert!((sum.quantile(0.5) - 2.5e-6).abs() < 2e-9);
    }

    #[test]
    fn an_empty_histogram_knows_nothing() {
        let empty = Histogram::new();
        assert!(empty.mean().is_nan() && empty.min().is_nan() && empty.max().is_nan());
        assert!(empty.quantile(0.5).is_nan() && empty.quantile(1.0).is_nan());
        assert_eq!((empty.count(), empty.sum_nanos()), (0, 0));
    }

    #[test]
    fn any_span_is_recorded() {
        let histogram = of(&[0, 1, u64::MAX, u64::MAX - 1, i64::MAX as u64]);
        assert_eq!(histogram.count(), 5);
        assert_eq!(histogram.quantile(1.0).to_bits(), Duration::MAX.as_secs_f64().to_bits());
        assert!(histogram.min() == 0.0);
    }

    #[test]
    fn a_reset_forgets_all() {
        let mut histogram = of(&[5, 7]);
        histogram.reset();
        histogram.record(Duration(9));
        assert_eq!((histogram.count(), histogram.sum_nanos()), (1, 9));
        assert!((histogram.min() - 9e-9).abs() < 1e-20);
    }

    proptest! {
        #[test]
        fn quantiles_are_within_a_twentieth_of_a_percent(
            mut spans in prop::collection::vec(0u64..1 << 50, 1..200),
            q in 0.0f64..=1.0,
        ) {
            let estimate = of(&spans).quantile(q) * 1e9;
            spans.sort_unstable();
            let rank = (q * spans.len() as f64).ceil() as usize;
            let exact = spans[rank.max(1) - 1] as f64;
            prop_assert!((estimate - exact).abs() <= exact * 0.0005 + 1.0, "{estimate} {exact}");
        }

        #[test]
        fn one_value_is_every_quantile(span in any::<u64>(), q in 0.0f64..=1.0) {
            prop_assert_eq!(of(&[span, span]).quantile(q), Duration(span).as_secs_f64());
        }

        #[test]
        fn sums_are_exact_and_merging_is_recording_both(
            left in prop::collection::vec(any::<u64>(), 0..50),
            right in prop::collection::vec(any::<u64>(), 1..50),
        ) {
            let mut merged = of(&left);
            merged.merge(&of(&right));
            let all = of(&[left, right].concat());
            prop_assert_eq!(merged.sum_nanos(), all.sum_nanos());
            prop_assert_eq!(merged.count(), all.count());
            for q in [0.0, 0.1, 0.5, 0.9, 1.0] {
                prop_assert_eq!(merged.quantile(q), all.quantile(q));
            }
        }
    }
}
