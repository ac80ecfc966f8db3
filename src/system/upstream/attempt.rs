//! One attempt: sent to a replica, served, or lost.

use super::{Attempt, Inference, NOBODY, Place, Upstream};
use crate::cache::Match;
use crate::kernel::{Admission, Duration};
use crate::pipeline::RequestError;
use crate::serving::{Faults, Service, Work, seed_output_tokens};
use crate::system::agenda::Task;
use crate::system::context::Context;
use crate::system::event::Event;
use crate::system::ids::{AttemptId, InferenceId};
use crate::system::tracer::{AttemptKind, AttemptOutcome};
use crate::workload::Incoming;

impl Upstream {
    /// Sends a request to a replica of the model whose turn it is.
    pub(super) fn launch(
        &mut self,
        id: InferenceId,
        hedge: bool,
        cx: &mut Context<'_, '_>,
    ) -> Result<(), RequestError> {
        let now = cx.now();
        let Inference { request, model, measured, waiting_for, .. } = self.inferences[id];
        let kind = self.inferences[id].next_kind(hedge);
        let incoming = &cx.requests[request].incoming;
        let not = waiting_for.and_then(|_| self.replica_beside(waiting_for, model));
        let slot = self.attempts.next_id();
        let taken = self.pass_provider(incoming, model, cx);
        let taken =
            taken.and_then(|()| self.find_place(slot.slot(), (model, measured), not, incoming, cx));
        let to = taken.map_or_else(|(replica, _)| replica, |(replica, _)| replica);
        if to != NOBODY {
            self.count_sent((model, to), measured, cx.observers);
        }
        let (replica, place) = match taken {
            Ok(taken) => taken,
            Err(refusal) => {
                self.not_taken(id, kind, refusal, cx);
                return Err(refusal.1);
            }
        };
        let inference = &mut self.inferences[id];
        let attempt = self.attempts.insert(Attempt {
            inference: id,
            model,
            replica,
            kind,
            abandoned: false,
            timed_out: false,
            fails: false,
            decodes: false,
            began: false,
            place,
            queued: now,
            started: now,
            service: Service::default(),
            output_tokens: 0,
            full_output: 0,
            prefix: None,
            cached_decitokens: 0,
            done: None,
            read: None,
            timeout: self.rules.timeout.map(|span| cx.sim.schedule_in(span, Event::Timeout(slot))),
            next: inference.waiting_for,
            listed: NOBODY,
        });
        inference.waiting_for = Some(attempt);
        inference.attempts += 1;
        self.list(attempt);
        match place {
            Place::Served => {
                let limited = self.models[model as usize].width > 0;
                cx.observers.timeline.busy(now, i64::from(limited));
                self.begin(attempt, cx);
                return Ok(());
            }
            Place::Shared(_) => {
                cx.observers.timeline.queue(now, 1);
                let until = self.models[model as usize].fleet.valid_until();
                self.look_at_queue(model, until, cx);
            }
            Place::Preparing => {
                cx.observers.timeline.queue(now, 1);
                if let Err(error) = self.approach_engine(attempt, cx) {
                    self.refused_by(attempt, cx);
                    self.unlink(attempt);
                    self.leave_queue(attempt, cx);
                    self.drop_attempt(attempt, AttemptOutcome::Failed(error), None, cx);
                    self.replica_freed(model, replica, cx);
                    return Err(error);
                }
            }
            _ => cx.observers.timeline.queue(now, 1),
        }
        Ok(())
    }

