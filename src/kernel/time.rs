//! Virtual time: whole nanoseconds, so that sums are exact and runs repeat.
//!
//! # One rule of arithmetic
//! Every operator on [`Time`] and [`Duration`] is exact within the range, and
//! saturates at its ends, in every build alike: nothing wraps, nothing panics in
//! release.
//!
//! - Upwards, at [`Time::MAX`] and [`Duration::MAX`], some 584 years: sums, products,
//!   conversions from longer units and from seconds. A saturated span is "for ever",
//!   and a saturated instant "never": no event happens at [`Time::MAX`], and a
//!   simulation whose next event is there ends with
//!   [`Ended::EndOfTime`](super::Ended::EndOfTime), for the model to tell which of its
//!   settings led there. So an overflow is noticed, wherever in a sum it was, with no
//!   check in any sum.
//! - Downwards, at zero: a difference of two instants or spans is never negative.
//!   Where the code holds that it is not, `-` says so, and debug builds assert it;
//!   where it may be, write [`Time::since`] or [`Duration::saturating_sub`].
//!
//! What needs more than that (areas under levels, sums over many requests) counts in
//! `u128`: 2^64 requests of 2^64 nanoseconds fit.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

/// Nanoseconds in a second.
pub const NANOS_PER_SEC: u64 = 1_000_000_000;

/// An instant on the virtual clock: nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A span of virtual time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub u64);

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time(0);
    /// Later than any event, some 584 years after the start: never.
    pub const MAX: Time = Time(u64::MAX);

    /// The instant `secs` seconds after the start of the run, [`Time::MAX`] if that is
    /// beyond.
    pub const fn from_secs(secs: u64) -> Self {
        Time(secs.saturating_mul(NANOS_PER_SEC))
    }

    /// Nanoseconds since the start of the run.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start of the run.
    pub fn as_secs_f64(self) -> f64 {
        Duration(self.0).as_secs_f64()
    }

    /// The span from `earlier` to `self`; zero if `earlier` is later.
    pub const fn since(self, earlier: Time) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// `self + span`, or [`Time::MAX`] where that would overflow.
    #[must_use]
    pub const fn saturating_add(self, span: Duration) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);
    /// The longest span: some 584 years.
    pub const MAX: Duration = Duration(u64::MAX);

    /// A span of whole nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Duration(nanos)
    }

    /// A span of whole milliseconds, [`Duration::MAX`] if that is too long.
    pub const fn from_millis(millis: u64) -> Self {
        Duration(millis.saturating_mul(1_000_000))
    }

    /// A span of whole seconds, [`Duration::MAX`] if that is too long.
    pub const fn from_secs(secs: u64) -> Self {
        Duration(secs.saturating_mul(NANOS_PER_SEC))
    }

    /// A span of `secs` seconds, rounded to the nearest nanosecond. Negative
    /// and NaN become zero; what is too long becomes [`Duration::MAX`].
    pub fn from_secs_f64(secs: f64) -> Self {
        // The cast saturates, and takes NaN to zero.
        Duration((secs * 1e9 + 0.5) as u64)
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// A span of so many nanoseconds, [`Duration::MAX`] if that is too long.
    pub fn from_wide_nanos(nanos: u128) -> Self {
        Duration(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// `self - other`, or zero where that is negative.
    #[must_use]
    pub const fn saturating_sub(self, other: Duration) -> Duration {
        Duration(self.0.saturating_sub(other.0))
    }

    /// Whether the span is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    /// Saturates at [`Time::MAX`].
    #[inline]
    fn add(self, span: Duration) -> Time {
        self.saturating_add(span)
    }
}

impl AddAssign<Duration> for Time {
    #[inline]
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<Time> for Time {
    type Output = Duration;
    /// For an `earlier` that is not later, which debug builds assert; zero otherwise.
    #[inline]
    fn sub(self, earlier: Time) -> Duration {
        debug_assert!(self >= earlier, "a span cannot be negative");
        self.since(earlier)
    }
}

impl Add for Duration {
    type Output = Duration;
    /// Saturates at [`Duration::MAX`].
    #[inline]
    fn add(self, other: Duration) -> Duration {
        Duration(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Duration {
    #[inline]
    fn add_assign(&mut self, other: Duration) {
        *self = *self + other;
    }
}

impl Sub for Duration {
    type Output = Duration;
    /// For an `other` that is not longer, which debug builds assert; zero otherwise.
    #[inline]
    fn sub(self, other: Duration) -> Duration {
        debug_assert!(self >= other, "a span cannot be negative");
        self.saturating_sub(other)
    }
}

impl Mul<u64> for Duration {
    type Output = Duration;
    /// Saturates at [`Duration::MAX`].
    #[inline]
    fn mul(self, count: u64) -> Duration {
        Duration(self.0.saturating_mul(count))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Duration(self.0).fmt(f)
    }
}

impl fmt::Display for Duration {
    /// Seconds with as many digits as needed: `1.5s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, nanos) = (self.0 / NANOS_PER_SEC, self.0 % NANOS_PER_SEC);
        if nanos == 0 {
            return write!(f, "{whole}s");
        }
        let fraction = format!("{nanos:09}");
        write!(f, "{whole}.{}s", fraction.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_saturate_at_the_end_of_time() {
        let (week, long) = (Duration::from_secs(604_800), Duration(u64::MAX - 5));
        assert_eq!(Time(u64::MAX - 5) + week, Time::MAX);
        assert_eq!(Time(u64::MAX - 5) + Duration(4), Time(u64::MAX - 1));
        assert_eq!(long + week, Duration::MAX);
        assert_eq!(long * 2, Duration::MAX);
        assert_eq!(week * 3, Duration::from_secs(1_814_400));
        assert_eq!(Duration::from_secs(u64::MAX), Duration::MAX);
        assert_eq!(Duration::from_millis(u64::MAX), Duration::MAX);
        assert_eq!(Time::from_secs(u64::MAX), Time::MAX);
        assert_eq!(Duration::from_wide_nanos(1 << 64), Duration::MAX);
        let mut now = Time(1);
        now += Duration::MAX;
        assert_eq!(now, Time::MAX);
        let mut span = week;
        span += Duration::MAX;
        assert_eq!(span, Duration::MAX);
    }

    #[test]
    fn differences_that_may_be_negative_stop_at_zero() {
        assert_eq!(Time(3).since(Time(5)), Duration::ZERO);
        assert_eq!(Duration(3).saturating_sub(Duration(5)), Duration::ZERO);
    }

    #[test]
    fn seconds_of_any_double_are_a_span() {
        for (secs, span) in [
            (f64::NAN, Duration::ZERO),
            (-1.0, Duration::ZERO),
            (f64::NEG_INFINITY, Duration::ZERO),
            (f64::INFINITY, Duration::MAX),
            (1e300, Duration::MAX),
            (2e10, Duration::MAX),
            (1e-10, Duration::ZERO),
            (1.5e-9, Duration(2)),
            (0.25, Duration::from_millis(250)),
        ] {
            assert_eq!(Duration::from_secs_f64(secs), span, "{secs}");
        }
    }
}
