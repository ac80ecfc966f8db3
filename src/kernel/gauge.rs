//! A level over virtual time: how long a queue was, how many servers were busy.

use super::time::{NANOS_PER_SEC, Time};

/// An integer level and its exact time-weighted statistics.
///
/// ```
/// use windtunnel::kernel::{Gauge, Time};
///
/// let mut queue = Gauge::default();
/// queue.set(Time(10), 3);
/// queue.add(Time(20), -2);
/// assert_eq!(queue.level(), 1);
/// assert_eq!(queue.max(), 3);
/// assert_eq!(queue.mean(Time(40)), (10 * 0 + 10 * 3 + 20 * 1) as f64 / 40.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauge {
    level: u64,
    max: u64,
    /// Level x nanoseconds from `start` to `changed`.
    area: u128,
    start: Time,
    changed: Time,
}

impl Gauge {
    /// A gauge whose window begins at `start`, at `level`.
    pub const fn new(start: Time, level: u64) -> Self {
        Gauge { level, max: level, area: 0, start, changed: start }
    }

    /// The level now.
    #[inline]
    pub const fn level(&self) -> u64 {
        self.level
    }

    /// The greatest level in the window.
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// Sets the level at `now`, which may not be before the last change.
    #[inline]
    pub fn set(&mut self, now: Time, level: u64) {
        debug_assert!(now >= self.changed, "a gauge moves forward in time");
        self.area = self.area(now);
        self.changed = now;
        self.level = level;
        self.max = self.max.max(level);
    }

    /// Moves the level by `change` at `now`; it stays within 0 and `u64::MAX`.
    #[inline]
    pub fn add(&mut self, now: Time, change: i64) {
        debug_assert!(self.level.checked_add_signed(change).is_some(), "a level is never negative");
        self.set(now, self.level.saturating_add_signed(change));
    }

    /// The integral of the level over the window up to `now`, in level x
    /// nanoseconds.
    #[inline]
    pub fn area(&self, now: Time) -> u128 {
        self.area + u128::from(self.level) * u128::from(now.since(self.changed).0)
    }

    /// The integral of the level over the window up to `now`, in level x
    /// seconds: tokens of memory held for how long, servers kept busy.
    pub fn area_secs(&self, now: Time) -> f64 {
        self.area(now) as f64 / NANOS_PER_SEC as f64
    }

    /// The mean level over the window up to `now`; NaN for an empty window.
    pub fn mean(&self, now: Time) -> f64 {
        self.area(now) as f64 / now.since(self.start).0 as f64
    }

    /// Begins a new window at `now`, at the present level: the end of a warm-up,
    /// or an interval of a timeline.
    pub fn reset(&mut self, now: Time) {
        *self = Gauge::new(now, self.level);
    }
}
