//! The replicas of a model: who is up, who gets a request, what each has done.
//!
//! A fleet owns no events: the system schedules crashes, repairs and the ends of
//! services, and tells the fleet when they come. Requests are known by a number
//! that the system gives them.
//!
//! Loads are kept as they change, and so is who may get a request. What an engine has in
//! memory changes with whatever is done with it: [`Fleet::engine`] gives it out and marks
//! it, and the next choice looks again at those that are marked, where it matters.

pub mod autoscale;
mod availability;
mod batching;
mod choice;
mod disaggregate;
mod holders;
mod marks;
mod node;
mod queue;
mod shared_queue;

#[cfg(test)]
mod tests;

pub use autoscale::{AutoscaleSpec, Autoscaler, TargetSpec};
pub use batching::Batching;
pub use disaggregate::DisaggregateSpec;
pub use node::{Node, Phase, Server};
pub use queue::{PolicySpec, QueueSpec};

use std::collections::BTreeSet;

use super::balance::{Balancer, Load, Loads, Needs};
use super::resilience::{Breaker, Failure};
use super::step::StepModel;
use super::{Replica, ServerSpec};
use crate::kernel::{Admission, Gauge, Streams, Ticket, Time};
use availability::Availability;
use holders::Holders;
use marks::Marks;
use queue::SharedQueue;

/// Up to so many engines are asked for each prompt what they have of it: an index of that
/// costs something for each block.
const FEW: u32 = 128;

/// The replicas of one model.
#[derive(Clone, Debug)]
pub struct Fleet {
    nodes: Vec<Node>,
    loads: Loads,
    balancer: Balancer,
    needs: Needs,
    /// Where prompts are computed apart: how, and who balances the others.
    split: Option<(DisaggregateSpec, Balancer)>,
    /// Where requests wait before all replicas.
    queue: Option<SharedQueue>,
    /// Who may get a request.
    availability: Availability,
    /// Engines whose load may have changed, where that matters for a choice.
    stale: Option<Marks>,
    /// Which engines have which blocks, if it matters, and how many tokens are in one.
    holders: Option<(Holders, u32)>,
    /// The replicas in each phase.
    phases: [BTreeSet<u32>; Phase::ALL],
    /// Room for those that may get this request.
    candidates: Vec<u32>,
    /// Replicas that are up.
    up: Gauge,
    /// Requests being worked on, and under way, since the last look at load.
    busy: Gauge,
    under_way: Gauge,
}

impl Fleet {
    /// The replicas of the model called `name`; those that it begins with are up.
    /// `step` is that of its engines, if it has any; `breaker` leaves out replicas that fail.
    /// Streams are called `serving.NAME.*`.
    pub fn new(
        name: &str,
        spec: &ServerSpec,
        breaker: Option<Breaker>,
        step: Option<&StepModel>,
        streams: &Streams,
    ) -> Self {
        let ask_each = spec.replica_bounds().1 <= FEW;
        Fleet::build(name, spec, breaker, step, streams, ask_each)
    }

    /// The same; `ask_each` engine for what it has of a prompt, or keep an index of that.
    fn build(
        name: &str,
        spec: &ServerSpec,
        breaker: Option<Breaker>,
        step: Option<&StepModel>,
        streams: &Streams,
        ask_each: bool,
    ) -> Self {
        let (first, most) = spec.replica_bounds();
        let station = Replica::new(spec, streams.stream(&format!("serving.{name}.latency")));
        let needs = spec.balance.needs();
        let shared = spec.queue == QueueSpec::Shared;
        let engine = spec.engine.as_ref().zip(step);
        let looks_inside = engine.is_some() && (needs.kv_tokens || needs.matched || shared);
        let holders = engine.filter(|_| needs.matched && !ask_each);
        let phase = |replica: u32| if replica < first { Phase::Up } else { Phase::Off };
        let node = |replica: u32| {
            let server = match engine {
                Some((engine, step)) => {
                    Server::Engine(Box::new(Batching::new(engine, step, holders.is_some())))
                }
                None => Server::Station(Box::new(station.clone())),
            };
            Node::new(server, phase(replica), breaker.clone())
        };
        let split = spec.disaggregate.clone().filter(|split| split.prefill > 0);
        let first_side = split.as_ref().map_or(most, |split| split.prefill.min(most));
        let balancer = |part: &str| {
            let lots = streams.stream(&format!("serving.{name}.balance{part}"));
            Balancer::new(&spec.balance, most, lots)
        };
        let mut fleet = Fleet {
            nodes: (0..most).map(node).collect(),
            loads: Loads::new(most, first_side, needs, shared),
            balancer: balancer(""),
            needs,
            split: split.map(|split| (split, balancer(".decode"))),
            queue: shared.then(|| SharedQueue::new(spec.queue_limit, spec.policy)),
            availability: Availability::new(most),
            stale: looks_inside.then(|| Marks::all(most)),
            holders: holders.map(|(engine, _)| (Holders::new(most), engine.tokens_per_id())),
            phases: Default::default(),
            candidates: Vec::with_capacity(if shared { most as usize } else { 0 }),
            up: Gauge::new(Time::ZERO, u64::from(first)),
            busy: Gauge::default(),
            under_way: Gauge::default(),
        };
        for replica in 0..most {
            fleet.phases[phase(replica) as usize].insert(replica);
            fleet.update_station(replica);
        }
        fleet
    }

