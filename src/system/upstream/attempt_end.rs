//! The end of an attempt: given up, out of its server, paid for in vain, gone.

use super::attempt::kv_tokens;
use super::{Attempt, Inference, NOBODY, Paid, Place, Upstream};
use crate::cost::Usage;
use crate::kernel::Time;
use crate::pipeline::RequestError;
use crate::serving::Service;
use crate::system::agenda::Task;
use crate::system::context::Context;
use crate::system::ids::{AttemptId, InferenceId};
use crate::system::tracer::AttemptOutcome;

impl Upstream {
    /// An attempt lost against another.
    pub(super) fn call_off(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let Attempt { model, replica, .. } = self.attempts[id];
        if replica != NOBODY {
            self.models[model as usize].fleet.called_off(cx.now(), replica);
        }
        self.give_up_waiting(id, cx);
    }

    /// Nobody waits for an attempt any more, whatever becomes of it.
    fn give_up_waiting(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let model = self.attempts[id].model;
        self.stop_or_abandon(id, cx);
        // A replica whose trial it was may get another request, or one whose breaker it
        // opened will after a while.
        self.look_at_queue(model, cx.now(), cx);
    }

    /// Its server stops, if it does so, and what it has done is paid for; or it goes on
    /// in vain.
    fn stop_or_abandon(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        self.unlink(id);
        let attempt = self.attempts[id];
        if attempt.place == Place::Gone {
            self.drop_attempt(id, AttemptOutcome::CalledOff, None, cx);
            return;
        }
        // It is the gateway in whose queue it is, if it has one, and that knows.
        if !self.models[attempt.model as usize].aborts && attempt.replica != NOBODY {
            let attempt = &mut self.attempts[id];
            attempt.abandoned = true;
            if let Some(timeout) = attempt.timeout.take() {
                cx.sim.cancel(timeout);
            }
            return;
        }
        let mut paid = None;
        if self.leave_queue(id, cx) {
            if attempt.replica != NOBODY {
                self.replica_freed(attempt.model, attempt.replica, cx);
            }
        } else {
            let made = self.made_by(&attempt, now);
            self.free_server(id, cx);
            paid = Some(self.charge_for_nothing(id, made, cx));
        }
        self.drop_attempt(id, AttemptOutcome::CalledOff, paid, cx);
    }

    /// An attempt takes too long.
    pub fn time_out(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let Some(attempt) = self.attempts.get_mut(id) else { return };
        (attempt.timeout, attempt.timed_out) = (None, true);
        let Attempt { inference, model, replica, .. } = *attempt;
        let measured = self.inferences[inference].measured;
        if replica != NOBODY {
            self.models[model as usize].fleet.failed(cx.now(), replica);
            if measured {
                self.count_at(model, replica, |it| it.failed += 1);
            }
        }
        cx.observers.measures.attempts.timeouts += u64::from(measured);
        self.give_up_waiting(id, cx);
        if self.inferences[inference].waiting_for.is_none() {
            cx.agenda.push(Task::AttemptsFailed(inference, RequestError::Timeout));
        }
    }

    /// An attempt that has left its server came to nothing by its replica's fault.
    pub fn attempt_failed(&mut self, id: AttemptId, error: RequestError, cx: &mut Context<'_, '_>) {
        // It was given up meanwhile.
        let Some(attempt) = self.attempts.get(id) else { return };
        let Attempt { inference, model, replica, timed_out, .. } = *attempt;
        match error {
            RequestError::QueueFull | RequestError::DoesNotFit => self.refused_by(id, cx),
            _ => {
                self.models[model as usize].fleet.failed(cx.now(), replica);
                // What took too long has failed once already.
                if self.inferences[inference].measured && !timed_out {
                    self.count_at(model, replica, |it| it.failed += 1);
                }
            }
        }
        self.attempt_lost(id, error, cx);
        // A breaker that opens lets the next through after a while.
        self.look_at_queue(model, cx.now(), cx);
    }

