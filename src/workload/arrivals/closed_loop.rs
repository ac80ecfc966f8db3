//! A closed loop: clients that wait for each answer before they ask again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::process::ProcessSpec;
use crate::kernel::{Duration, Stream, Time};
use crate::spec::Problems;
use crate::workload::duration_distribution::{ExponentialSpanSpec, Span, SpanSpec};

/// The most clients: each is kept in memory.
const MOST: u32 = 10_000_000;

/// A fixed number of clients, each of which thinks, asks, waits for the answer, and
/// thinks again: the load falls when answers are late (Little's law for closed
/// systems: throughput = clients / (think time + response time)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClosedLoopSpec {
    /// How many clients there are. Default: 10.
    pub clients: u32,
    /// How long a client thinks between an answer and its next request, or between
    /// two sessions. Default: `exponential: { mean: 10s }`.
    pub think_time: SpanSpec,
    /// Over which time the first requests are spread evenly. Default: each comes
    /// after a think time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramp_up: Option<Duration>,
}

impl Default for ClosedLoopSpec {
    fn default() -> Self {
        let mean = Duration::from_secs(10);
        let think_time = SpanSpec::Exponential(ExponentialSpanSpec { mean });
        ClosedLoopSpec { clients: 10, think_time, ramp_up: None }
    }
}

impl ProcessSpec for ClosedLoopSpec {
    const WAITS_FOR_ANSWERS: bool = true;

    fn check(&self, problems: &mut Problems) {
        problems.at("clients", |p| check_clients(self.clients, p));
        problems.at("think_time", |p| self.think_time.check(p));
    }
}

/// At least one, and no more than fit into memory.
pub(super) fn check_clients(clients: u32, problems: &mut Problems) {
    if !(1..=MOST).contains(&clients) {
        problems.error_help(format!("{clients} is out of range"), format!("expected 1 to {MOST}"));
    }
}

/// The first request of each client; the others follow their answers.
#[derive(Clone, Debug)]
pub struct ClosedLoop {
    clients: u32,
    think: Span,
    ramp_up: Option<Duration>,
    /// In falling order; `None` until the first is asked for.
    starts: Option<Vec<Time>>,
}

impl ClosedLoop {
    /// The clients of a checked spec.
    pub(super) fn new(spec: &ClosedLoopSpec) -> Self {
        let think = spec.think_time.distribution();
        ClosedLoop { clients: spec.clients, think, ramp_up: spec.ramp_up, starts: None }
    }

    /// How long clients think.
    pub(in crate::workload) fn think(&self) -> Span {
        self.think
    }

    /// The next client's first request.
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        let ClosedLoop { clients, think, ramp_up, starts } = self;
        let starts = starts.get_or_insert_with(|| {
            let clients = u64::from(*clients);
            let start = |client| match ramp_up {
                Some(over) => {
                    let spread = u128::from(over.as_nanos()) * u128::from(client);
                    Time((spread / u128::from(clients)) as u64)
                }
                None => Time::ZERO + think.draw(stream),
            };
            let mut starts: Vec<Time> = (0..clients).map(start).collect();
            starts.sort_unstable_by(|a, b| b.cmp(a));
            starts
        });
        starts.pop()
    }
}
