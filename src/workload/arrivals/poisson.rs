//! Poisson arrivals: exponential gaps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Stream, Time};
use crate::spec::Rate;

/// Requests of many independent clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoissonSpec {
    /// Mean rate of requests. Default: 20/s.
    pub rate: Rate,
}

impl Default for PoissonSpec {
    fn default() -> Self {
        PoissonSpec { rate: super::default_rate() }
    }
}

/// A Poisson process, floored to nanoseconds: what a floor takes from one gap
/// is carried to the next, so that no rate is too high to be met on average.
#[derive(Clone, Debug)]
pub struct Poisson {
    mean_gap_ns: f64,
    carry_ns: f64,
    now: u64,
}

impl Poisson {
    /// The process of this rate, greater than 0.
    pub fn new(rate: Rate) -> Self {
        Poisson { mean_gap_ns: 1e9 / rate.per_sec(), carry_ns: 0.0, now: 0 }
    }

    /// The next arrival, or `None` when virtual time is at its end.
    #[inline]
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        let gap = stream.exponential(self.mean_gap_ns) + self.carry_ns;
        let whole = gap as u64;
        self.carry_ns = gap - whole as f64;
        self.now = self.now.checked_add(whole)?;
        Some(Time(self.now))
    }
}
