//! The end of an attempt: given up, out of its server, paid for in vain, gone.

use super::attempts::kv_tokens;
use super::measure::Waste;
use super::model::{Event, System};
use super::pool::{Attempt, NOBODY, Place};
use crate::cost::{ModelId, Usage};
use crate::kernel::{Scheduler, Time};
use crate::serving::Service;

impl System<'_> {
    /// An attempt lost against another.
    pub(super) fn call_off(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        let Attempt { model, replica, .. } = self.pool.attempts[slot as usize];
        if replica != NOBODY {
            self.pool.fleets[model as usize].called_off(sim.now(), replica);
        }
        self.give_up_waiting(slot, sim);
        // A replica whose trial it was may get another request.
        self.look_at_queue(model, sim.now(), sim);
    }

    /// Nobody waits for an attempt any more. Its server stops, if it does so, and
    /// what it has done is paid for; or it goes on in vain.
    pub(super) fn give_up_waiting(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        self.pool.unlink(slot);
        let attempt = self.pool.attempts[slot as usize];
        // It is the gateway in whose queue it is, if it has one, and that knows.
        if !self.pool.aborts[attempt.model as usize] && attempt.replica != NOBODY {
            let attempt = &mut self.pool.attempts[slot as usize];
            attempt.abandoned = true;
            if let Some(timeout) = attempt.timeout.take() {
                sim.cancel(timeout);
            }
            return;
        }
        if self.leave_queue(slot, now) {
            if attempt.replica != NOBODY {
                self.leave_if_drained(attempt.model, attempt.replica, sim);
                self.look_at_queue(attempt.model, now, sim);
            }
        } else {
            let made = self.made_by(&attempt, now);
            self.free_server(&attempt, sim);
            self.charge_for_nothing(&attempt, made, now);
        }
        self.drop_attempt(slot, sim);
    }

    /// Takes an attempt out of where it waits to be served. False if it is served.
    pub(super) fn leave_queue(&mut self, slot: u32, now: Time) -> bool {
        let attempt = self.pool.attempts[slot as usize];
        let Attempt { model, replica, .. } = attempt;
        let tokens = kv_tokens(&self.pool.pursuits[attempt.pursuit as usize].incoming);
        let fleet = &mut self.pool.fleets[model as usize];
        match attempt.place {
            Place::Shared(ticket) => {
                let found = fleet.leave_shared(now, ticket);
                debug_assert!(found, "who has a ticket waits");
            }
            Place::Queued(ticket) => {
                let found = fleet.remove(now, replica, ticket, tokens);
                debug_assert!(found, "who has a ticket waits");
            }
            Place::Preparing => {
                fleet.finish(now, replica, tokens);
            }
            Place::Waiting(job) => {
                fleet.finish(now, replica, tokens);
                if let Some(batching) = fleet.engine(replica) {
                    batching.cancel(now, job);
                }
            }
            Place::Served
            | Place::Running(_)
            | Place::Moving
            | Place::Handed(_)
            | Place::Leaving => return false,
        }
        self.timeline.set(now, |levels| levels.queue -= 1);
        self.waited_ns += u128::from((now - attempt.queued).0);
        true
    }

    /// An attempt leaves its server, where the next begins.
    pub(super) fn free_server(&mut self, attempt: &Attempt, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        let Attempt { model, replica, .. } = *attempt;
        let tokens = kv_tokens(&self.pool.pursuits[attempt.pursuit as usize].incoming);
        let fleet = &mut self.pool.fleets[model as usize];
        if let Place::Running(job) | Place::Handed(job) = attempt.place
            && let Some(batching) = fleet.engine(replica)
        {
            batching.cancel(now, job);
        }
        if let Some(next) = fleet.finish(now, replica, tokens) {
            self.timeline.set(now, |levels| levels.queue -= 1);
            let queued = self.pool.attempts[next as usize].queued;
            self.waited_ns += u128::from((now - queued).0);
            self.begin(next, sim);
        } else if attempt.place == Place::Served {
            let limited = self.pool.widths[model as usize] > 0;
            self.timeline.set(now, |levels| levels.busy -= u32::from(limited));
        } else {
            self.rewake(model, replica, sim);
        }
        self.leave_if_drained(model, replica, sim);
        self.look_at_queue(model, now, sim);
    }

    /// Tokens that an attempt has made by `now`: of one that is served alone none until
    /// the first, then evenly.
    fn made_by(&mut self, attempt: &Attempt, now: Time) -> u32 {
        let most = attempt.output_tokens;
        match attempt.place {
            Place::Running(job) => {
                let fleet = &mut self.pool.fleets[attempt.model as usize];
                let made = fleet.engine(attempt.replica).map_or(0, |it| it.made(now, job));
                made + u32::from(attempt.decodes)
            }
            Place::Moving | Place::Handed(_) => 1,
            Place::Leaving => most,
            _ => {
                let Service { total, first_token } = attempt.service;
                let elapsed = now - attempt.started;
                if elapsed < first_token || most == 0 {
                    return 0;
                }
                let part = u128::from((elapsed - first_token).0);
                let whole = u128::from(total.saturating_sub(first_token).0.max(1));
                let further = u128::from(most - 1) * part / whole;
                1 + u32::try_from(further).unwrap_or(u32::MAX).min(most - 1)
            }
        }
    }

    /// Work that was paid for and that nobody got.
    pub(super) fn charge_for_nothing(&mut self, attempt: &Attempt, output_tokens: u32, now: Time) {
        let pursuit = &self.pool.pursuits[attempt.pursuit as usize];
        let (user, measured) = (pursuit.incoming.user, pursuit.measured);
        let (input, cached) = (pursuit.incoming.input_decitokens, attempt.cached_decitokens);
        let usage = Usage {
            cached_decitokens: cached,
            written_decitokens: attempt
                .prefix
                .map_or(0, |_| self.written_decitokens(input, cached, attempt.model)),
            ..Usage::new(input, output_tokens)
        };
        let cost = self.optimizer.charge(user, ModelId(attempt.model), &usage, now);
        self.timeline.at(now).spend += cost;
        let call = self.pool.pursuits[attempt.pursuit as usize].incoming.call;
        self.charge_call(call, cost, now);
        if measured {
            self.measures.waste(user.0, attempt.model, &Waste { usage, cost });
        }
    }

    /// An attempt is gone, and its events with it.
    pub(super) fn drop_attempt(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        self.pool.last_work = sim.now();
        self.pool.arrives(slot);
        let attempt = self.pool.attempts.remove(slot as usize);
        self.trace_attempt(&attempt, sim.now());
        for event in [attempt.done, attempt.read, attempt.timeout].into_iter().flatten() {
            sim.cancel(event);
        }
        let pursuit = &mut self.pool.pursuits[attempt.pursuit as usize];
        pursuit.attempts -= 1;
        if pursuit.attempts == 0 && pursuit.over {
            self.forget(attempt.pursuit);
        }
    }
}
