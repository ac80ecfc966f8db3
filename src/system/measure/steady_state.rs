//! Whether a run is in its steady state: intervals of one long run by batch means, and
//! whether the number of requests in the system grows.

use crate::kernel::{Duration, Time};
use crate::stats::{Batches, mann_kendall, rise};

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
    /// if it grows evenly from nothing. NaN if the window is too short to tell.
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

impl Steadiness {
    /// Of the mean numbers in the system in [`PARTS`] equal parts of a window, in which
    /// `requests` came.
    ///
    /// Three signs together make an overload. The trend is no chance (Mann-Kendall, one
    /// in a thousand); alone that would not do, as the numbers in a busy system depend on
    /// each other and wander. It is large beside the mean. And what has piled up is a
    /// share of all that came: it does not vanish in a longer run.
    fn of(parts: &[f64], requests: f64) -> Self {
        let mean = parts.iter().sum::<f64>() / parts.len() as f64;
        let growth = rise(parts);
        let drift = if mean > 0.0 { growth / mean } else { 0.0 };
        let overloaded = mann_kendall(parts) > SURE && drift > GROWTH && growth > LEFT * requests;
        Steadiness { drift, overloaded }
    }
}

/// Whether the window from `from` until `end`, in which `requests` came, was steady; it
/// looks at no less than the last half of the run: what piled up in a long warm-up would
/// hide how it grows.
pub fn judge(from: Time, end: Time, requests: u64, timeline: &mut Timeline) -> Steadiness {
    let half = Time::ZERO + Duration(end.since(Time::ZERO).as_nanos() / 2);
    let measured = end.since(from.min(end)).as_secs_f64();
    let from = from.min(half);
    let span = end.since(from);
    if span.as_nanos() < PARTS {
        return Steadiness::default();
    }
    let longer = if measured > 0.0 { span.as_secs_f64() / measured } else { 1.0 };
    let parts = timeline.mean_in_flight(from, end, PARTS);
    Steadiness::of(&parts, requests as f64 * longer)
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
}
