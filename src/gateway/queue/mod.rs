//! A bounded number of requests at the models, and a queue of those that wait to be let
//! through.
//!
//! | order | goes first | file |
//! |---|---|---|
//! | `arrival`, `deadline`, `priority` | who is most urgent, and of these who came first | here |
//! | `deficit_round_robin` | flows in turn, by tokens and weights | `deficit` |

mod deficit;
mod flows;
mod spec;

use std::collections::BTreeSet;

pub use flows::{FlowSums, fairness};
pub use spec::{DeficitSpec, FlowSpec, OrderSpec, QueueSpec};

use crate::cost::CostSpec;
use crate::kernel::{Duration, Time};
use crate::workload::{Incoming, User};
use deficit::DeficitRoundRobin;
use flows::Flows;
use spec::DEFAULT;

/// The names of the flows that a queue tells apart.
pub fn flow_names(
    spec: &QueueSpec,
    cost: &CostSpec,
    users: &[User],
    slo_classes: &[String],
) -> Vec<String> {
    Flows::new(spec.by, cost, users, slo_classes).names().to_vec()
}

/// A request that waits: where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// The less, the sooner.
    urgency: u64,
    /// By its coming.
    number: u64,
    flow: u32,
    /// The request's slot.
    slot: u32,
}

/// What becomes of a request that asks to be let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is let through; the number of its flow.
    Through(u32),
    /// It waits until [`Queue::pop`] names it.
    Waits(Waiting),
    /// The queue is full.
    Refused,
}

/// A gateway's queue during a run.
#[derive(Clone, Debug)]
pub struct Queue {
    concurrency: u32,
    capacity: u32,
    capacity_per_flow: u32,
    ttl: Option<Duration>,
    flows: Flows,
    /// By flow: how urgent its requests are, as [`Urgency`] says.
    urgencies: Vec<u64>,
    urgency: Urgency,
    line: Line,
    /// By flow: requests that wait.
    waiting: Vec<u32>,
    all_waiting: u32,
    taken: u32,
    came: u64,
    sums: Vec<FlowSums>,
}

/// What the urgency of a flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Urgency {
    /// A rank.
    Rank,
    /// Nanoseconds after a request's arrival.
    Deadline,
}

/// Those who wait.
#[derive(Clone, Debug)]
enum Line {
    Ordered(BTreeSet<Waiting>),
    Turns(DeficitRoundRobin),
}

impl Queue {
    /// Nobody is there. The spec must have passed its check.
    pub fn new(spec: &QueueSpec, cost: &CostSpec, users: &[User], slo_classes: &[String]) -> Self {
        let flows = Flows::new(spec.by, cost, users, slo_classes);
        let names = flows.names();
        let count = names.len();
        let (urgencies, urgency) = match &spec.order {
            OrderSpec::Arrival | OrderSpec::DeficitRoundRobin(_) => (vec![0; count], Urgency::Rank),
            OrderSpec::Deadline(deadlines) => {
                let of = |name: &String| {
                    let deadline = deadlines.get(name).or_else(|| deadlines.get(DEFAULT));
                    deadline.map_or(u64::MAX, |it| it.as_nanos())
                };
                (names.iter().map(of).collect(), Urgency::Deadline)
            }
            OrderSpec::Priority(list) => {
                let place = |name: &str| list.iter().position(|it| it == name);
                let rank = |name: &String| {
                    place(name).or_else(|| place(DEFAULT)).map_or(u64::MAX, |it| it as u64)
                };
                (names.iter().map(rank).collect(), Urgency::Rank)
            }
        };
        let line = match &spec.order {
            OrderSpec::DeficitRoundRobin(turns) => {
                let quantum = |name: &String| {
                    let weight = turns.weights.get(name).or_else(|| turns.weights.get(DEFAULT));
                    let weight = weight.map_or(1.0, |weight| weight.get());
                    (f64::from(turns.quantum) * weight) as u64
                };
                Line::Turns(DeficitRoundRobin::new(names.iter().map(quantum)))
            }
            _ => Line::Ordered(BTreeSet::new()),
        };
        Queue {
            concurrency: spec.concurrency,
            capacity: spec.capacity,
            capacity_per_flow: spec.capacity_per_flow.unwrap_or(u32::MAX),
            ttl: spec.ttl,
            urgencies,
            urgency,
            line,
            waiting: vec![0; count],
            all_waiting: 0,
            taken: 0,
            came: 0,
            sums: vec![FlowSums::default(); count],
            flows,
        }
    }

