//! Replicas that come and go: crashes, repairs, starts, and the load by which
//! there are more or fewer.

use super::Upstream;
use crate::kernel::{Duration, Time};
use crate::pipeline::RequestError;
use crate::serving::fleet::{Phase, TargetSpec};
use crate::system::agenda::Task;
use crate::system::context::Context;
use crate::system::event::Event;
use crate::system::ids::AttemptId;

impl Upstream {
    /// Schedules the first crash of each replica and the first look at load.
    pub fn start(&mut self, cx: &mut Context<'_, '_>) {
        for model in 0..self.models.len() as u32 {
            for replica in 0..self.models[model as usize].fleet.len() {
                if self.models[model as usize].fleet.node(replica).phase() == Phase::Up {
                    self.await_crash(model, replica, cx);
                }
            }
            self.await_look(model, cx);
            self.await_brown_outs(model, cx);
        }
    }

    /// Engines are looked at when a brown-out begins and ends: their steps get longer
    /// or shorter in the middle of requests.
    fn await_brown_outs(&mut self, model: u32, cx: &mut Context<'_, '_>) {
        let servers = &self.models[model as usize];
        let Some(faults) = &servers.faults else { return };
        if servers.engine_blocks.is_none() {
            return;
        }
        for at in faults.changes() {
            for replica in 0..servers.fleet.len() {
                cx.sim.schedule_at(at, Event::Slowdown(self.number(model, replica)));
            }
        }
    }

    /// A brown-out begins or ends.
    pub fn change_slowdown(&mut self, number: u32, cx: &mut Context<'_, '_>) {
        let (model, replica) = self.replica(number);
        let servers = &mut self.models[model as usize];
        let Some(faults) = &servers.faults else { return };
        let slowdown = faults.slowness(replica, cx.now());
        if let Some(batching) = servers.fleet.engine(replica) {
            batching.set_slowness(cx.now(), slowdown);
            self.rewake(model, replica, cx);
        }
    }

    /// Whether nobody is here and nobody is to come: then timers need not go on.
    fn is_over(cx: &Context<'_, '_>) -> bool {
        cx.requests.is_empty() && !cx.clients.awaits_something()
    }

    fn set_timer(&mut self, model: u32, replica: u32, after: Duration, cx: &mut Context<'_, '_>) {
        let number = self.number(model, replica);
        let timer = &mut self.replicas[number as usize].timer;
        debug_assert!(timer.is_none(), "one timer at a time");
        *timer = Some(cx.sim.schedule_in(after, Event::Replica(number)));
    }

    fn clear_timer(&mut self, model: u32, replica: u32, cx: &mut Context<'_, '_>) {
        let number = self.number(model, replica);
        if let Some(timer) = self.replicas[number as usize].timer.take() {
            cx.sim.cancel(timer);
        }
    }

    fn await_crash(&mut self, model: u32, replica: u32, cx: &mut Context<'_, '_>) {
        let faults = self.models[model as usize].faults.as_mut();
        if let Some(after) = faults.and_then(|faults| faults.until_crash(replica)) {
            self.set_timer(model, replica, after, cx);
        }
    }

    /// A replica's timer: it is ready, crashes, or is repaired.
    pub fn replica_timer(&mut self, number: u32, cx: &mut Context<'_, '_>) {
        self.replicas[number as usize].timer = None;
        if Self::is_over(cx) {
            return;
        }
        let (model, replica) = self.replica(number);
        match self.models[model as usize].fleet.node(replica).phase() {
            Phase::Starting | Phase::Down => self.come_up(model, replica, cx),
            Phase::Up | Phase::Draining => self.crash(model, replica, cx),
            Phase::Off => {}
        }
    }

    fn come_up(&mut self, model: u32, replica: u32, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        self.enter(model, replica, Phase::Up, cx);
        self.look_at_queue(model, now, cx);
        self.await_crash(model, replica, cx);
    }

    /// A replica crashes: all its requests are lost, and what it kept of prompts.
    fn crash(&mut self, model: u32, replica: u32, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        let drained = self.models[model as usize].fleet.node(replica).phase() == Phase::Draining;
        let phase = if drained { Phase::Off } else { Phase::Down };
        self.enter(model, replica, phase, cx);
        let servers = &mut self.models[model as usize];
        if let Some(cache) = &mut servers.prefixes {
            cache.clear(replica as usize);
        }
        if !drained && let Some(faults) = &mut servers.faults {
            let after = faults.until_repair(replica);
            self.set_timer(model, replica, after, cx);
        }
        let number = self.number(model, replica) as usize;
        if self.replicas[number].working {
            self.last_work = now;
        }
        let mut lost: Vec<AttemptId> = self.replicas[number].attempts.clone();
        lost.sort_unstable_by_key(|id| id.slot());
        // First those that wait, so that no service begins on a replica that is down.
        let mut served = lost.clone();
        served.retain(|id| !self.leave_queue(*id, cx));
        for id in served {
            self.free_server(id, cx);
        }
        debug_assert!(self.replicas[number].attempts.is_empty(), "nobody is left there");
        if let Some(batching) = self.models[model as usize].fleet.engine(replica) {
            batching.crash(now);
            self.rewake(model, replica, cx);
        }
        for id in lost.into_iter().rev() {
            cx.agenda.push(Task::AttemptFailed(id, RequestError::Crashed));
        }
    }