    /// How many replicas there may be.
    pub fn len(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// Whether there may be none: never.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A replica.
    pub fn node(&self, replica: u32) -> &Node {
        &self.nodes[replica as usize]
    }

    /// All replicas, for their statistics.
    pub fn nodes_mut(&mut self) -> &mut [Node] {
        self.stale.iter_mut().for_each(Marks::mark_all);
        &mut self.nodes
    }

    /// All replicas.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Requests under way at all replicas, and those that wait before them.
    pub fn outstanding(&self) -> u64 {
        self.loads.all_outstanding() + u64::from(self.queued())
    }

    /// Replicas that are up now.
    pub fn up(&self) -> u64 {
        self.up.level()
    }

    /// How loaded a replica is; what is in an engine's memory, as of the last choice for
    /// which it mattered.
    pub fn load(&self, replica: u32) -> Load {
        self.loads.get(replica)
    }

    /// The engine of a replica, if it has one.
    pub fn engine(&mut self, replica: u32) -> Option<&mut Batching> {
        match &mut self.nodes[replica as usize].server {
            Server::Engine(batching) => {
                self.stale.iter_mut().for_each(|stale| stale.mark(replica));
                Some(batching)
            }
            Server::Station(_) => None,
        }
    }

    /// A request comes to a replica. On [`Admission::Start`] its service begins
    /// now, and the caller schedules its end.
    pub fn arrive(
        &mut self,
        now: Time,
        replica: u32,
        job: u32,
        kv_tokens: u64,
        priority: u32,
    ) -> Admission {
        let node = &mut self.nodes[replica as usize];
        let admission = match &mut node.server {
            Server::Station(station) => station.arrive(now, job, priority),
            // What goes on in an engine is its own matter.
            Server::Engine(_) => Admission::Start,
        };
        if admission == Admission::Refused {
            return admission;
        }
        self.busy.add(now, i64::from(admission == Admission::Start));
        self.join(now, replica, kv_tokens);
        admission
    }

    /// A request is a replica's from now on.
    fn join(&mut self, now: Time, replica: u32, kv_tokens: u64) {
        let node = &mut self.nodes[replica as usize];
        if node.breaker.as_mut().is_some_and(Breaker::sent) {
            self.availability.touch(replica);
        }
        self.under_way.add(now, 1);
        self.loads.join(replica);
        self.add_tokens(replica, kv_tokens as i64);
        self.update_station(replica);
    }

    /// The tokens before a station; what is in an engine's memory is looked up there.
    fn add_tokens(&mut self, replica: u32, tokens: i64) {
        if matches!(self.nodes[replica as usize].server, Server::Station(_)) {
            let before = self.loads.get(replica).kv_tokens;
            self.loads.set_kv_tokens(replica, before.wrapping_add_signed(tokens));
        }
    }

    /// Before replicas that share a queue, a station has room for any prompt or for none.
    fn update_station(&mut self, replica: u32) {
        if self.queue.is_some()
            && let Server::Station(station) = &self.nodes[replica as usize].server
        {
            let outstanding = self.loads.outstanding(replica);
            let free = station.limit().is_none_or(|limit| outstanding < limit);
            self.loads.set_room(replica, free.then_some(u64::MAX));
        }
    }

    /// A service ends, well or not. Returns the request whose service begins now
    /// on the same replica, if any waited.
    pub fn finish(&mut self, now: Time, replica: u32, kv_tokens: u64) -> Option<u32> {
        self.leave(now, replica, kv_tokens);
        let next = match &mut self.nodes[replica as usize].server {
            Server::Station(station) => station.finish(now),
            Server::Engine(_) => None,
        };
        self.busy.add(now, -i64::from(next.is_none()));
        next
    }

    /// A request leaves the queue unserved. False if it is not there.
    pub fn remove(&mut self, now: Time, replica: u32, ticket: Ticket, kv_tokens: u64) -> bool {
        let Server::Station(station) = &mut self.nodes[replica as usize].server else {
            return false;
        };
        let found = station.remove(now, ticket).is_some();
        if found {
            self.leave(now, replica, kv_tokens);
        }
        found
    }

    fn leave(&mut self, now: Time, replica: u32, kv_tokens: u64) {
        self.under_way.add(now, -1);
        self.loads.leave(replica);
        self.add_tokens(replica, -(kv_tokens as i64));
        self.update_station(replica);
    }

    /// A replica answered a request.
    pub fn succeeded(&mut self, now: Time, replica: u32) {
        let node = &mut self.nodes[replica as usize];
        if node.breaker.as_mut().is_some_and(|breaker| breaker.succeeded(now)) {
            self.availability.touch(replica);
        }
    }

    /// A replica failed or refused a request, which is held against it.
    pub fn failed(&mut self, now: Time, replica: u32, failure: Failure) {
        let node = &mut self.nodes[replica as usize];
        if node.breaker.as_mut().is_some_and(|breaker| breaker.failed(now, failure)) {
            self.availability.touch(replica);
        }
    }

    /// A request to a replica was called off by its client.
    pub fn called_off(&mut self, now: Time, replica: u32) {
        if let Some(breaker) = &mut self.nodes[replica as usize].breaker {
            breaker.called_off(now);
            self.availability.touch(replica);
        }
    }

    /// A replica goes into another phase.
    pub fn enter(&mut self, now: Time, replica: u32, phase: Phase) {
        let node = &mut self.nodes[replica as usize];
        let was = node.phase();
        node.enter(now, phase);
        self.phases[was as usize].remove(&replica);
        self.phases[phase as usize].insert(replica);
        self.up.add(now, i64::from(phase.serves()) - i64::from(was.serves()));
        self.availability.touch(replica);
    }

    /// Replicas that there should be: up, starting, or being repaired.
    pub fn wanted(&self) -> u32 {
        let unwanted = [Phase::Off, Phase::Draining].map(|phase| self.phases[phase as usize].len());
        self.len() - unwanted.iter().sum::<usize>() as u32
    }

    /// The first replica that does this.
    pub fn first_in(&self, phase: Phase) -> Option<u32> {
        self.phases[phase as usize].first().copied()
    }

    /// The last replica that does this.
    pub fn last_in(&self, phase: Phase) -> Option<u32> {
        self.phases[phase as usize].last().copied()
    }

    /// Replicas that are paid for: those that start, drain or are down among them.
    pub fn paid_for(&self) -> u32 {
        self.len() - self.phases[Phase::Off as usize].len() as u32
    }

    /// The window closes then: later time of replicas is neither counted nor paid for.
    pub fn close_at(&mut self, closes: Time) {
        self.nodes_mut().iter_mut().for_each(|node| node.close_at(closes));
    }

    /// The mean numbers of requests being worked on and under way since the last
    /// call.
    pub fn take_load(&mut self, now: Time) -> (f64, f64) {
        let load = (self.busy.mean(now), self.under_way.mean(now));
        self.busy.reset(now);
        self.under_way.reset(now);
        load
    }

    /// Forgets the statistics, not the requests: the end of the warm-up.
    pub fn reset_stats(&mut self, now: Time) {
        self.up.reset(now);
        self.nodes_mut().iter_mut().for_each(|node| node.reset_stats(now));
    }
}
