//! The queue before all replicas of a model, from which the first that has room takes
//! the first that waits.
//!
//! Whatever may have given a replica room schedules a look at the queue, which comes
//! after all else that happens with it.

use super::attempts::kv_tokens;
use super::model::{Event, System};
use super::pool::{NOBODY, Place, Pool};
use crate::kernel::{Scheduler, Time};

impl System<'_> {
    /// Has the queue before a model's replicas looked at, at the latest `at`; never if
    /// nobody waits.
    pub(super) fn look_at_queue(&mut self, model: u32, at: Time, sim: &mut Scheduler<Event>) {
        let at = at.max(sim.now());
        let known = self.pool.dispatches[model as usize];
        let nobody = self.pool.fleets[model as usize].queued() == 0;
        if nobody || at == Time::MAX || known.is_some_and(|(known, _)| known <= at) {
            return;
        }
        if let Some((_, event)) = known {
            sim.cancel(event);
        }
        self.pool.dispatches[model as usize] =
            Some((at, sim.schedule_at(at, Event::Dispatch(model))));
    }

    /// Gives those that wait before a model's replicas to them while one has room.
    pub(super) fn dispatch(&mut self, model: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        self.pool.dispatches[model as usize] = None;
        while let Some(slot) = self.pool.fleets[model as usize].first_queued() {
            let pursuit = self.pool.attempts[slot as usize].pursuit;
            let pursuit = &self.pool.pursuits[pursuit as usize];
            let (incoming, others) = (pursuit.incoming, pursuit.waiting_for);
            let not = self.pool.replica_beside(others, model);
            let affinity = self.prepare_choice(&incoming, model);
            let priority = self.priority(&incoming);
            let tokens = kv_tokens(&incoming);
            let fleet = &mut self.pool.fleets[model as usize];
            let Some(replica) = fleet.choose(now, affinity, not, tokens) else {
                // A circuit breaker may let requests through after a while.
                let until = fleet.valid_until();
                self.look_at_queue(model, until, sim);
                return;
            };
            fleet.dequeue(now);
            fleet.arrive(now, replica, slot, tokens, priority);
            self.pool.attempts[slot as usize].replica = replica;
            self.go_to(slot, sim);
        }
    }

    /// An attempt that waited before all replicas has got one with room.
    fn go_to(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        let attempt = &mut self.pool.attempts[slot as usize];
        let (model, queued) = (attempt.model as usize, attempt.queued);
        if self.pool.engine_blocks[model].is_none() {
            let limited = self.pool.widths[model] > 0;
            self.waited_ns += u128::from((now - queued).0);
            self.timeline.set(now, |levels| {
                levels.queue -= 1;
                levels.busy += u32::from(limited);
            });
            self.begin(slot, sim);
            return;
        }
        attempt.place = Place::Preparing;
        if let Err(error) = self.approach_engine(slot, sim) {
            self.leave_queue(slot, now);
            self.attempt_failed(slot, error, sim);
        }
    }
}

impl Pool {
    /// The replica of the first of a request's attempts from `attempt` on that has one of
    /// `model`: another one is to be made elsewhere.
    pub(super) fn replica_beside(&self, mut attempt: u32, model: u32) -> Option<u32> {
        while attempt != NOBODY {
            let it = &self.attempts[attempt as usize];
            if it.model == model && it.replica != NOBODY {
                return Some(it.replica);
            }
            attempt = it.next;
        }
        None
    }
}