    /// A replica that drains goes when its last request has left.
    pub(super) fn leave_if_drained(&mut self, model: u32, replica: u32, cx: &mut Context<'_, '_>) {
        let fleet = &self.models[model as usize].fleet;
        if fleet.node(replica).phase() == Phase::Draining && fleet.load(replica).outstanding == 0 {
            self.enter(model, replica, Phase::Off, cx);
            self.clear_timer(model, replica, cx);
            let servers = &mut self.models[model as usize];
            if let Some(cache) = &mut servers.prefixes {
                cache.clear(replica as usize);
            }
            // A step may still run for requests that were given up.
            if let Some(batching) = servers.fleet.engine(replica) {
                batching.crash(cx.sim.now());
                self.rewake(model, replica, cx);
            }
        }
    }

    fn await_look(&mut self, model: u32, cx: &mut Context<'_, '_>) {
        if let Some(scaler) = &self.models[model as usize].scaler {
            cx.sim.schedule_in(scaler.spec().interval, Event::Scale(model));
        }
    }

    /// Looks at a fleet's load: more replicas start, or some have nothing more to
    /// do.
    pub fn scale(&mut self, model: u32, cx: &mut Context<'_, '_>) {
        if Self::is_over(cx) {
            return;
        }
        let now = cx.now();
        let servers = &mut self.models[model as usize];
        let fleet = &mut servers.fleet;
        let Some(scaler) = &mut servers.scaler else { return };
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
            self.add_replica(model, cold_start, cx);
        }
        for _ in wanted..current {
            self.remove_replica(model, cx);
        }
        self.await_look(model, cx);
    }

    /// One more: one that drains stays, or one that is off starts.
    fn add_replica(&mut self, model: u32, cold_start: Duration, cx: &mut Context<'_, '_>) {
        let fleet = &self.models[model as usize].fleet;
        if let Some(replica) = fleet.first_in(Phase::Draining) {
            self.enter(model, replica, Phase::Up, cx);
            self.look_at_queue(model, cx.now(), cx);
        } else if let Some(replica) = fleet.first_in(Phase::Off) {
            self.enter(model, replica, Phase::Starting, cx);
            self.set_timer(model, replica, cold_start, cx);
        }
    }

    /// One fewer: one that is starting, or the last that is up.
    fn remove_replica(&mut self, model: u32, cx: &mut Context<'_, '_>) {
        let fleet = &self.models[model as usize].fleet;
        if let Some(replica) = fleet.last_in(Phase::Starting) {
            self.enter(model, replica, Phase::Off, cx);
            self.clear_timer(model, replica, cx);
        } else if let Some(replica) = fleet.last_in(Phase::Up) {
            self.enter(model, replica, Phase::Draining, cx);
            self.leave_if_drained(model, replica, cx);
        }
    }

    /// A replica goes into another phase, for the fleet and those who look on.
    fn enter(&mut self, model: u32, replica: u32, phase: Phase, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        let servers = &mut self.models[model as usize];
        let node = servers.fleet.node(replica);
        let (was, since) = (node.phase(), node.since());
        servers.fleet.enter(now, replica, phase);
        cx.observers.trace_phase(model, replica, was, since, now);
        if let Some(monitors) = &mut cx.observers.monitors {
            monitors.enter(now, (model, replica), was, phase);
        }
        let (up, width) = (servers.fleet.up() as u32, servers.width);
        let before = std::mem::replace(&mut servers.counted, up);
        let paid_for = servers.fleet.paid_for();
        let paid_before = std::mem::replace(&mut servers.paid_for, paid_for);
        let more = (i128::from(paid_for) - i128::from(paid_before)) * servers.per_hour;
        cx.observers.timeline.serve(now, |serving| {
            serving.replicas = serving.replicas + up - before;
            serving.servers = serving.servers + up * width - before * width;
            serving.per_hour += more;
        });
    }

    /// The end of the run: what replicas are doing still.
    pub fn trace_end(&self, observers: &mut crate::system::measure::Observers<'_>, over: Time) {
        for (model, servers) in self.models.iter().enumerate() {
            for (replica, node) in servers.fleet.nodes().iter().enumerate() {
                let (model, replica) = (model as u32, replica as u32);
                observers.trace_phase(model, replica, node.phase(), node.since(), over);
            }
        }
    }
}
