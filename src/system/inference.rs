//! A request at a model: chosen, queued, served, charged.

use super::model::{Event, Next, System};
use super::request::{Answer, Request};
use crate::cost::Money;
use crate::kernel::{Admission, Duration, Scheduler};
use crate::pipeline::{RequestError, Stage};
use crate::serving::{Work, seed_output_tokens};

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
        if request.spend.batch {
            return self.defer(slot, request, sim);
        }
        match self.servers[model].arrive(now, slot) {
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
        let params = &self.params[request.incoming.profile.0 as usize];
        let model = request.model as usize;
        let output_tokens = match request.incoming.output_tokens {
            Some(tokens) => tokens.min(params.max_tokens),
            None => {
                seed_output_tokens(params.max_tokens, self.quality[model], self.output.uniform())
            }
        };
        let output_tokens = self.trimmed(request, output_tokens);
        let stores_prefix = self.look_up_prefix(request, sim.now());
        let work = Work {
            chars: request.incoming.chars,
            input_decitokens: request.incoming.input_decitokens,
            cached_decitokens: request.cached_decitokens,
            loading: request.prefix.map_or(Duration::ZERO, |prefix| prefix.loading),
            output_tokens,
        };
        let service = self.servers[model].service(&work);
        if stores_prefix {
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

    /// A server is done: the answer is charged and the server's next request
    /// starts.
    pub(super) fn served(&mut self, request: &mut Request, sim: &mut Scheduler<Event>) -> Next {
        let now = sim.now();
        let model = request.model as usize;
        if let Some(waiting) = self.servers[model].finish(now) {
            self.timeline.set(now, |levels| levels.queue -= 1);
            let mut next = self.requests[waiting as usize];
            self.start(waiting, &mut next, sim);
            self.requests[waiting as usize] = next;
        } else {
            let limited = self.servers[model].limit().is_some();
            self.timeline.set(now, |levels| levels.busy -= u32::from(limited));
        }
        self.charge_answer(request, now)
    }
}
