//! Poisson arrivals: exponential gaps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clock::GapClock;
use super::process::ProcessSpec;
use super::rate::{check_rate, default_rate};
use crate::kernel::{Stream, Time};
use crate::spec::{Problems, Rate};

/// Requests of many independent clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoissonSpec {
    /// Mean rate of requests. Default: 20/s.
    pub rate: Rate,
}

impl Default for PoissonSpec {
    fn default() -> Self {
        PoissonSpec { rate: default_rate() }
    }
}

impl ProcessSpec for PoissonSpec {
    fn check(&self, problems: &mut Problems) {
        problems.at("rate", |p| check_rate(self.rate, p));
    }

    fn at_rate(&self, rate: Rate) -> Option<Self> {
        Some(PoissonSpec { rate })
    }
}

/// A Poisson process.
#[derive(Clone, Debug)]
pub struct Poisson {
    mean_gap_ns: f64,
    clock: GapClock,
}

impl Poisson {
    /// The process of this rate, greater than 0.
    pub fn new(rate: Rate) -> Self {
        Poisson { mean_gap_ns: 1e9 / rate.per_sec(), clock: GapClock::default() }
    }

    /// The next arrival, or `None` when virtual time is at its end.
    #[inline]
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        Some(self.clock.advance(stream.exponential(self.mean_gap_ns)))
    }
}
