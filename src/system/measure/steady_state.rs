//! Whether a run is in its steady state: intervals of one long run by batch means, and
//! whether the number of requests in the system grows.

use crate::kernel::{Duration, Time};
use crate::stats::{Batches, mann_kendall, rise};
use crate::workload::arrivals::Rhythm;

use super::timeline::Timeline;

/// Metrics that are means over the answers of a run: one long run has intervals for them.
pub const BATCHED: [&str; 3] = ["e2e_mean_s", "ttft_mean_s", "quality_mean"];

/// The answers' times and quality, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct Series([Batches; BATCHED.len()]);

impl Series {
    /// Adds an answer.
    #[inline]
    pub fn push(&mut self, e2e: Duration, ttft: Duration, quality: f64) {
        self.0[0].push(e2e.as_secs_f64());
        self.0[1].push(ttft.as_secs_f64());
        self.0[2].push(quality);
    }

    /// Half the width of the interval of each of [`BATCHED`]; NaN where the run is too
    /// short to tell.
    pub fn half_widths(&self) -> [f64; BATCHED.len()] {
        self.0.each_ref().map(|batches| batches.interval().map_or(f64::NAN, |it| it.half_width))
    }
}

/// How the number of requests in the system changes over the measured window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steadiness {
    /// How much it grew, by a straight line, as a share of its mean: 0 if it is steady, 2
    /// if it grows evenly from nothing. NaN if the window is too short to tell, or the load
    /// is meant to change.
    pub drift: f64,
    /// Whether the system cannot keep up: it grows beyond what chance and a backlog would
    /// explain.
    pub overloaded: bool,
}

impl Default for Steadiness {
    fn default() -> Self {
        Steadiness { drift: f64::NAN, overloaded: false }
    }
}

/// Parts of the window.
const PARTS: u64 = 20;
/// One in a thousand steady runs exceeds it, if the parts are independent.
const SURE: f64 = 3.09;
/// Growth by less than half the mean is none to speak of.
const GROWTH: f64 = 0.5;
/// Nor is it if less than one in 200 of those that came are left.
const LEFT: f64 = 0.005;
/// Nor if it is over: the second half of the window has less than that share of it.
const LATE: f64 = 0.1;

impl Steadiness {
    /// Of the mean numbers in the system in [`PARTS`] equal parts of a window, in which
    /// `requests` came.
    ///
    /// Four signs together make an overload. The trend is no chance (Mann-Kendall, one
    /// in a thousand); alone that would not do, as the numbers in a busy system depend on
    /// each other and wander. It is large beside the mean. What has piled up is a
    /// share of all that came: it does not vanish in a longer run. And it goes on: a system
    /// that only fills up, as its answers take long, is full in the end.
    fn of(parts: &[f64], requests: f64) -> Self {
        let growth = rise(parts);
        let drift = drift(parts);
        let late = rise(&parts[parts.len() / 2..]);
        let overloaded = mann_kendall(parts) > SURE
            && drift > GROWTH
            && growth > LEFT * requests
            && late > LATE * growth;
        Steadiness { drift, overloaded }
    }
}

/// The rise of some parts as a share of their mean.
fn drift(parts: &[f64]) -> f64 {
    let mean = parts.iter().sum::<f64>() / parts.len() as f64;
    if mean > 0.0 { rise(parts) / mean } else { 0.0 }
}

/// What is to be known of a run to tell whether it was steady.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// When measuring began.
    pub from: Time,
    /// When no more requests came.
    pub end: Time,
    /// How many requests came in between.
    pub requests: u64,
    /// How their rate was meant to change.
    pub rhythm: Rhythm,
    /// Whether any of them waited for another: else nothing piles up, however many are under
    /// way.
    pub waited: bool,
}

