//! The deployment that was fastest of late.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Duration, Time};
use crate::spec::{NonNegative, Problems};

/// The lowest mean time per token of the answer, of the last answers of each deployment.
/// One that has slow answers among its last gets no more until all are forgotten.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LatencyBasedSpec {
    /// Deployments at most this share slower than the fastest are equals, of which any
    /// gets the request. Default 0.
    pub lowest_latency_buffer: NonNegative,
    /// Answers of each deployment that are remembered. Default 10.
    pub max_latency_list_size: u32,
    /// All is forgotten where the group had no answer for so long. Default 1h.
    pub ttl: Duration,
}

impl Default for LatencyBasedSpec {
    fn default() -> Self {
        LatencyBasedSpec {
            lowest_latency_buffer: NonNegative::ZERO,
            max_latency_list_size: 10,
            ttl: Duration::from_secs(3600),
        }
    }
}

impl LatencyBasedSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.max_latency_list_size == 0 {
            problems.at("max_latency_list_size", |p| p.error("expected at least 1 answer"));
        }
    }
}

/// What a timeout counts, in seconds per token.
const TIMED_OUT_S: f64 = 1000.0;

/// What is remembered of a group's answers.
#[derive(Clone, Debug)]
pub struct Latencies {
    spec: LatencyBasedSpec,
    /// By place in the group, in seconds.
    last: Vec<VecDeque<f64>>,
    until: Time,
}

impl Latencies {
    pub fn new(spec: &LatencyBasedSpec) -> Self {
        Latencies { spec: spec.clone(), last: Vec::new(), until: Time::ZERO }
    }

    /// Places with the lowest mean, or nearly so.
    pub fn retain_fastest(&mut self, candidates: &mut Vec<usize>, now: Time) {
        self.forget(now);
        let mean = |at: &usize| {
            let known = self.last.get(*at).filter(|known| !known.is_empty());
            known.map_or(0.0, |known| known.iter().sum::<f64>() / known.len() as f64)
        };
        let lowest = candidates.iter().map(mean).fold(f64::INFINITY, f64::min);
        let most = lowest + lowest * self.spec.lowest_latency_buffer.get();
        candidates.retain(|at| mean(at) <= most);
    }

    pub fn answered(&mut self, at: usize, now: Time, took: Duration, tokens: u64) {
        let seconds = took.as_secs_f64();
        self.note(at, now, if tokens > 0 { seconds / tokens as f64 } else { seconds });
    }

    pub fn timed_out(&mut self, at: usize, now: Time) {
        self.note(at, now, TIMED_OUT_S);
    }

    fn note(&mut self, at: usize, now: Time, seconds: f64) {
        self.forget(now);
        if self.last.len() <= at {
            self.last.resize_with(at + 1, VecDeque::new);
        }
        let known = &mut self.last[at];
        if known.len() >= self.spec.max_latency_list_size as usize {
            known.pop_front();
        }
        known.push_back(seconds);
        self.until = now.saturating_add(self.spec.ttl);
    }

    fn forget(&mut self, now: Time) {
        if now >= self.until {
            self.last.clear();
        }
    }
}