    /// A replica does not take an attempt that was sent to it.
    pub(super) fn refused_by(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let Attempt { inference, model, replica, .. } = self.attempts[id];
        self.models[model as usize].fleet.failed(cx.now(), replica);
        if self.inferences[inference].measured {
            self.count_at(model, replica, |it| it.refused += 1);
        }
    }

    /// An attempt that has left its server came to nothing, which is no replica's fault.
    pub(super) fn attempt_lost(
        &mut self,
        id: AttemptId,
        error: RequestError,
        cx: &mut Context<'_, '_>,
    ) {
        let Attempt { inference, abandoned, .. } = self.attempts[id];
        if !abandoned {
            self.unlink(id);
        }
        self.drop_attempt(id, AttemptOutcome::Failed(error), None, cx);
        if !abandoned && self.inferences[inference].waiting_for.is_none() {
            cx.agenda.push(Task::AttemptsFailed(inference, error));
        }
    }

    /// Takes an attempt out of where it waits to be served. False if it is served.
    pub(super) fn leave_queue(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) -> bool {
        let now = cx.now();
        let attempt = self.attempts[id];
        let tokens = self.tokens_of(attempt.inference, cx);
        let replica = attempt.replica;
        let fleet = &mut self.models[attempt.model as usize].fleet;
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
            | Place::Leaving
            | Place::Gone => return false,
        }
        self.stop_approach(id, cx);
        self.attempts[id].place = Place::Gone;
        self.unlist(id);
        if matches!(attempt.place, Place::Waiting(_)) {
            self.rewake(attempt.model, replica, cx);
        }
        cx.observers.timeline.queue(now, -1);
        cx.observers.waited(now - attempt.queued);
        true
    }

    /// An attempt leaves its server, where the next begins.
    pub(super) fn free_server(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        let attempt = self.attempts[id];
        let Attempt { model, replica, place, .. } = attempt;
        let tokens = self.tokens_of(attempt.inference, cx);
        self.stop_approach(id, cx);
        let fleet = &mut self.models[model as usize].fleet;
        if let Place::Running(job) | Place::Handed(job) = place
            && let Some(batching) = fleet.engine(replica)
        {
            batching.cancel(now, job);
        }
        let next = fleet.finish(now, replica, tokens).and_then(|slot| self.attempts.at(slot));
        self.attempts[id].place = Place::Gone;
        self.unlist(id);
        if let Some(next) = next {
            cx.observers.timeline.queue(now, -1);
            cx.observers.waited(now - self.attempts[next].queued);
            self.begin(next, cx);
        } else if place == Place::Served {
            let limited = self.models[model as usize].width > 0;
            cx.observers.timeline.busy(now, -i64::from(limited));
        } else {
            self.rewake(model, replica, cx);
        }
        self.replica_freed(model, replica, cx);
    }

    /// A replica has one request fewer: it goes if it drains, or may have room.
    pub(super) fn replica_freed(&mut self, model: u32, replica: u32, cx: &mut Context<'_, '_>) {
        self.leave_if_drained(model, replica, cx);
        self.look_at_queue(model, cx.now(), cx);
    }

    /// Tokens that an attempt has made by `now`: of one that is served alone none until
    /// the first, then evenly.
    fn made_by(&mut self, attempt: &Attempt, now: Time) -> u32 {
        let most = attempt.output_tokens;
        match attempt.place {
            Place::Running(job) => {
                let fleet = &mut self.models[attempt.model as usize].fleet;
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

    /// Work that was paid for and that nobody got: how much.
    pub(super) fn charge_for_nothing(
        &mut self,
        id: AttemptId,
        output_tokens: u32,
        cx: &mut Context<'_, '_>,
    ) -> Paid {
        let attempt = &self.attempts[id];
        let Inference { request, measured, .. } = self.inferences[attempt.inference];
        let incoming = &cx.requests[request].incoming;
        let (input, cached) = (incoming.input_decitokens, attempt.cached_decitokens);
        let (written_decitokens, for_an_hour) = self.written_by_attempt(id, input);
        let usage = Usage {
            cached_decitokens: cached,
            written_decitokens,
            for_an_hour,
            ..Usage::new(input, output_tokens)
        };
        let prefix = attempt.prefix.is_some();
        let cost = cx.charge.waste(
            incoming,
            attempt.model,
            &usage,
            (measured, prefix),
            cx.clients,
            cx.observers,
            cx.sim.now(),
        );
        if measured && self.prompts.is_some() {
            self.count_prompt_of(id, &usage, cx);
        }
        Paid { usage, cost }
    }

    /// An attempt is gone, and its events with it. An answer that is taken is told of when
    /// it is charged for.
    pub(super) fn drop_attempt(
        &mut self,
        id: AttemptId,
        mut outcome: AttemptOutcome,
        paid: Option<Paid>,
        cx: &mut Context<'_, '_>,
    ) {
        self.last_work = cx.now();
        let Some(attempt) = self.attempts.remove(id) else { return };
        debug_assert_eq!(attempt.place, Place::Gone, "it has left its server");
        for event in [attempt.done, attempt.read, attempt.timeout].into_iter().flatten() {
            cx.sim.cancel(event);
        }
        let inference = &mut self.inferences[attempt.inference];
        inference.attempts -= 1;
        let (request, gone) = (inference.request, inference.attempts == 0 && inference.over);
        let measured = inference.measured;
        // What became of it after it was given up does not matter any more.
        if attempt.timed_out {
            outcome = AttemptOutcome::Failed(RequestError::Timeout);
        } else if attempt.abandoned {
            outcome = AttemptOutcome::CalledOff;
        }
        if measured {
            let counts = &mut cx.observers.measures.attempts;
            counts.unsent += u64::from(attempt.replica == NOBODY);
            counts.crashed += u64::from(outcome == AttemptOutcome::Failed(RequestError::Crashed));
        }
        if cx.observers.traces() && outcome != AttemptOutcome::Answered {
            let request = &cx.requests[request];
            let traced = attempt.traced(request, measured, outcome, paid, cx.sim.now());
            cx.observers.trace_attempt(&traced);
        }
        if gone {
            self.inferences.remove(attempt.inference);
            cx.agenda.push(Task::Forget(request));
        }
    }

    /// Takes an attempt out of those that its request waits for.
    pub(super) fn unlink(&mut self, id: AttemptId) {
        let Attempt { inference, next, .. } = self.attempts[id];
        let inference = &mut self.inferences[inference];
        if inference.waiting_for == Some(id) {
            inference.waiting_for = next;
            return;
        }
        // There are few: the present one, and hedges.
        let mut before = inference.waiting_for;
        while let Some(other) = before {
            let link = &mut self.attempts[other].next;
            if *link == Some(id) {
                *link = next;
                return;
            }
            before = *link;
        }
        debug_assert!(false, "an attempt is waited for until it is given up");
    }

    /// Notes an attempt as its replica's, if it has one that can crash.
    #[inline]
    pub(super) fn list(&mut self, id: AttemptId) {
        let attempt = &mut self.attempts[id];
        let servers = &self.models[attempt.model as usize];
        if servers.crashes && attempt.replica != NOBODY {
            let here = &mut self.replicas[(servers.first_replica + attempt.replica) as usize];
            attempt.listed = here.attempts.len() as u32;
            here.attempts.push(id);
        }
    }

    /// An attempt is no more its replica's.
    #[inline]
    pub(super) fn unlist(&mut self, id: AttemptId) {
        let Attempt { model, replica, listed, .. } = self.attempts[id];
        if listed == NOBODY {
            return;
        }
        self.attempts[id].listed = NOBODY;
        let number = self.number(model, replica) as usize;
        let here = &mut self.replicas[number].attempts;
        here.swap_remove(listed as usize);
        if let Some(moved) = here.get(listed as usize).copied() {
            self.attempts[moved].listed = listed;
        }
    }

    /// Tokens of a request's prompt.
    #[inline]
    pub(super) fn tokens_of(&self, id: InferenceId, cx: &Context<'_, '_>) -> u64 {
        kv_tokens(&cx.requests[self.inferences[id].request].incoming)
    }
}