/// Whether the window was steady; for an overload it looks at no less than the last half of
/// the run: what piled up in a long warm-up would hide how it grows.
pub fn judge(course: &Course, timeline: &mut Timeline) -> Steadiness {
    let Course { from, end, requests, rhythm, waited } = *course;
    let planned = match rhythm {
        Rhythm::Even => None,
        Rhythm::Every(period) => Some(by_periods(from, end, period, timeline)),
        Rhythm::Changing => Some(f64::NAN),
    };
    let half = Time::ZERO + Duration(end.since(Time::ZERO).as_nanos() / 2);
    let measured = end.since(from.min(end)).as_secs_f64();
    let from = from.min(half);
    let span = end.since(from);
    if span.as_nanos() < PARTS {
        return Steadiness::default();
    }
    let longer = if measured > 0.0 { span.as_secs_f64() / measured } else { 1.0 };
    let parts = timeline.mean_in_flight(from, end, PARTS);
    let found = Steadiness::of(&parts, requests as f64 * longer);
    Steadiness { drift: planned.unwrap_or(found.drift), overloaded: found.overloaded && waited }
}

/// The drift from each whole period to the next, or from some of them to as many; NaN where
/// there is only one: a day is compared with another.
fn by_periods(from: Time, end: Time, period: Duration, timeline: &mut Timeline) -> f64 {
    let whole = end.since(from.min(end)).as_nanos() / period.as_nanos().max(1);
    let parts = whole.min(PARTS);
    if parts < 2 {
        return f64::NAN;
    }
    let span = period * (whole - whole % parts);
    let begin = Time::ZERO + (end.since(Time::ZERO) - span);
    drift(&timeline.mean_in_flight(begin, end, parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_growth_is_an_overload_and_a_level_is_none() {
        let growing: Vec<f64> = (0..20).map(|i| f64::from(i) * 3.0).collect();
        let found = Steadiness::of(&growing, 1000.0);
        assert!(found.overloaded && (found.drift - 2.0).abs() < 0.11, "{found:?}");
        // The same growth of next to nothing among very many requests.
        assert!(!Steadiness::of(&growing, 100_000.0).overloaded);
        // What piled up in the first half of a run is there in the second.
        let second: Vec<f64> = (20..40).map(f64::from).collect();
        let found = Steadiness::of(&second, 1000.0);
        assert!(found.overloaded && (found.drift - 2.0 / 3.0).abs() < 0.05, "{found:?}");
        let level: Vec<f64> = (0..20).map(|i| 10.0 + f64::from(i % 3)).collect();
        let found = Steadiness::of(&level, 1000.0);
        assert!(!found.overloaded && found.drift.abs() < 0.1, "{found:?}");
        assert_eq!(Steadiness::of(&[0.0; 20], 10.0).drift, 0.0);
    }

    #[test]
    fn what_only_fills_up_is_no_overload() {
        // Full after a third of the window.
        let filling: Vec<f64> = (0..20).map(|i| (f64::from(i) * 9.0).min(60.0)).collect();
        let found = Steadiness::of(&filling, 200.0);
        assert!(!found.overloaded && found.drift > GROWTH, "{found:?}");
    }

    #[test]
    fn a_day_is_compared_with_the_day_before() {
        let day = Duration::from_secs(86_400);
        // One request in the first half of each day; in the last day two.
        let mut timeline = Timeline::new(None, super::super::timeline::Serving::default());
        for half_day in 0..6u64 {
            let now = Time::ZERO + Duration(day.as_nanos() / 2 * half_day);
            let many = if half_day >= 4 { 2 } else { 1 };
            timeline.in_flight(now, if half_day % 2 == 0 { many } else { -many });
        }
        let (begin, end) = (Time::ZERO, Time::ZERO + day * 3);
        let course = |from, rhythm| Course { from, end, requests: 4, rhythm, waited: true };
        let mut drift = |from, rhythm| judge(&course(from, rhythm), &mut timeline).drift;
        let found = drift(begin, Rhythm::Every(day));
        // 1/2, 1/2, 1: a slope of 1/4 over three days, by a mean of 2/3.
        assert!((found - 0.75 / (2.0 / 3.0)).abs() < 0.05, "{found}");
        assert!(drift(begin + day, Rhythm::Every(day)) > 0.5);
        assert!(drift(begin + day + Duration(1), Rhythm::Every(day)).is_nan(), "one day alone");
        assert!(drift(begin, Rhythm::Changing).is_nan());
        assert!(!drift(begin, Rhythm::Even).is_nan());
    }
}
