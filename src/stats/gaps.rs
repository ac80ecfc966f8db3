//! The gaps between events, counted in constant memory.

use super::Moments;
use super::sample::{Point, Sample};
use crate::kernel::Duration;

/// Bits that are kept of a gap: a bin is a 1024th of its gaps wide.
const BITS: u32 = 10;

/// Counts gaps in bins of a relative width of 0.1 %; count, mean and variance are
/// exact. At most 440 KB, whatever is counted.
#[derive(Clone, Debug, Default)]
pub struct Gaps {
    bins: Vec<u64>,
    moments: Moments,
}

/// How far the bins of this size lie apart, as a power of two.
fn shift_of(nanos: u64) -> u32 {
    (u64::BITS - nanos.leading_zeros()).saturating_sub(BITS + 1)
}

impl Gaps {
    /// Counts a gap.
    #[inline]
    pub fn record(&mut self, gap: Duration) {
        let nanos = gap.as_nanos();
        let shift = shift_of(nanos);
        let bin = ((u64::from(shift) << BITS) + (nanos >> shift)) as usize;
        if bin >= self.bins.len() {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] += 1;
        self.moments.push(gap.as_secs_f64());
    }

    /// How many gaps there are.
    pub const fn total(&self) -> u64 {
        self.moments.count()
    }

    /// The mean in seconds; NaN when empty.
    pub const fn mean(&self) -> f64 {
        self.moments.mean()
    }

    /// The coefficient of variation: the standard deviation over the mean; NaN for
    /// fewer than two gaps.
    pub fn cv(&self) -> f64 {
        self.moments.std_dev() / self.moments.mean()
    }

    /// The share of gaps of no length; NaN when empty.
    pub fn zero_share(&self) -> f64 {
        self.bins.first().copied().unwrap_or(0) as f64 / self.total() as f64
    }

    /// The gaps in seconds, each at the middle of its bin; none at all at 0.
    pub fn sample(&self) -> Sample {
        let bins = self.bins.iter().enumerate().filter(|(_, count)| **count > 0);
        Sample::new(bins.map(|(bin, count)| {
            let (low, high) = ends(bin as u64);
            // Gaps of nothing are more than the nothing before them.
            let (low, middle) =
                if bin == 0 { (-1.0, 0.0) } else { (low, f64::midpoint(low, high - 1.0)) };
            Point { below: low / 1e9, value: middle / 1e9, upto: high / 1e9, count: *count }
        }))
    }
}

/// The nanoseconds at which a bin begins, and at which the next does.
fn ends(bin: u64) -> (f64, f64) {
    let shift = (bin >> BITS).saturating_sub(1);
    let low = (bin - (shift << BITS)) << shift;
    (low as f64, (low + (1 << shift)) as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bin_holds_its_gap_and_is_narrow(nanos in 0..u64::MAX / 4) {
            let mut gaps = Gaps::default();
            gaps.record(Duration(nanos));
            let sample = gaps.sample();
            let point = sample.points()[0];
            let seconds = nanos as f64 / 1e9;
            prop_assert!(point.below <= seconds * (1.0 + 1e-15));
            prop_assert!(seconds <= point.upto * (1.0 + 1e-15));
            prop_assert!((point.value - seconds).abs() <= 0.0005 * seconds + 1e-15);
        }
    }

    #[test]
    fn gaps_of_nothing_are_kept_apart() {
        let mut gaps = Gaps::default();
        for millis in [0, 0, 1, 3] {
            gaps.record(Duration::from_millis(millis));
        }
        assert_eq!((gaps.total(), gaps.zero_share(), gaps.mean()), (4, 0.5, 0.001));
        assert!((gaps.cv() - 2.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(gaps.sample().points()[0].value, 0.0);
        assert_eq!(gaps.sample().above(0.0).total(), 2);
    }
}
