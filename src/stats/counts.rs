//! How often each whole number occurred.

use std::collections::BTreeMap;

use super::sample::{Point, Sample};

/// Numbers below this are counted in an array, longer ones in a tree.
const DENSE: usize = 1 << 16;

/// A count for each whole number that occurred: moments and quantiles are exact.
/// Memory goes with the largest number up to 65536, and with the number of
/// different ones beyond it; not with how many were counted.
///
/// ```
/// use windtunnel::stats::Counts;
///
/// let lengths: Counts = [5, 1, 3, 3].into_iter().collect();
/// assert_eq!((lengths.total(), lengths.mean()), (4, 3.0));
/// assert_eq!(lengths.quantile(0.9), 4.4);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    low: Vec<u64>,
    high: BTreeMap<u32, u64>,
    total: u64,
    sum: u128,
    squares: u128,
}

impl Counts {
    /// Counts a number.
    #[inline]
    pub fn record(&mut self, value: u32) {
        let at = value as usize;
        if at < DENSE {
            if at >= self.low.len() {
                self.low.resize(at + 1, 0);
            }
            self.low[at] += 1;
        } else {
            *self.high.entry(value).or_default() += 1;
        }
        self.total += 1;
        self.sum += u128::from(value);
        self.squares += u128::from(value) * u128::from(value);
    }

    /// How many numbers were counted.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// How often this number occurred.
    pub fn of(&self, value: u32) -> u64 {
        let low = self.low.get(value as usize).copied();
        low.or_else(|| self.high.get(&value).copied()).unwrap_or(0)
    }

    /// The sum of all.
    pub fn sum(&self) -> f64 {
        self.sum as f64
    }

    /// The mean; NaN when empty.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.total as f64
    }

    /// The sample standard deviation (n - 1 below); NaN for fewer than two.
    pub fn std_dev(&self) -> f64 {
        if self.total < 2 {
            return f64::NAN;
        }
        // n * sum of squares - square of the sum, in whole numbers: exact.
        let n = u128::from(self.total);
        let spread = (n * self.squares).saturating_sub(self.sum * self.sum);
        (spread as f64 / n as f64 / (n - 1) as f64).sqrt()
    }

    /// Numbers that occurred, in ascending order, and how often each did.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let low = self.low.iter().enumerate().map(|(value, count)| (value as u32, *count));
        let high = self.high.iter().map(|(value, count)| (*value, *count));
        low.filter(|(_, count)| *count > 0).chain(high)
    }

    /// The largest number; 0 when empty.
    pub fn max(&self) -> u32 {
        let high = self.high.last_key_value().map(|(value, _)| *value);
        high.unwrap_or_else(|| self.low.len().saturating_sub(1) as u32)
    }

    /// The quantile for a share `p` from 0 to 1: between the two order statistics
    /// around (n - 1) p, in proportion (R. J. Hyndman, Y. Fan: Sample quantiles in
    /// statistical packages. The American Statistician 50(4), 1996, definition 7).
    /// NaN when empty.
    pub fn quantile(&self, p: f64) -> f64 {
        if self.total == 0 {
            return f64::NAN;
        }
        let place = (self.total - 1) as f64 * p.clamp(0.0, 1.0);
        let rank = libm::floor(place);
        let (below, above) = self.around(rank as u64);
        f64::from(below) + (f64::from(above) - f64::from(below)) * (place - rank)
    }

    /// The number of this rank, from 0, and the next.
    fn around(&self, rank: u64) -> (u32, u32) {
        let mut seen = 0;
        let mut below = None;
        for (value, count) in self.iter() {
            seen += count;
            if seen > rank && below.is_none() {
                below = Some(value);
            }
            if let Some(below) = below
                && seen > rank + 1
            {
                return (below, value);
            }
        }
        let last = self.max();
        (below.unwrap_or(last), last)
    }

    /// The share of smaller ones and half of the equal ones, for each number.
    pub fn mid_ranks(&self) -> MidRanks {
        let mut below = 0;
        let mut share = |count: u64| {
            let twice = 2 * below + count;
            below += count;
            twice as f64 / (2.0 * self.total as f64)
        };
        let low = self.low.iter().map(|count| share(*count)).collect();
        let high = self.high.iter().map(|(value, count)| (*value, share(*count))).collect();
        MidRanks { low, high }
    }

    /// The counted numbers from 1 on, each standing for what rounds to it.
    pub fn sample(&self) -> Sample {
        Sample::new(self.iter().filter(|(value, _)| *value > 0).map(|(value, count)| {
            let value = f64::from(value);
            Point { below: value - 0.5, value, upto: value + 0.5, count }
        }))
    }
}

/// Where numbers stand among those that were counted, as shares in (0, 1).
#[derive(Clone, Debug)]
pub struct MidRanks {
    low: Vec<f64>,
    high: BTreeMap<u32, f64>,
}

impl MidRanks {
    /// Where a number stands that was counted; NaN for any other beyond them.
    #[inline]
    pub fn of(&self, value: u32) -> f64 {
        let low = self.low.get(value as usize).copied();
        low.or_else(|| self.high.get(&value).copied()).unwrap_or(f64::NAN)
    }
}

impl FromIterator<u32> for Counts {
    fn from_iter<I: IntoIterator<Item = u32>>(values: I) -> Self {
        let mut counts = Counts::default();
        values.into_iter().for_each(|value| counts.record(value));
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_order_statistics() {
        let counts: Counts = [10, 20, 20, 70_000, 80_000].into_iter().collect();
        for (p, value) in [
            (0.0, 10.0),
            (0.25, 20.0),
            (0.5, 20.0),
            (0.625, 35_010.0),
            (0.75, 70_000.0),
            (0.9, 76_000.0),
            (1.0, 80_000.0),
        ] {
            assert!((counts.quantile(p) - value).abs() < 1e-9, "{p}: {}", counts.quantile(p));
        }
        assert!(Counts::default().quantile(0.5).is_nan());
    }

    #[test]
    fn equal_numbers_share_their_ranks() {
        let ranks = Counts::from_iter([3, 3, 5, 100_000]).mid_ranks();
        assert_eq!([3, 5, 100_000].map(|value| ranks.of(value)), [0.25, 0.625, 0.875]);
    }

    #[test]
    fn moments_are_exact_and_do_not_care_for_the_order() {
        let counts: Counts = [2, 4, 4, 4, 5, 5, 7, 9].into_iter().collect();
        assert_eq!(counts.mean(), 5.0);
        assert!((counts.std_dev() - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
        let large: Counts = [1_000_000_000, 1_000_000_001, 1_000_000_002].into_iter().collect();
        assert_eq!(large.std_dev(), 1.0);
        assert_eq!((large.max(), large.of(1_000_000_001), large.of(5)), (1_000_000_002, 1, 0));
        assert!(Counts::from_iter([5]).std_dev().is_nan());
    }
}
