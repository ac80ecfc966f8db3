//! Arrivals at a rate given at points in time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::CalendarStart;
use super::curve::{Curve, Piece};
use super::process::ProcessSpec;
use super::rate::{check_peak_rate, default_rate};
use super::rhythm::Rhythm;
use crate::kernel::Duration;
use crate::spec::{Problems, Rate};

/// A rate that changes at given times: a day's or a week's pattern on the virtual
/// calendar, or a load test's plan. Between changes arrivals are Poisson.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PiecewiseSpec {
    /// When the pattern repeats. With it, times count on the virtual calendar
    /// (UTC): from midnight for `1d`, from Monday for `1w`. Without it they count
    /// from the start of the run, and the last rate stays. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Duration>,
    /// Whether the rate jumps at each point or goes evenly from one to the next.
    /// Default: steps.
    pub shape: Shape,
    /// The rate from each time on, in order of time. Default: 20/s from 0s.
    pub points: Vec<RatePoint>,
}

/// How a rate goes from one point to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// It jumps.
    #[default]
    Steps,
    /// It goes evenly.
    Lines,
}

/// A rate from an instant on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatePoint {
    /// When.
    pub at: Duration,
    /// Rate of requests; may be 0.
    pub rate: Rate,
}

impl Default for PiecewiseSpec {
    fn default() -> Self {
        let point = RatePoint { at: Duration::ZERO, rate: default_rate() };
        PiecewiseSpec { period: None, shape: Shape::Steps, points: vec![point] }
    }
}

impl ProcessSpec for PiecewiseSpec {
    fn rhythm(&self) -> Rhythm {
        let changes = self.points.windows(2).any(|pair| pair[0].rate != pair[1].rate);
        match self.period {
            _ if !changes => Rhythm::Even,
            Some(period) => Rhythm::Every(period),
            None => Rhythm::Changing,
        }
    }

    fn check(&self, problems: &mut Problems) {
        if self.period.is_some_and(Duration::is_zero) {
            problems.at("period", |p| p.error("expected a duration longer than 0"));
        }
        problems.at("points", |p| {
            if self.points.is_empty() {
                p.error_help("there is no rate", "such as `- { at: 0h, rate: 20/s }`");
            }
            for (i, point) in self.points.iter().enumerate() {
                p.at(i, |p| {
                    p.at("rate", |p| check_peak_rate(point.rate, p));
                    p.at("at", |p| self.check_time(i, p));
                });
            }
            if !self.points.is_empty() && self.points.iter().all(|p| p.rate.per_sec() == 0.0) {
                p.error("no rate is above 0: nothing would ever arrive");
            }
        });
    }
}

impl PiecewiseSpec {
    fn check_time(&self, i: usize, problems: &mut Problems) {
        let at = self.points[i].at;
        if i > 0 && at <= self.points[i - 1].at {
            problems.error(format!("{at} is not after the point before it"));
        }
        if let Some(period) = self.period.filter(|period| at >= *period && !period.is_zero()) {
            problems.error(format!("{at} is past the period of {period}"));
        }
    }

    /// The process of a checked spec.
    pub(super) fn process(&self, start: CalendarStart) -> Curve {
        let rate = |point: &RatePoint| point.rate.per_sec() / 1e9;
        let nanos = |at: Duration| at.as_nanos() as f64;
        let mut pieces = Vec::new();
        let mut push = |from: &RatePoint, to: &RatePoint, length: f64| {
            if length > 0.0 {
                let end = if self.shape == Shape::Lines { to } else { from };
                pieces.push(Piece { length, from: rate(from), to: rate(end) });
            }
        };
        let (first, last) = (&self.points[0], &self.points[self.points.len() - 1]);
        let pairs = self.points.windows(2).map(|pair| (&pair[0], &pair[1]));
        if let Some(period) = self.period {
            for (from, to) in pairs {
                push(from, to, nanos(to.at) - nanos(from.at));
            }
            // From the last point over the end of the period to the first.
            push(last, first, nanos(period) - nanos(last.at) + nanos(first.at));
            let phase = start.phase(period).as_nanos() + period.as_nanos() - first.at.as_nanos();
            return Curve::new(pieces, true, (phase % period.as_nanos()) as f64);
        }
        // Before the first point its rate holds, and after the last its own.
        push(first, first, nanos(first.at));
        for (from, to) in pairs {
            push(from, to, nanos(to.at) - nanos(from.at));
        }
        push(last, last, f64::INFINITY);
        Curve::new(pieces, false, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    fn per_hour(yaml: &str, start: &str, hours: usize) -> Vec<u32> {
        let spec: PiecewiseSpec = serde_yaml::from_str(yaml).unwrap();
        let mut problems = Problems::default();
        spec.check(&mut problems);
        assert_eq!(problems.list(), []);
        let mut process = spec.process(CalendarStart(start.parse().unwrap()));
        let mut stream = Streams::new(1, 0).stream("workload.arrivals");
        let mut counts = vec![0; hours];
        while let Some(at) = process.next_at(&mut stream) {
            let Some(count) = counts.get_mut((at.0 / 3_600_000_000_000) as usize) else { break };
            *count += 1;
        }
        counts
    }

    fn near(count: u32, expected: f64) -> bool {
        (f64::from(count) - expected).abs() <= 3.3 * expected.sqrt()
    }

    #[test]
    fn a_day_s_pattern_follows_the_calendar() {
        let yaml = "{period: 1d, points: [{at: 8h, rate: 1/s}, {at: 20h, rate: 0/s}]}";
        let counts = per_hour(yaml, "2026-01-01T06:00:00Z", 48);
        for (hour, count) in counts.iter().enumerate() {
            let of_day = (hour + 6) % 24;
            let expected = if (8..20).contains(&of_day) { 3600.0 } else { 0.0 };
            assert!(near(*count, expected), "hour {hour}: {count}");
        }
    }

    #[test]
    fn a_week_begins_on_monday() {
        // 2026-01-04 is a Sunday.
        let yaml = "{period: 1w, points: [{at: 0h, rate: 1/s}, {at: 1d, rate: 0/s}]}";
        let counts = per_hour(yaml, "2026-01-04T22:00:00Z", 4);
        assert!(counts[1] == 0 && near(counts[2], 3600.0), "{counts:?}");
    }

    #[test]
    fn lines_go_evenly_and_the_last_rate_stays() {
        let yaml = "{shape: lines, points: [{at: 1h, rate: 0.1/s}, {at: 3h, rate: 0.5/s}]}";
        let counts = per_hour(yaml, "2026-01-01T00:00:00Z", 6);
        for (count, expected) in counts.iter().zip([360.0, 720.0, 1440.0, 1800.0, 1800.0]) {
            assert!(near(*count, expected), "{counts:?}");
        }
    }

    #[test]
    fn points_out_of_order_or_past_the_period_are_refused() {
        let yaml = "{period: 1h, points: [{at: 5m, rate: 1/s}, {at: 5m, rate: 1/s}, {at: 2h, rate: 1e99/s}]}";
        let spec: PiecewiseSpec = serde_yaml::from_str(yaml).unwrap();
        let mut problems = Problems::default();
        spec.check(&mut problems);
        let paths: Vec<String> = problems.list().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(paths, ["points.1.at", "points.2.rate", "points.2.at"]);
    }
}
