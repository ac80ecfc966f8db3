//! The replicas of a model: who is up, who gets a request, what each has done.
//!
//! A fleet owns no events: the system schedules crashes, repairs and the ends of
//! services, and tells the fleet when they come. Requests are known by a number
//! that the system gives them.

pub mod autoscale;
mod batching;
mod choice;
mod disaggregate;
mod node;
mod queue;

pub use autoscale::{AutoscaleSpec, Autoscaler, TargetSpec};
pub use batching::Batching;
pub use disaggregate::DisaggregateSpec;
pub use node::{Node, NodeStats, Phase, Server};
pub use queue::{PolicySpec, QueueSpec};

use super::balance::{Balancer, Load};
use super::resilience::{Breaker, ResilienceSpec};
use super::step::StepModel;
use super::{Replica, ServerSpec};
use crate::kernel::{Admission, Gauge, Streams, Ticket, Time};
use queue::SharedQueue;

/// The replicas of one model.
#[derive(Clone, Debug)]
pub struct Fleet {
    nodes: Vec<Node>,
    loads: Vec<Load>,
    balancer: Balancer,
    /// Where prompts are computed apart: how, and who balances the others.
    split: Option<(DisaggregateSpec, Balancer)>,
    /// Where requests wait before all replicas.
    queue: Option<SharedQueue>,
    /// Those that may get a request, in rising order; right before `valid_until`.
    available: Vec<u32>,
    valid_until: Time,
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
    /// `step` is that of its engines, if it has any.
    /// Streams are called `serving.NAME.*`.
    pub fn new(
        name: &str,
        spec: &ServerSpec,
        resilience: &ResilienceSpec,
        step: Option<&StepModel>,
        streams: &Streams,
    ) -> Self {
        let (first, most) = spec.replica_bounds();
        let breaker =
            resilience.allowed_fails.map(|allowed| Breaker::new(allowed, resilience.cooldown_time));
        let station = Replica::new(spec, streams.stream(&format!("serving.{name}.latency")));
        let node = |replica: u32| {
            let phase = if replica < first { Phase::Up } else { Phase::Off };
            let server = match (&spec.engine, step) {
                (Some(engine), Some(step)) => Server::Engine(Box::new(Batching::new(engine, step))),
                _ => Server::Station(Box::new(station.clone())),
            };
            Node::new(server, phase, breaker.clone())
        };
        let split = spec.disaggregate.clone().filter(|split| split.prefill > 0).map(|split| {
            let lots = streams.stream(&format!("serving.{name}.balance.decode"));
            (split, Balancer::new(&spec.balance, most, lots))
        });
        let lots = streams.stream(&format!("serving.{name}.balance"));
        Fleet {
            nodes: (0..most).map(node).collect(),
            loads: vec![Load::default(); most as usize],
            balancer: Balancer::new(&spec.balance, most, lots),
            split,
            queue: (spec.queue == QueueSpec::Shared)
                .then(|| SharedQueue::new(spec.queue_limit, spec.policy)),
            available: Vec::with_capacity(most as usize),
            valid_until: Time::ZERO,
            candidates: Vec::with_capacity(most as usize),
            up: Gauge::new(Time::ZERO, u64::from(first)),
            busy: Gauge::default(),
            under_way: Gauge::default(),
        }
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

    /// A replica, to be told of what happened.
    pub fn node_mut(&mut self, replica: u32) -> &mut Node {
        &mut self.nodes[replica as usize]
    }

    /// All replicas, for their statistics.
    pub fn nodes_mut(&mut self) -> &mut [Node] {
        &mut self.nodes
    }

    /// All replicas.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Requests under way at all replicas, and those that wait before them.
    pub fn outstanding(&self) -> u64 {
        let sent = self.loads.iter().map(|load| u64::from(load.outstanding)).sum::<u64>();
        sent + u64::from(self.queued())
    }

    /// Requests that wait before all replicas.
    pub fn queued(&self) -> u32 {
        self.queue.as_ref().map_or(0, SharedQueue::count)
    }

    /// The request that has waited longest before all replicas.
    pub fn first_queued(&self) -> Option<u32> {
        self.queue.as_ref().and_then(SharedQueue::first)
    }

    /// No replica has room for a request: it waits before them, unless that queue is full.
    /// `None` if there is no such queue.
    pub fn enqueue(&mut self, now: Time, job: u32, priority: u32) -> Option<Admission> {
        let admission = self.queue.as_mut()?.push(now, job, priority);
        self.under_way.add(now, i64::from(admission != Admission::Refused));
        Some(admission)
    }

    /// The request that has waited longest before all replicas leaves that queue.
    pub fn dequeue(&mut self, now: Time) {
        if let Some(queue) = &mut self.queue {
            queue.pop();
            self.under_way.add(now, -1);
        }
    }

    /// A request leaves the queue before all replicas unserved. False if it is not there.
    pub fn leave_shared(&mut self, now: Time, ticket: Ticket) -> bool {
        let found = self.queue.as_mut().is_some_and(|queue| queue.remove(ticket));
        self.under_way.add(now, -i64::from(found));
        found
    }

    /// Replicas that are up now.
    pub fn up(&self) -> u64 {
        self.up.level()
    }

    /// How loaded a replica is.
    pub fn load(&self, replica: u32) -> &Load {
        &self.loads[replica as usize]
    }

    /// The engine of a replica, if it has one.
    pub fn engine(&mut self, replica: u32) -> Option<&mut Batching> {
        match &mut self.nodes[replica as usize].server {
            Server::Engine(batching) => Some(batching),
            Server::Station(_) => None,
        }
    }

    /// Looks into the memory of a replica that has an engine.
    pub fn look_into_memory(&mut self, replica: u32) {
        if let Server::Engine(batching) = &self.nodes[replica as usize].server {
            self.loads[replica as usize].kv_tokens = batching.demand_tokens();
        }
    }

    /// Says what share of the prompt at hand each replica has.
    pub fn set_matched(&mut self, replica: u32, share: f32) {
        self.loads[replica as usize].matched = share;
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
        node.stats.requests += 1;
        if node.breaker.as_mut().is_some_and(Breaker::sent) {
            self.valid_until = Time::ZERO;
        }
        self.under_way.add(now, 1);
        let load = &mut self.loads[replica as usize];
        load.outstanding += 1;
        // What is in an engine's memory is looked up there.
        if matches!(node.server, Server::Station(_)) {
            load.kv_tokens += kv_tokens;
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
        let load = &mut self.loads[replica as usize];
        debug_assert!(load.outstanding > 0, "only who came can leave");
        load.outstanding -= 1;
        if matches!(self.nodes[replica as usize].server, Server::Station(_)) {
            load.kv_tokens -= kv_tokens;
        }
    }

    /// A replica answered a request.
    pub fn succeeded(&mut self, replica: u32) {
        let node = &mut self.nodes[replica as usize];
        node.stats.completed += 1;
        if node.breaker.as_mut().is_some_and(Breaker::succeeded) {
            self.valid_until = Time::ZERO;
        }
    }

    /// A replica failed a request.
    pub fn failed(&mut self, now: Time, replica: u32) {
        let node = &mut self.nodes[replica as usize];
        node.stats.failed += 1;
        if node.breaker.as_mut().is_some_and(|breaker| breaker.failed(now)) {
            self.valid_until = Time::ZERO;
        }
    }

    /// A request to a replica was called off by its client.
    pub fn called_off(&mut self, now: Time, replica: u32) {
        if let Some(breaker) = &mut self.nodes[replica as usize].breaker {
            breaker.called_off(now);
            self.valid_until = Time::ZERO;
        }
    }

    /// A replica goes into another phase.
    pub fn enter(&mut self, now: Time, replica: u32, phase: Phase) {
        let node = &mut self.nodes[replica as usize];
        let was = node.phase();
        node.enter(now, phase);
        self.up.add(now, i64::from(phase.serves()) - i64::from(was.serves()));
        self.valid_until = Time::ZERO;
    }

    /// Replicas that there should be: up, starting, or being repaired.
    pub fn wanted(&self) -> u32 {
        let wanted = |node: &&Node| !matches!(node.phase(), Phase::Off | Phase::Draining);
        self.nodes.iter().filter(wanted).count() as u32
    }

    /// The first replica that does this.
    pub fn first_in(&self, phase: Phase) -> Option<u32> {
        self.nodes.iter().position(|node| node.phase() == phase).map(|replica| replica as u32)
    }

    /// The last replica that does this.
    pub fn last_in(&self, phase: Phase) -> Option<u32> {
        self.nodes.iter().rposition(|node| node.phase() == phase).map(|replica| replica as u32)
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
        self.nodes.iter_mut().for_each(|node| node.reset_stats(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Duration;

    fn fleet(server: &str, resilience: &str) -> Fleet {
        let value = serde_yaml::from_str(server).unwrap();
        let spec =
            serde_yaml::with::singleton_map_recursive::deserialize::<_, serde_yaml::Value>(value)
                .unwrap();
        let resilience = serde_yaml::from_str(resilience).unwrap();
        Fleet::new("m", &spec, &resilience, None, &Streams::new(1, 0))
    }

    #[test]
    fn a_replica_that_is_down_or_draining_gets_nothing() {
        let mut fleet = fleet("{ replicas: 3 }", "{}");
        let now = Time(5);
        assert_eq!(fleet.available(now), [0, 1, 2]);
        fleet.enter(now, 1, Phase::Down);
        fleet.enter(now, 2, Phase::Draining);
        assert_eq!(fleet.available(now), [0]);
        assert_eq!(fleet.up(), 2, "one that drains still serves");
        assert_eq!(fleet.choose(now, 0, Some(0), 0), Some(0), "there is no other");
        fleet.enter(now, 0, Phase::Down);
        assert_eq!(fleet.choose(now, 0, None, 0), None);
        fleet.enter(now, 1, Phase::Up);
        assert_eq!(fleet.choose(now, 0, None, 0), Some(1));
    }

    #[test]
    fn a_replica_whose_breaker_opened_comes_back_for_one_trial() {
        let mut fleet = fleet("{ replicas: 2 }", "{ allowed_fails: 0, cooldown_time: 10s }");
        fleet.failed(Time::ZERO, 0);
        let almost = Time(Duration::from_secs(10).0 - 1);
        assert_eq!(fleet.available(almost), [1]);
        let now = Time::from_secs(10);
        assert_eq!(fleet.available(now), [0, 1]);
        assert_eq!(fleet.arrive(now, 0, 7, 0, 0), Admission::Start);
        assert_eq!(fleet.available(now), [1], "one trial");
        fleet.finish(now, 0, 0);
        fleet.succeeded(0);
        assert_eq!(fleet.available(now), [0, 1]);
    }

    #[test]
    fn load_is_what_came_and_has_not_left() {
        let mut fleet = fleet("{ replicas: 2, concurrency: 1, queue_limit: 1 }", "{}");
        let now = Time(1);
        assert_eq!(fleet.arrive(now, 0, 1, 100, 0), Admission::Start);
        let Admission::Queued(ticket) = fleet.arrive(now, 0, 2, 50, 0) else { panic!() };
        assert_eq!(fleet.arrive(now, 0, 3, 10, 0), Admission::Refused);
        assert_eq!((fleet.load(0).outstanding, fleet.load(0).kv_tokens), (2, 150));
        assert!(fleet.remove(now, 0, ticket, 50) && !fleet.remove(now, 0, ticket, 50));
        assert_eq!(fleet.finish(now, 0, 100), None);
        assert_eq!((fleet.outstanding(), fleet.load(0).kv_tokens), (0, 0));
    }
}