    /// The replica for an attempt, and where it is there; or its place in the queue before
    /// all of them. Else who refused it, [`NOBODY`] where none was asked, and why.
    fn find_place(
        &mut self,
        slot: u32,
        (model, measured): (u32, bool),
        not: Option<u32>,
        incoming: &Incoming,
        cx: &mut Context<'_, '_>,
    ) -> Result<(u32, Place), (u32, RequestError)> {
        let now = cx.now();
        let affinity = self.prepare_choice(incoming, model, cx.clients);
        let priority = cx.clients.priority(incoming);
        let tokens = kv_tokens(incoming);
        let servers = &mut self.models[model as usize];
        let fleet = &mut servers.fleet;
        // Nobody overtakes those that wait.
        let free =
            if fleet.queued() == 0 { fleet.choose(now, affinity, not, tokens) } else { None };
        let Some(replica) = free else {
            return match fleet.enqueue(now, slot, priority) {
                Some(Admission::Queued(ticket)) => Ok((NOBODY, Place::Shared(ticket))),
                Some(_) => Err((NOBODY, RequestError::QueueFull)),
                None => Err((NOBODY, RequestError::Unavailable)),
            };
        };
        let admission = fleet.arrive(now, replica, slot, tokens, priority);
        if admission == Admission::Refused {
            fleet.failed(now, replica);
            if measured {
                self.count_at(model, replica, |it| it.refused += 1);
            }
            return Err((replica, RequestError::QueueFull));
        }
        let place = match admission {
            _ if servers.engine_blocks.is_some() => Place::Preparing,
            Admission::Queued(ticket) => Place::Queued(ticket),
            _ => Place::Served,
        };
        Ok((replica, place))
    }

    /// Whether the model's provider takes the request.
    fn pass_provider(
        &mut self,
        incoming: &Incoming,
        model: u32,
        cx: &Context<'_, '_>,
    ) -> Result<(), (u32, RequestError)> {
        let uncounted = self.uncounted_tokens(incoming, model, cx.clients, cx.sim.now());
        let servers = &mut self.models[model as usize];
        let tokens = cx.clients.most_tokens(incoming) - uncounted;
        let throttled = !servers.limits.admit(cx.sim.now(), tokens)
            || servers.faults.as_mut().is_some_and(Faults::throttles);
        if throttled { Err((NOBODY, RequestError::Throttled)) } else { Ok(()) }
    }

    /// A station begins to work on an attempt.
    pub(super) fn begin(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        let Attempt { inference, model, replica, .. } = self.attempts[id];
        let incoming = &cx.requests[self.inferences[inference].request].incoming;
        let full_output = self.answer_tokens(incoming, model, cx);
        let output_tokens = cx.charge.cut(full_output);
        let mut found = self.look_up_prefix(incoming, model, replica, now, cx.clients);
        let used = self.find_prompt(incoming, model, now, cx.clients);
        if let Some(used) = &used {
            // It is told of like a prefix cache without blocks.
            found.matched = Some(Match::default());
            found.cached_decitokens = 10 * used.read;
        }
        let work = Work {
            chars: incoming.chars,
            input_decitokens: incoming.input_decitokens,
            cached_decitokens: found.cached_decitokens,
            loading: found.matched.map_or(Duration::ZERO, |matched| matched.loading),
            output_tokens,
        };
        let servers = &mut self.models[model as usize];
        let mut service = servers.latency.service(&work);
        let mut fails = false;
        if let Some(faults) = &mut servers.faults {
            service = slowed(service, faults.slowness(replica, now));
            fails = faults.errs(now);
            if let Some(after) = faults.error_after().filter(|_| fails) {
                service = Service { total: after, first_token: after };
            }
        }
        if let Some(used) = used {
            found.stores = self.begin_prompt(id, used, (service, fails), cx);
        }
        let attempt = &mut self.attempts[id];
        (attempt.place, attempt.began) = (Place::Served, true);
        attempt.started = now;
        attempt.service = service;
        attempt.fails = fails;
        (attempt.output_tokens, attempt.full_output) = (output_tokens, full_output);
        attempt.prefix = found.matched;
        attempt.cached_decitokens = found.cached_decitokens;
        if found.stores && !fails {
            attempt.read = Some(cx.sim.schedule_in(service.first_token, Event::Read(id)));
        }
        attempt.done = Some(cx.sim.schedule_in(service.total, Event::Served(id)));
    }