    /// The names of the flows.
    pub fn names(&self) -> &[String] {
        self.flows.names()
    }

    /// How the flows fared.
    pub fn sums(&self) -> &[FlowSums] {
        &self.sums
    }

    /// How long a request waits at most.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// Whether nobody is there.
    pub fn is_idle(&self) -> bool {
        self.all_waiting == 0 && self.taken == 0
    }

    /// A request, in `slot`, asks to be let through; of so many tokens, which count where
    /// it is measured.
    pub fn ask(&mut self, slot: u32, incoming: &Incoming, tokens: u64, measured: bool) -> Asked {
        let flow = self.flows.of(incoming);
        let index = flow as usize;
        let sums = &mut self.sums[index];
        sums.requests += u64::from(measured);
        if self.taken < self.concurrency && self.all_waiting == 0 {
            self.taken += 1;
            if measured {
                self.count(flow, Duration::ZERO, tokens);
            }
            return Asked::Through(flow);
        }
        if self.all_waiting >= self.capacity || self.waiting[index] >= self.capacity_per_flow {
            sums.refused += u64::from(measured);
            return Asked::Refused;
        }
        let urgency = match self.urgency {
            Urgency::Rank => self.urgencies[index],
            Urgency::Deadline => incoming.at.0.saturating_add(self.urgencies[index]),
        };
        let waiting = Waiting { urgency, number: self.came, flow, slot };
        self.came += 1;
        match &mut self.line {
            Line::Ordered(line) => _ = line.insert(waiting),
            Line::Turns(turns) => turns.push(waiting, tokens),
        }
        self.waiting[index] += 1;
        self.all_waiting += 1;
        Asked::Waits(waiting)
    }

    /// The slot of the next request that may go through now, and its flow.
    pub fn pop(&mut self) -> Option<(u32, u32)> {
        if self.all_waiting == 0 || self.taken >= self.concurrency {
            return None;
        }
        let Waiting { slot, flow, .. } = match &mut self.line {
            Line::Ordered(line) => line.pop_first()?,
            Line::Turns(turns) => turns.pop()?,
        };
        self.no_longer_waits(flow);
        self.taken += 1;
        Some((slot, flow))
    }

    /// A request waits no longer, and was not let through: it waited as long as it may, or
    /// nobody wants it any more.
    pub fn remove(&mut self, waiting: Waiting, expired_and_measured: bool) {
        match &mut self.line {
            Line::Ordered(line) => _ = line.remove(&waiting),
            Line::Turns(turns) => turns.remove(waiting),
        }
        self.no_longer_waits(waiting.flow);
        self.sums[waiting.flow as usize].expired += u64::from(expired_and_measured);
    }

    fn no_longer_waits(&mut self, flow: u32) {
        self.waiting[flow as usize] -= 1;
        self.all_waiting -= 1;
    }

    /// Counts a measured request that was let through.
    pub fn count(&mut self, flow: u32, waited: Duration, tokens: u64) {
        let sums = &mut self.sums[flow as usize];
        sums.tokens += tokens;
        sums.wait.record(waited);
    }

    /// A request that was let through has its answer, or none comes: it had waited, and
    /// came through at `since`.
    pub fn leave(
        &mut self,
        flow: u32,
        (waited, since): (Duration, Time),
        now: Time,
        measured: bool,
    ) {
        debug_assert!(self.taken > 0, "nobody leaves who was not let through");
        self.taken -= 1;
        if measured {
            self.sums[flow as usize].leave(waited, now - since);
        }
    }
}

#[cfg(test)]
mod tests;
