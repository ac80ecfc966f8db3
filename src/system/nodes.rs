//! Replicas that come and go: crashes, repairs, starts, and the load by which
//! there are more or fewer.

use super::model::{Event, System};
use crate::kernel::{Duration, Scheduler};
use crate::pipeline::RequestError;
use crate::serving::fleet::{Phase, TargetSpec};

impl System<'_> {
    /// Schedules the first crash of each replica and the first look at load.
    pub(super) fn start_nodes(&mut self, sim: &mut Scheduler<Event>) {
        for model in 0..self.pool.fleets.len() as u32 {
            for replica in 0..self.pool.fleets[model as usize].len() {
                if self.pool.fleets[model as usize].node(replica).phase() == Phase::Up {
                    self.await_crash(model, replica, sim);
                }
            }
            self.await_look(model, sim);
            self.await_brown_outs(model, sim);
        }
    }

    /// Engines are looked at when a brown-out begins and ends: their steps get longer
    /// or shorter in the middle of requests.
    fn await_brown_outs(&mut self, model: u32, sim: &mut Scheduler<Event>) {
        let Some(faults) = &self.pool.faults[model as usize] else { return };
        if self.pool.engine_blocks[model as usize].is_none() {
            return;
        }
        for at in faults.changes() {
            for replica in 0..self.pool.fleets[model as usize].len() {
                let node = self.pool.node(model, replica) as u32;
                sim.schedule_at(at, Event::Slowness(node));
            }
        }
    }

    /// A brown-out begins or ends.
    pub(super) fn change_slowness(&mut self, node: u32, sim: &mut Scheduler<Event>) {
        let (model, replica) = self.pool.replica(node);
        let Some(faults) = &self.pool.faults[model as usize] else { return };
        let slowness = faults.slowness(replica, sim.now());
        if let Some(batching) = self.pool.fleets[model as usize].engine(replica) {
            batching.set_slowness(sim.now(), slowness);
            self.rewake(model, replica, sim);
        }
    }

    /// Whether nothing but timers is to come: then they need not go on.
    fn is_over(&self, sim: &Scheduler<Event>) -> bool {
        self.requests.is_empty() && sim.pending() == self.pool.idle_events
    }

    fn set_timer(&mut self, model: u32, replica: u32, after: Duration, sim: &mut Scheduler<Event>) {
        let node = self.pool.node(model, replica);
        debug_assert!(self.pool.timers[node].is_none(), "one timer at a time");
        self.pool.timers[node] = Some(sim.schedule_in(after, Event::Node(node as u32)));
        self.pool.idle_events += 1;
    }

    fn clear_timer(&mut self, model: u32, replica: u32, sim: &mut Scheduler<Event>) {
        let node = self.pool.node(model, replica);
        if let Some(timer) = self.pool.timers[node].take() {
            sim.cancel(timer);
            self.pool.idle_events -= 1;
        }
    }

    fn await_crash(&mut self, model: u32, replica: u32, sim: &mut Scheduler<Event>) {
        let faults = self.pool.faults[model as usize].as_mut();
        if let Some(after) = faults.and_then(|faults| faults.until_crash(replica)) {
            self.set_timer(model, replica, after, sim);
        }
    }

    /// A replica's timer: it is ready, crashes, or is repaired.
    pub(super) fn node_timer(&mut self, node: u32, sim: &mut Scheduler<Event>) {
        self.pool.timers[node as usize] = None;
        self.pool.idle_events -= 1;
        if self.is_over(sim) {
            return;
        }
        let (model, replica) = self.pool.replica(node);
        match self.pool.fleets[model as usize].node(replica).phase() {
            Phase::Starting | Phase::Down => self.come_up(model, replica, sim),
            Phase::Up | Phase::Draining => self.crash(model, replica, sim),
            Phase::Off => {}
        }
    }

    fn come_up(&mut self, model: u32, replica: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        self.enter(now, model, replica, Phase::Up);
        self.look_at_queue(model, now, sim);
        self.await_crash(model, replica, sim);
    }

    /// A replica crashes: all its requests are lost, and what it kept of prompts.
    fn crash(&mut self, model: u32, replica: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        let drained = self.pool.fleets[model as usize].node(replica).phase() == Phase::Draining;
        let phase = if drained { Phase::Off } else { Phase::Down };
        self.enter(now, model, replica, phase);
        if let Some(cache) = &mut self.prefixes[model as usize] {
            cache.clear(replica as usize);
        }
        if !drained && let Some(faults) = &mut self.pool.faults[model as usize] {
            let after = faults.until_repair(replica);
            self.set_timer(model, replica, after, sim);
        }
        let here = self.pool.attempts.iter();
        let here = here.filter(|(_, it)| it.model == model && it.replica == replica);
        let lost: Vec<u32> = here.map(|(slot, _)| slot as u32).collect();
        // First those that wait, so that no service begins on a replica that is down.
        let attempt = |system: &Self, slot: u32| system.pool.attempts[slot as usize];
        let mut served = Vec::new();
        for slot in &lost {
            if !self.leave_queue(*slot, now) {
                served.push(*slot);
            }
        }
        for slot in &served {
            self.free_server(&attempt(self, *slot), sim);
        }
        if let Some(batching) = self.pool.fleets[model as usize].engine(replica) {
            batching.crash(now);
            self.rewake(model, replica, sim);
        }
        for slot in lost {
            let pursuit = attempt(self, slot).pursuit;
            let measured = self.pool.pursuits[pursuit as usize].measured;
            self.measures.attempts.crashed += u64::from(measured);
            self.attempt_failed(slot, RequestError::Crashed, sim);
        }
    }

    /// A replica that drains goes when its last request has left.
    pub(super) fn leave_if_drained(
        &mut self,
        model: u32,
        replica: u32,
        sim: &mut Scheduler<Event>,
    ) {
        let fleet = &mut self.pool.fleets[model as usize];
        if fleet.node(replica).phase() == Phase::Draining && fleet.load(replica).outstanding == 0 {
            self.enter(sim.now(), model, replica, Phase::Off);
            self.clear_timer(model, replica, sim);
            if let Some(cache) = &mut self.prefixes[model as usize] {
                cache.clear(replica as usize);
            }
        }
    }

    fn await_look(&mut self, model: u32, sim: &mut Scheduler<Event>) {
        if let Some(scaler) = &self.pool.scalers[model as usize] {
            sim.schedule_in(scaler.spec().interval, Event::Scale(model));
            self.pool.idle_events += 1;
        }
    }

    /// Looks at a fleet's load: more replicas start, or some have nothing more to
    /// do.
    pub(super) fn scale(&mut self, model: u32, sim: &mut Scheduler<Event>) {
        self.pool.idle_events -= 1;
        if self.is_over(sim) {
            return;
        }
        let now = sim.now();
        let fleet = &mut self.pool.fleets[model as usize];
        let Some(scaler) = &mut self.pool.scalers[model as usize] else { return };
        let limit = fleet.node(0).server.limit();
        let (busy, outstanding) = fleet.take_load(now);
        let load = match (scaler.spec().target, limit) {
            (TargetSpec::Utilization(_), Some(limit)) => busy / f64::from(limit),
            _ => outstanding,
        };
        let current = fleet.wanted();
        let wanted = scaler.decide(now, current, load);
        let cold_start = scaler.spec().cold_start;
        for _ in current..wanted {
            self.add_replica(model, cold_start, sim);
        }
        for _ in wanted..current {
            self.remove_replica(model, sim);
        }
        self.await_look(model, sim);
    }

    /// One more: one that drains stays, or one that is off starts.
    fn add_replica(&mut self, model: u32, cold_start: Duration, sim: &mut Scheduler<Event>) {
        let fleet = &mut self.pool.fleets[model as usize];
        if let Some(replica) = fleet.first_in(Phase::Draining) {
            self.enter(sim.now(), model, replica, Phase::Up);
            self.look_at_queue(model, sim.now(), sim);
        } else if let Some(replica) = fleet.first_in(Phase::Off) {
            self.enter(sim.now(), model, replica, Phase::Starting);
            self.set_timer(model, replica, cold_start, sim);
        }
    }

    /// One fewer: one that is starting, or the last that is up.
    fn remove_replica(&mut self, model: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        let fleet = &mut self.pool.fleets[model as usize];
        if let Some(replica) = fleet.last_in(Phase::Starting) {
            self.enter(now, model, replica, Phase::Off);
            self.clear_timer(model, replica, sim);
        } else if let Some(replica) = fleet.last_in(Phase::Up) {
            self.enter(now, model, replica, Phase::Draining);
            self.leave_if_drained(model, replica, sim);
        }
    }
}