    /// How long an answer of `model` is.
    #[inline]
    pub fn answer_tokens(&mut self, incoming: &Incoming, model: u32, cx: &Context<'_, '_>) -> u32 {
        let most = cx.clients.params[incoming.profile.0 as usize].max_tokens;
        if let Some(tokens) = incoming.output_tokens {
            return tokens.min(most);
        }
        let quality = self.models[model as usize].quality;
        seed_output_tokens(most, quality, self.output.uniform())
    }

    /// A replica has read an attempt's prompt.
    pub fn read(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let Some(attempt) = self.attempts.get_mut(id) else { return };
        attempt.read = None;
        let Attempt { inference, model, replica, .. } = *attempt;
        let incoming = &cx.requests[self.inferences[inference].request].incoming;
        if self.prompts.is_some() {
            self.keep_prompt(id, incoming, cx.clients, cx.sim.now());
        }
        self.keep_prefix(incoming, model, replica, cx.clients);
    }

    /// A replica is done with an attempt.
    pub fn served(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let Some(attempt) = self.attempts.get_mut(id) else { return };
        attempt.done = None;
        self.free_server(id, cx);
        let Attempt { inference, model, replica, fails, abandoned, output_tokens, .. } =
            self.attempts[id];
        if fails {
            self.attempt_failed(id, RequestError::ServerError, cx);
            return;
        }
        if self.prompts.is_some() {
            let incoming = &cx.requests[self.inferences[inference].request].incoming;
            self.keep_prompt(id, incoming, cx.clients, cx.sim.now());
        }
        self.models[model as usize].fleet.succeeded(replica);
        if self.inferences[inference].measured {
            self.count_at(model, replica, |it| it.completed += 1);
        }
        if abandoned {
            let paid = self.charge_for_nothing(id, output_tokens, cx);
            self.drop_attempt(id, AttemptOutcome::CalledOff, Some(paid), cx);
        } else {
            self.win(id, cx);
        }
    }

    /// The first answer: the other attempts are called off, and the request goes
    /// on with it.
    fn win(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        self.unlink(id);
        let attempt = self.attempts[id];
        self.take_prompt(id, attempt.inference);
        let inference = &mut self.inferences[attempt.inference];
        if let Some(timer) = inference.hedge_timer.take() {
            cx.sim.cancel(timer);
        }
        if let Some(delay) = self.rules.hedges.get_mut(attempt.model as usize) {
            delay.answered(cx.sim.now() - inference.asked);
        }
        let won = attempt.kind == AttemptKind::Hedge && inference.measured;
        cx.observers.measures.attempts.hedges_won += u64::from(won);
        while let Some(other) = self.inferences[attempt.inference].waiting_for {
            self.call_off(other, cx);
        }
        self.drop_attempt(id, AttemptOutcome::Answered, None, cx);
        let inference = &mut self.inferences[attempt.inference];
        inference.model = attempt.model;
        (inference.replica, inference.kind) = (attempt.replica, attempt.kind);
        inference.queued = attempt.queued;
        inference.started = attempt.started;
        inference.service = attempt.service;
        inference.output_tokens = attempt.output_tokens;
        inference.prefix = attempt.prefix;
        inference.cached_decitokens = attempt.cached_decitokens;
        inference.spend.full_output = attempt.full_output;
        cx.agenda.push(Task::Advance(inference.request));
    }
}

/// What a request takes of a replica's memory, as far as it is known beforehand.
#[inline]
pub(super) fn kv_tokens(incoming: &Incoming) -> u64 {
    incoming.input_decitokens.div_ceil(10)
}

/// A service that takes `factor` times as long.
fn slowed(service: Service, factor: f64) -> Service {
    let longer = |span: Duration| Duration::from_secs_f64(span.as_secs_f64() * factor);
    if (factor - 1.0).abs() < f64::EPSILON {
        return service;
    }
    Service { total: longer(service.total), first_token: longer(service.first_token) }
}
