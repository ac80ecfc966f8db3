//! Arrivals at a rate that swings, as between day and night.

use std::f64::consts::TAU;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::CalendarStart;
use super::clock::GapClock;
use super::process::ProcessSpec;
use super::rate::{check_rate, default_rate};
use super::rhythm::Rhythm;
use crate::kernel::{Duration, Stream, Time};
use crate::spec::{Fraction, Problems, Rate};

/// A rate that swings evenly around its mean, on the virtual calendar (UTC).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SinusoidalSpec {
    /// Mean rate of requests. Default: 20/s.
    pub mean: Rate,
    /// How far the rate swings, as a share of the mean: 0.5 goes from half the
    /// mean to one and a half of it. Default: 0.5.
    pub amplitude: Fraction,
    /// How long a swing takes. Default: 1d.
    pub period: Duration,
    /// When the rate is highest, counted from midnight (from Monday for `1w`).
    /// Default: 14h.
    pub peak: Duration,
}

impl Default for SinusoidalSpec {
    fn default() -> Self {
        SinusoidalSpec {
            mean: default_rate(),
            amplitude: Fraction::try_from(0.5).expect("0.5 is a fraction"),
            period: Duration::from_secs(86_400),
            peak: Duration::from_secs(14 * 3600),
        }
    }
}

impl ProcessSpec for SinusoidalSpec {
    fn rhythm(&self) -> Rhythm {
        if self.amplitude.get() > 0.0 { Rhythm::Every(self.period) } else { Rhythm::Even }
    }

    fn check(&self, problems: &mut Problems) {
        problems.at("mean", |p| check_rate(self.mean, p));
        if self.period.is_zero() {
            problems.at("period", |p| p.error("expected a duration longer than 0"));
        }
    }
}

/// A Poisson process of swinging rate, by thinning: candidates come at the
/// highest rate, and each stays with the probability rate / highest rate (Lewis
/// and Shedler, "Simulation of nonhomogeneous Poisson processes by thinning",
/// Naval Research Logistics Quarterly 26, 1979).
#[derive(Clone, Debug)]
pub struct Sinusoidal {
    candidate_gap_ns: f64,
    amplitude: f64,
    period: u64,
    /// From the last peak to the start of the run, in nanoseconds.
    since_peak: u64,
    clock: GapClock,
}

impl Sinusoidal {
    /// The process of a checked spec.
    pub(super) fn new(spec: &SinusoidalSpec, start: CalendarStart) -> Self {
        let period = spec.period.as_nanos();
        let phase = start.phase(spec.period).as_nanos();
        let amplitude = spec.amplitude.get();
        Sinusoidal {
            candidate_gap_ns: 1e9 / (spec.mean.per_sec() * (1.0 + amplitude)),
            amplitude,
            period,
            since_peak: (phase + period - spec.peak.as_nanos() % period) % period,
            clock: GapClock::default(),
        }
    }

    /// The next arrival; [`Time::MAX`] when virtual time is at its end.
    #[inline]
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        loop {
            let at = self.clock.advance(stream.exponential(self.candidate_gap_ns));
            if at == Time::MAX {
                return Some(at);
            }
            let within = (at.0 % self.period + self.since_peak) as f64 / self.period as f64;
            let rate = 1.0 + self.amplitude * libm::cos(TAU * within);
            if stream.uniform() * (1.0 + self.amplitude) < rate {
                return Some(at);
            }
        }
    }
}
