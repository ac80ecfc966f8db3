//! A histogram of spans of virtual time.

use crate::kernel::Duration;

/// Buckets of each doubling of the span: three significant decimal digits.
const PER_DOUBLING: u64 = 1024;
/// Buckets that get their memory together.
const PAGE: usize = 64;
/// Longer spans (292 years) are counted in the last bucket.
const LONGEST: u64 = i64::MAX as u64;

/// Counts spans of virtual time in the buckets of an HDR histogram of three digits
/// (G. Tene, hdrhistogram.org). Count, sum, mean, least and greatest are exact; a
/// quantile is within 0.05 % of a recorded span that has it.
///
/// Memory comes by pages of 64 buckets as spans fall into them: none for an empty
/// histogram, and a few KiB for spans that are much alike, for there may be one in each
/// of thousands of replicas; 8 KiB for each doubling that is filled, whatever the number
/// of records.
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
    pages: Vec<Option<Box<[u64; PAGE]>>>,
    count: u64,
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
    pub const fn new() -> Self {
        Histogram { pages: Vec::new(), count: 0, sum: 0, min: Duration::MAX, max: Duration::ZERO }
    }

    /// Counts one span.
    #[inline]
    pub fn record(&mut self, span: Duration) {
        self.record_n(span, 1);
    }

    /// Counts `count` equal spans.
    #[inline]
    pub fn record_n(&mut self, span: Duration, count: u64) {
        if count == 0 {
            return;
        }
        self.add(bucket_of(span.0.min(LONGEST)), count);
        self.sum += u128::from(span.0) * u128::from(count);
        self.min = self.min.min(span);
        self.max = self.max.max(span);
    }

    #[inline]
    fn add(&mut self, bucket: usize, count: u64) {
        if self.pages.len() <= bucket / PAGE {
            self.pages.resize_with(bucket / PAGE + 1, || None);
        }
        let page = self.pages[bucket / PAGE].get_or_insert_with(|| Box::new([0; PAGE]));
        page[bucket % PAGE] += count;
        self.count += count;
    }

    /// The buckets that count something, and how much.
    fn recorded(&self) -> impl Iterator<Item = (usize, u64)> {
        let pages = self.pages.iter().enumerate();
        let pages = pages.filter_map(|(nth, page)| Some((nth * PAGE, page.as_ref()?)));
        let counts = pages.flat_map(|(first, page)| (first..).zip(page.iter().copied()));
        counts.filter(|(_, count)| *count > 0)
    }

    /// How many spans were recorded.
    pub const fn count(&self) -> u64 {
        self.count
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
        let rank = ((q * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let bucket = self.recorded().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        let middle = bucket.map_or(self.max.0, |(bucket, _)| middle_of(bucket));
        Duration(middle.clamp(self.min.0, self.max.0)).as_secs_f64()
    }

    /// Forgets all spans; keeps the memory.
    pub fn reset(&mut self) {
        self.pages.iter_mut().flatten().for_each(|page| page.fill(0));
        self.count = 0;
        self.sum = 0;
        self.min = Duration::MAX;
        self.max = Duration::ZERO;
    }

    /// Adds all spans of `other`.
    pub fn merge(&mut self, other: &Histogram) {
        for (bucket, count) in other.recorded() {
            self.add(bucket, count);
        }
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
        for (bucket, count) in other.recorded() {
            let middle = middle_of(bucket);
            let span = middle.clamp(other.min.0, other.max.0).saturating_add(by.0);
            self.record_n(Duration(span), count);
        }
    }
}

/// The bucket of a span: up to 2048 ns one for each, then 1024 for each doubling.
#[inline]
const fn bucket_of(nanos: u64) -> usize {
    let shift = (2 * PER_DOUBLING - 1).leading_zeros() - (nanos | PER_DOUBLING).leading_zeros();
    (shift as u64 * PER_DOUBLING + (nanos >> shift)) as usize
}

/// The middle of a bucket.
const fn middle_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket / PER_DOUBLING).saturating_sub(1);
    ((bucket - shift * PER_DOUBLING) << shift) + (1 << shift) / 2
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
        fn quantiles_are_those_of_the_reference_implementation(
            spans in prop::collection::vec((0u64..64, any::<u64>()), 1..200),
            q in 0.0001f64..0.9999,
        ) {
            let spans: Vec<u64> = spans.iter().map(|(shift, span)| span >> shift).collect();
            let mut reference = hdrhistogram::Histogram::<u64>::new(3).unwrap();
            for span in &spans {
                reference.record((*span).min(LONGEST)).unwrap();
            }
            let middle = reference.median_equivalent(reference.value_at_quantile(q));
            let (min, max) = (spans.iter().min().unwrap(), spans.iter().max().unwrap());
            let expected = Duration(middle.clamp(*min, *max)).as_secs_f64();
            prop_assert_eq!(of(&spans).quantile(q), expected);
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
