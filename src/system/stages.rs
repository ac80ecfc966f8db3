//! The way of a request: its stages, one after another, and what each part does to it.

use super::charge::{Charge, payer};
use super::event::Event;
use super::ids::{InferenceId, RequestId};
use super::model::System;
use super::request::{Next, Request, fail};
use super::tracer::AttemptKind;
use super::upstream::{Inference, NOBODY, Slot, Upstream};
use crate::cost::{Known, ModelId, Money, Payer, Refusal};
use crate::kernel::{Duration, Scheduler, Time};
use crate::orchestration::Answered;
use crate::pipeline::{RequestError, Stage};
use crate::serving::Service;

impl System<'_> {
    /// Does the work of a request's stage, and of those after it that take no time.
    #[inline]
    pub(super) fn advance(&mut self, id: RequestId, sim: &mut Scheduler<Event>) {
        let next = self.work(id, sim);
        self.go_to(id, next, sim);
    }

    /// Does what a request does next, and all that follows at once.
    #[inline]
    fn go_to(&mut self, id: RequestId, mut next: Next, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        loop {
            let Some(request) = self.requests.get_mut(id) else { return };
            let time = match next {
                Next::After(time) => Some(time),
                Next::Wait => return,
                Next::Finish => {
                    self.observers.leave_stage(request, now);
                    self.finish(id, sim);
                    return;
                }
                Next::Again => self.caches.enter(id, request, now),
                Next::Stage(stage) => {
                    self.observers.leave_stage(request, now);
                    request.stage = stage;
                    match stage {
                        Stage::Cache | Stage::Semantic => self.caches.enter(id, request, now),
                        stage => Some(self.stages.time(stage)),
                    }
                }
            };
            match time {
                Some(Duration::ZERO) => next = self.work(id, sim),
                Some(time) => {
                    sim.schedule_in(time, Event::Advance(id));
                    return;
                }
                // Until its turn comes.
                None => return,
            }
        }
    }

    /// The work of a request's stage.
    #[inline]
    fn work(&mut self, id: RequestId, sim: &mut Scheduler<Event>) -> Next {
        let now = sim.now();
        let System { requests, clients, caches, charge, observers, max_prompt_length, .. } = self;
        let Some(request) = requests.get_mut(id) else { return Next::Wait };
        match request.stage {
            Stage::Validate => {
                let params = &clients.params[request.incoming.profile.0 as usize];
                match validate(request, params.missing_prompt, *max_prompt_length) {
                    Ok(()) => Next::Stage(Stage::Preprocess),
                    Err(error) => fail(request, error),
                }
            }
            Stage::Preprocess => Next::Stage(Stage::Key),
            Stage::Key => caches.begin(id, request, clients, observers, now),
            Stage::Cache => {
                let optimizer = &mut charge.optimizer;
                let (next, waiting) = caches.look_up(id, request, optimizer, observers, now);
                if let Some((slot, time)) = waiting
                    && let Some(id) = requests.at(slot)
                {
                    sim.schedule_in(time, Event::Advance(id));
                }
                next
            }
            Stage::Semantic => {
                let (source, optimizer) = (&clients.source, &mut charge.optimizer);
                caches.look_up_similar(id, request, source, optimizer, observers, now)
            }
            Stage::Select => self.select(id, sim),
            Stage::Inference => self.answered(id, sim),
            Stage::Postprocess => {
                caches.store(id, requests, &clients.source, observers, sim);
                Next::Stage(Stage::Format)
            }
            Stage::Format => Next::Finish,
        }
    }

    /// Chooses a model within the budget, and asks its server.
    fn select(&mut self, id: RequestId, sim: &mut Scheduler<Event>) -> Next {
        let now = sim.now();
        let System { requests, clients, upstream, charge, observers, .. } = self;
        let request = &mut requests[id];
        let of = *request.inference.get_or_insert_with(|| {
            let full_input = request.incoming.input_decitokens;
            upstream.inferences.insert(Inference::new(id, request.measured, full_input))
        });
        let inference = &mut upstream.inferences[of];
        if let Some(time) = charge.apply_levers(request, inference) {
            return Next::After(time);
        }
        let mut known = Known::default();
        if let Some(prompts) = &mut upstream.prompts {
            let before = prompts.conversation(clients.conversation(&request.incoming));
            let target = |model: u32| ModelId(upstream.groups.target_of(model));
            known.before = before.map(|it| (target(it.model), now - it.last));
            known.cached = prompts.known(&request.incoming, clients, now);
        }
        let target = match charge.choose(request, inference, &known, clients, observers, now) {
            Ok(choice) => choice.model.0,
            Err(Refusal::InsufficientBudget) => {
                return self.give_up(id, of, RequestError::InsufficientBudget, now);
            }
            Err(Refusal::Wait(until)) => {
                inference.spend.waited = true;
                observers.measures.budget_waits += u64::from(request.measured);
                clients.call_waits(request, until - now);
                return Next::After(until - now);
            }
        };
        let model = upstream.groups.first_of(target);
        request.model = model;
        // Which deployment of a group is asked is still open.
        if request.measured && model == target {
            observers.measures.models[model as usize].requests += 1;
        }
        observers.leave_stage(request, now);
        request.stage = Stage::Inference;
        inference.queued = now;
        inference.turn_to(target, model);
        (inference.spend.seated_after, inference.spend.seated_at) = (Duration::ZERO, now);
        if inference.spend.batch {
            return self.defer(id, of, sim);
        }
        match upstream.take_slot((id, request), model, clients, sim) {
            Slot::Unlimited => {}
            Slot::Has(seat) => upstream.inferences[of].spend.slot = Some(seat),
            Slot::Waits(queued) => {
                upstream.inferences[of].spend.queued = queued;
                observers.timeline.queue(now, 1);
                return Next::Wait;
            }
            Slot::Refused => return self.give_up(id, of, RequestError::QueueFull, now),
        }
        self.ask_model(id, of, sim)
    }

    /// Asks the chosen model for an answer.
    fn ask_model(&mut self, id: RequestId, of: InferenceId, sim: &mut Scheduler<Event>) -> Next {
        let (upstream, mut cx) = self.upstream(sim);
        match upstream.request(of, &mut cx) {
            None => Next::Wait,
            Some(error) => self.give_up(id, of, error, sim.now()),
        }
    }

    /// Gives slots to those who wait for one as far as there are any: they ask their
    /// models.
    pub(super) fn seat_waiting(&mut self, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        while let Some((slot, seat)) = self.upstream.next_seated(now) {
            let Some(id) = self.requests.at(slot) else { continue };
            let Some(of) = self.requests[id].inference else { continue };
            let inference = &mut self.upstream.inferences[of];
            let waited = now - inference.queued;
            inference.queued = now;
            self.observers.timeline.queue(now, -1);
            self.observers.waited(waited);
            let tokens = self.clients.most_tokens(&self.requests[id].incoming);
            self.upstream.seated((of, seat), (waited, tokens), sim);
            let next = self.ask_model(id, of, sim);
            self.go_to(id, next, sim);
            self.work_off(sim);
        }
    }

    /// A request has waited in the gateway's queue as long as it may, or its client would.
    pub(super) fn expire(&mut self, id: RequestId, sim: &mut Scheduler<Event>) {
        let request = self.requests.get(id);
        let Some(of) = request.and_then(|request| request.inference) else { return };
        if self.upstream.leave_gateway(of, true, sim) {
            self.end_wait(id, of, RequestError::QueueExpired, sim);
        }
    }

    /// A request that waited for a slot gets none.
    pub(super) fn end_wait(
        &mut self,
        id: RequestId,
        of: InferenceId,
        error: RequestError,
        sim: &mut Scheduler<Event>,
    ) {
        let now = sim.now();
        let waited = now - self.upstream.inferences[of].queued;
        self.observers.timeline.queue(now, -1);
        self.observers.waited(waited);
        let next = self.give_up(id, of, error, now);
        self.go_to(id, next, sim);
    }

    /// Sends a request to the batch API, which has servers of its own.
    fn defer(&mut self, id: RequestId, of: InferenceId, sim: &mut Scheduler<Event>) -> Next {
        let turnaround = self.charge.turnaround(&self.requests[id]);
        let (upstream, mut cx) = self.upstream(sim);
        upstream.choose_for_batch(of, &mut cx);
        let model = upstream.inferences[of].model;
        let full_output = upstream.answer_tokens(&cx.requests[id].incoming, model, &cx);
        let inference = &mut upstream.inferences[of];
        inference.spend.full_output = full_output;
        inference.output_tokens = cx.charge.cut(full_output);
        (inference.replica, inference.kind) = (NOBODY, AttemptKind::Batch);
        inference.started = cx.now().saturating_add(turnaround);
        inference.service = Service::default();
        inference.error = None;
        sim.schedule_in(turnaround, Event::Advance(id));
        Next::Wait
    }

    /// A model's answer is there, or none will come.
    fn answered(&mut self, id: RequestId, sim: &mut Scheduler<Event>) -> Next {
        let now = sim.now();
        let System { requests, clients, upstream, charge, observers, .. } = self;
        let request = &mut requests[id];
        let Some(of) = request.inference else { return Next::Finish };
        let inference = &mut upstream.inferences[of];
        if let Some(error) = inference.error {
            return self.give_up(id, of, error, now);
        }
        let (model, prefix) = (inference.model, inference.prefix);
        let input = request.incoming.input_decitokens;
        let_go(payer(&request.incoming), of, charge, upstream, now);
        let written = upstream.written_by(of, prefix, input);
        let inference = &mut upstream.inferences[of];
        let usage = charge.answer(request, inference, written, clients, observers, now);
        if upstream.prompts.is_some() {
            let switches = upstream.conversation_answered(of, &request.incoming, clients, now);
            if let Some(conversations) = &mut observers.measures.conversations {
                conversations.switches += u64::from(switches && request.measured);
            }
            if request.measured {
                let rates = charge.optimizer.price(ModelId(model)).rates_of(&usage);
                upstream.count_prompt(of, &usage, &rates, observers);
            }
        }
        let inference = &mut upstream.inferences[of];
        let (stage, latency) = charge.judge(request, inference, clients, observers, now);
        if latency.is_zero() {
            return Next::Stage(stage);
        }
        observers.leave_stage(request, now);
        request.stage = stage;
        Next::After(latency + self.stages.time(stage))
    }

    /// Ends a request with an error, unless a cheaper model has answered already.
    fn give_up(&mut self, id: RequestId, of: InferenceId, error: RequestError, now: Time) -> Next {
        let request = &mut self.requests[id];
        let_go(payer(&request.incoming), of, &mut self.charge, &mut self.upstream, now);
        let inference = &mut self.upstream.inferences[of];
        if let Some(answer) = request.answer {
            request.model = answer.model;
            inference.queued = inference.queued.min(inference.started);
            return Next::Stage(Stage::Postprocess);
        }
        request.model = inference.model;
        fail(request, error)
    }

    /// The end of a request, which holds nothing any more: those who wait for it hear of it.
    #[inline]
    fn finish(&mut self, id: RequestId, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        let System { requests, clients, caches, upstream, charge, observers, agenda, .. } = self;
        let request = &requests[id];
        if request.error.is_some() {
            caches.end(request, requests, sim);
        }
        let inference = request.inference.map(|of| &upstream.inferences[of]);
        debug_assert!(
            inference.is_none_or(|it| it.spend.hold == Money::ZERO && it.spend.slot.is_none()),
            "money and slots are let go with the answer, or when it is given up"
        );
        let outcome = observers.finish(request, inference, now);
        let is_plain = clients.is_plain(request);
        if let Some(answer) = request.answer.filter(|it| it.wrong && is_plain)
            && request.error.is_none()
        {
            let whose = (request.incoming.user.0, Some(answer.model));
            observers.wrong_answer(whose, request.measured, now);
        }
        let list = charge.listed(request, inference).filter(|_| request.measured);
        if let Some(list) = list {
            observers.measures.list(outcome, list);
        }
        let incoming = &request.incoming;
        if let Some(record) = observers.recorder.as_mut().filter(|_| observers.measuring) {
            let workflows = clients.workflows.as_ref();
            record(&super::measure::Finished {
                source: &clients.source,
                params: &clients.params[incoming.profile.0 as usize],
                request,
                inference,
                list,
                is_plain,
                call: workflows.and_then(|it| it.engine.name_of(incoming.call?)),
                outcome,
                at: now,
            });
        }
        if let Some(call) = incoming.call {
            let answered = answer_to_workflow(request, inference);
            clients.answer_call(call, &answered, agenda, sim);
        }
        // A workflow's client waits for its end.
        let waits = incoming.thread.is_some() && incoming.call.is_none();
        let waiting = waits.then(|| {
            let answer = request.answer.filter(|_| request.error.is_none());
            (*incoming, request.measured, answer.map(|answer| answer.output_tokens))
        });
        if upstream.leave(request.inference, now) {
            clients.forget(incoming);
            requests.remove(id);
        }
        if let Some((incoming, measured, tokens)) = waiting {
            clients.follow_up(&incoming, measured, tokens, &mut observers.measures, sim);
        }
    }
}

