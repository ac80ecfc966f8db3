//! Constant arrivals: equal gaps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::process::ProcessSpec;
use super::rate::{check_rate, default_rate};
use crate::kernel::{Duration, Stream, Time};
use crate::spec::{Problems, Rate};

/// Evenly spaced requests, as a load generator at a fixed rate sends them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConstantSpec {
    /// Rate of requests. Default: 20/s.
    pub rate: Rate,
}

impl Default for ConstantSpec {
    fn default() -> Self {
        ConstantSpec { rate: default_rate() }
    }
}

impl ProcessSpec for ConstantSpec {
    fn check(&self, problems: &mut Problems) {
        problems.at("rate", |p| check_rate(self.rate, p));
    }

    fn at_rate(&self, rate: Rate) -> Option<Self> {
        Some(ConstantSpec { rate })
    }
}

/// Arrival k (from 0) at exactly round(k / rate): the gap is kept as a fraction
/// of whole numbers, so that the clock never drifts.
#[derive(Clone, Debug)]
pub struct Constant {
    /// The next arrival; [`Time::MAX`] past the end of virtual time.
    next: Time,
    /// The gap is `whole + rest / divisor` nanoseconds.
    whole: u64,
    rest: u128,
    divisor: u128,
    /// Fraction of a nanosecond that is due, in units of 1 / divisor.
    due: u128,
}

impl Constant {
    /// The process of this rate, from 1e-9 to 1e9 per second.
    pub fn new(rate: Rate) -> Self {
        // A rate is m 2^-e exactly, so that the gap is 1e9 2^e / m. With rates
        // in this range e is from 23 to 82: both fit into 128 bits.
        let bits = rate.per_sec().to_bits();
        let divisor = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
        let exponent = (1075 - (bits >> 52)) as u32;
        debug_assert!((23..=82).contains(&exponent), "the spec was checked");
        let dividend = 1_000_000_000u128 << exponent;
        Constant {
            next: Time::ZERO,
            whole: (dividend / divisor) as u64,
            rest: dividend % divisor,
            divisor,
            due: divisor / 2,
        }
    }

    /// The next arrival; [`Time::MAX`] when virtual time is at its end.
    #[inline]
    pub fn next_at(&mut self, _: &mut Stream) -> Option<Time> {
        Some(self.next_evenly())
    }

    fn next_evenly(&mut self) -> Time {
        let at = self.next;
        self.due += self.rest;
        let carried = u64::from(self.due >= self.divisor);
        if carried == 1 {
            self.due -= self.divisor;
        }
        self.next = at + Duration(self.whole + carried);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(rate: &str, count: usize) -> Vec<u64> {
        let mut process = Constant::new(rate.parse().unwrap());
        (0..count).map(|_| process.next_evenly().0).collect()
    }

    #[test]
    fn arrivals_are_at_multiples_of_the_gap_rounded() {
        assert_eq!(times("20/s", 4), [0, 50_000_000, 100_000_000, 150_000_000]);
        assert_eq!(times("3/s", 4), [0, 333_333_333, 666_666_667, 1_000_000_000]);
        assert_eq!(times("1e9/s", 3), [0, 1, 2]);
        assert_eq!(times("0.25/s", 3), [0, 4_000_000_000, 8_000_000_000]);
        assert_eq!(times("7/m", 8)[7], 60_000_000_000);
    }

    #[test]
    fn a_million_gaps_leave_no_drift() {
        for rate in ["3/s", "7/s", "0.3/s", "997.3/s", "123456789/s"] {
            let per_sec: f64 = rate.trim_end_matches("/s").parse().unwrap();
            let last = times(rate, 1_000_001)[1_000_000];
            let exact = 1e6 * 1e9 / per_sec;
            assert!((last as f64 - exact).abs() <= 0.5 + exact * 1e-15, "{rate}: {last} {exact}");
        }
    }

    #[test]
    fn what_comes_after_the_end_of_time_comes_never() {
        let mut process = Constant::new("1e-9/s".parse().unwrap());
        let all: Vec<Time> = (0..100).map(|_| process.next_evenly()).collect();
        assert!(all[..19].is_sorted_by(|a, b| a < b) && all[18] < Time::MAX);
        assert_eq!(all[19..], [Time::MAX; 81]);
    }
}
