//! A request at a model: chosen, queued, served, charged.

use super::model::{Event, Next, System};
use super::request::{Answer, Request};
use crate::cost::Money;
use crate::kernel::{Admission, Duration, Scheduler};
use crate::pipeline::{RequestError, Stage};
use crate::serving::{Work, seed_output_tokens};
use crate::workload::Incoming;

impl System<'_> {
    /// Chooses a model within the budget, and asks its server.
    pub(super) fn select(
        &mut self,
        slot: u32,
        request: &mut Request,
        sim: &mut Scheduler<Event>,
    ) -> Next {
        let now = sim.now();
        if let Some(time) = self.pull_levers(request) {
            return Next::After(time);
        }
        let demand = self.demand(request);
        let choice = match self.optimizer.choose(&demand, now) {
            Ok(choice) => choice,
            Err(refusal) => return self.refused(request, refusal, now),
        };
        request.spend.hold = choice.hold;
        request.model = choice.model.0;
        request.estimate = choice.estimate;
        let model = choice.model.0 as usize;
        if request.measured {
            self.measures.models[model].requests += 1;
        }
        self.leave_stage(request, now);
        request.stage = Stage::Inference;
        request.queued = now;
        request.spend.seated_after = Duration::ZERO;
        if request.spend.batch {
            return self.defer(slot, request, sim);
        }
        if let Some(next) = self.take_place(slot, request, sim) {
            return next;
        }
        self.ask_model(slot, request, sim)
    }

    /// Asks the chosen model for an answer.
    pub(super) fn ask_model(
        &mut self,
        slot: u32,
        request: &mut Request,
        sim: &mut Scheduler<Event>,
    ) -> Next {
        let (now, model) = (sim.now(), request.model as usize);
        if self.pool.active {
            return self.pursue(slot, request, sim);
        }
        let priority = self.priority(&request.incoming);
        match self.servers[model].arrive(now, slot, priority) {
            Admission::Start => {
                let limited = self.servers[model].limit().is_some();
                self.timeline.set(now, |levels| levels.busy += u32::from(limited));
                self.start(slot, request, sim);
                Next::Wait
            }
            Admission::Queued(_) => {
                self.timeline.set(now, |levels| levels.queue += 1);
                Next::Wait
            }
            Admission::Refused => self.give_up(request, RequestError::QueueFull),
        }
    }

    /// A server begins to work on a request: what it has of the prompt is looked up,
    /// the answer's length drawn and its end scheduled.
    fn start(&mut self, slot: u32, request: &mut Request, sim: &mut Scheduler<Event>) {
        let model = request.model as usize;
        let output_tokens = self.answer_tokens(&request.incoming, model);
        let output_tokens = self.trimmed(request, output_tokens);
        let found = self.look_up_prefix(&request.incoming, model, 0, sim.now());
        request.cached_decitokens = found.cached_decitokens;
        request.prefix = found.matched;
        let work = Work {
            chars: request.incoming.chars,
            input_decitokens: request.incoming.input_decitokens,
            cached_decitokens: request.cached_decitokens,
            loading: request.prefix.map_or(Duration::ZERO, |prefix| prefix.loading),
            output_tokens,
        };
        let service = self.servers[model].service(&work);
        if found.stores {
            sim.schedule_in(service.first_token, Event::Prefilled(slot));
        }
        request.started = sim.now();
        request.inference = service.total;
        request.first_token = service.first_token;
        request.answer = Some(Answer {
            cost: Money::ZERO,
            quality: self.answer_quality(request, output_tokens),
            output_tokens,
            model: request.model,
        });
        sim.schedule_in(service.total, Event::Advance(slot));
    }

    /// How long an answer of `model` is.
    #[inline]
    pub(super) fn answer_tokens(&mut self, incoming: &Incoming, model: usize) -> u32 {
        let most = self.params[incoming.profile.0 as usize].max_tokens;
        match incoming.output_tokens {
            Some(tokens) => tokens.min(most),
            None => seed_output_tokens(most, self.quality[model], self.output.uniform()),
        }
    }

    /// The only server of a model is done with a request: its next one starts.
    fn next_starts(&mut self, request: &Request, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        let model = request.model as usize;
        if let Some(waiting) = self.servers[model].finish(now) {
            self.timeline.set(now, |levels| levels.queue -= 1);
            let mut next = self.requests[waiting as usize];
            self.waited_ns += u128::from((now - next.queued).0);
            self.start(waiting, &mut next, sim);
            self.requests[waiting as usize] = next;
        } else {
            let limited = self.servers[model].limit().is_some();
            self.timeline.set(now, |levels| levels.busy -= u32::from(limited));
        }
    }

    /// An answer is there and is charged.
    pub(super) fn served(&mut self, request: &mut Request, sim: &mut Scheduler<Event>) -> Next {
        // None of its attempts succeeded.
        if let Some(error) = request.error.take() {
            return self.give_up(request, error);
        }
        if !self.pool.active {
            self.next_starts(request, sim);
        }
        self.charge_answer(request, sim.now())
    }
}