/// Lets go of what is held for a request at its model: money, and a slot.
fn let_go(payer: Payer, of: InferenceId, charge: &mut Charge, upstream: &mut Upstream, now: Time) {
    upstream.leave_slot(of, now);
    charge.release(payer, &mut upstream.inferences[of].spend);
}

fn validate(
    request: &Request,
    missing_prompt: bool,
    limit: Option<u32>,
) -> Result<(), RequestError> {
    if missing_prompt {
        return Err(RequestError::MissingPrompt);
    }
    let chars = request.incoming.sent_chars();
    match limit {
        Some(limit) if chars > limit => Err(RequestError::PromptTooLong { chars, limit }),
        _ => Ok(()),
    }
}

/// What a workflow hears of its call.
fn answer_to_workflow(request: &Request, inference: Option<&Inference>) -> Answered {
    let served = inference.filter(|_| !request.cached && request.answer.is_some());
    Answered {
        outcome: match (request.error, request.answer) {
            (None, Some(answer)) => Ok((answer.output_tokens, answer.quality, answer.model)),
            (error, _) => Err(error.unwrap_or(RequestError::QueueFull)),
        },
        queue: served.map_or(Duration::ZERO, |it| it.started.since(it.queued)),
        inference: served.map_or(Duration::ZERO, |it| it.service.total),
        is_made: served.is_some(),
        input_decitokens: served.map_or(0, |_| request.incoming.input_decitokens),
    }
}
