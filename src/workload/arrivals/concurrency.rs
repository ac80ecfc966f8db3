//! Arrivals with a bound on how many requests are under way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::CalendarStart;
use super::closed_loop::check_clients;
use super::process::ProcessSpec;
use super::rhythm::Rhythm;
use super::{Arrivals, ArrivalsSpec};
use crate::kernel::{Stream, Time};
use crate::spec::Problems;

/// Requests of which only so many are under way: a client holds back what comes
/// beyond the limit, first come first served, until an answer arrives. It is the
/// `--max-concurrency` of load generators. A request's time begins when it is sent,
/// not when it is held back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConcurrencySpec {
    /// The most requests under way; a session counts as one from its first request
    /// to its last answer. Default: 10.
    pub limit: u32,
    /// When requests would be sent if there were no limit. Default: all at 0s, so
    /// that there are always as many under way as may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<Box<ArrivalsSpec>>,
}

impl Default for ConcurrencySpec {
    fn default() -> Self {
        ConcurrencySpec { limit: 10, arrivals: None }
    }
}

impl ProcessSpec for ConcurrencySpec {
    const WAITS_FOR_ANSWERS: bool = true;

    fn rhythm(&self) -> Rhythm {
        self.arrivals.as_ref().map_or(Rhythm::Even, |arrivals| arrivals.rhythm())
    }

    fn check(&self, problems: &mut Problems) {
        problems.at("limit", |p| check_clients(self.limit, p));
        if let Some(arrivals) = &self.arrivals {
            problems.at("arrivals", |p| {
                arrivals.check_open(p);
                arrivals.check(p);
            });
        }
    }
}

/// The requests that may be sent at once; each of the others takes the place of one
/// that was answered.
#[derive(Clone, Debug)]
pub struct Concurrency {
    /// Places that nobody took yet.
    free: u32,
    arrivals: Option<Box<Arrivals>>,
}

impl Concurrency {
    /// The process of a checked spec.
    pub(super) fn new(spec: &ConcurrencySpec, start: CalendarStart) -> Self {
        let arrivals = spec.arrivals.as_ref().map(|spec| Box::new(spec.process(start)));
        Concurrency { free: spec.limit, arrivals }
    }

    /// The next request that takes a free place.
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        self.free = self.free.checked_sub(1)?;
        self.wanted(stream)
    }

    /// The request that takes the place of one that was answered at `now`.
    ///
    /// Requests take freed places in their order, and each goes out when it has both
    /// come and a place; hence the later of the two times.
    pub fn instead_at(&mut self, now: Time, stream: &mut Stream) -> Option<Time> {
        Some(self.wanted(stream)?.max(now))
    }

    fn wanted(&mut self, stream: &mut Stream) -> Option<Time> {
        self.arrivals.as_mut().map_or(Some(Time::ZERO), |arrivals| arrivals.next_at(stream))
    }
}
