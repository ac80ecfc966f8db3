//! The queue before all replicas of a model, from which the first that has room takes
//! the first that waits.
//!
//! Whatever may have given a replica room schedules a look at the queue, which comes
//! after all else that happens at that instant.

use super::attempt::kv_tokens;
use super::{Attempt, Place, Upstream};
use crate::kernel::Time;
use crate::system::agenda::Task;
use crate::system::context::Context;
use crate::system::event::Event;
use crate::system::ids::AttemptId;

impl Upstream {
    /// Has the queue before a model's replicas looked at, at the latest `at`; never if
    /// nobody waits.
    pub(super) fn look_at_queue(&mut self, model: u32, at: Time, cx: &mut Context<'_, '_>) {
        let servers = &mut self.models[model as usize];
        if servers.fleet.queued() == 0 {
            return;
        }
        let at = at.max(cx.now());
        let known = servers.dispatch;
        if at == Time::MAX || known.is_some_and(|(known, _)| known <= at) {
            return;
        }
        if let Some((_, event)) = known {
            cx.sim.cancel(event);
        }
        servers.dispatch = Some((at, cx.sim.schedule_late_at(at, Event::Dispatch(model))));
    }

    /// Gives those that wait before a model's replicas to them while one has room.
    pub(super) fn dispatch(&mut self, model: u32, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        self.models[model as usize].dispatch = None;
        while let Some(id) = self.first_queued(model) {
            let inference = &self.inferences[self.attempts[id].inference];
            let (others, measured) = (inference.waiting_for, inference.measured);
            let incoming = &cx.requests[inference.request].incoming;
            let not = self.replica_beside(others, model);
            let affinity = self.prepare_choice(incoming, model, cx.clients);
            let priority = cx.clients.priority(incoming);
            let tokens = kv_tokens(incoming);
            let fleet = &mut self.models[model as usize].fleet;
            let Some(replica) = fleet.choose(now, affinity, not, tokens) else {
                // A circuit breaker may let requests through after a while.
                let until = fleet.valid_until();
                self.look_at_queue(model, until, cx);
                return;
            };
            fleet.dequeue(now);
            fleet.arrive(now, replica, id.slot(), tokens, priority);
            self.attempts[id].replica = replica;
            self.count_sent((model, replica), measured, cx.observers);
            self.list(id);
            self.send_to_replica(id, cx);
        }
    }

    fn first_queued(&self, model: u32) -> Option<AttemptId> {
        self.attempts.at(self.models[model as usize].fleet.first_queued()?)
    }

    /// An attempt that waited before all replicas has got one with room.
    fn send_to_replica(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        let Attempt { model, replica, queued, .. } = self.attempts[id];
        let servers = &self.models[model as usize];
        if servers.engine_blocks.is_none() {
            let limited = servers.width > 0;
            cx.observers.waited(now - queued);
            cx.observers.timeline.queue(now, -1);
            cx.observers.timeline.busy(now, i64::from(limited));
            self.begin(id, cx);
            return;
        }
        self.attempts[id].place = Place::Preparing;
        if let Err(error) = self.approach_engine(id, cx) {
            self.leave_queue(id, cx);
            cx.agenda.push(Task::AttemptFailed(id, error));
            self.leave_if_drained(model, replica, cx);
        }
    }

    /// The replica of the first of a request's attempts from `attempt` on that has one of
    /// `model`: another one is to be made elsewhere.
    pub(super) fn replica_beside(&self, mut attempt: Option<AttemptId>, model: u32) -> Option<u32> {
        while let Some(id) = attempt {
            let it = &self.attempts[id];
            if it.model == model && it.replica != super::NOBODY {
                return Some(it.replica);
            }
            attempt = it.next;
        }
        None
    }
}
