//! The system under test: one request's way through all parts.
//!
//! ```text
//! validate ► preprocess ► key ► cache l1 ► l2 ► ... ── hit ──────────────► format
//!     │                                   └─ miss ► select ► inference ► postprocess ─┘
//!     └ error ............................................ no budget, queue full
//! ```
//! A stage's work is done when its time has passed; stages that take no time
//! follow each other within one event.

use slab::Slab;

use super::measure::{Measures, Served};
use super::request::{Answer, Request};
use super::timeline::Timeline;
use crate::cache::Hierarchy;
use crate::cost::{Demand, ModelId, Money, Optimizer};
use crate::kernel::{Admission, Duration, Model, Scheduler, Stream, Time};
use crate::pipeline::{KeyMaker, Log, Outcome, Params, RequestError, Stage, StagesSpec};
use crate::serving::{Replica, Work, seed_output_tokens};
use crate::workload::{Incoming, Source, TraceError};

/// What happens on the virtual clock.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// The warm-up ends.
    Measure,
    /// The next request comes.
    Arrive,
    /// The time of a request's stage has passed.
    Advance(u32),
}

/// A finished request and what is known of it.
pub struct Finished<'f> {
    /// Knows users and prompts by name.
    pub source: &'f Source,
    /// The parameters that it was asked with.
    pub params: &'f Params,
    /// The request itself.
    pub request: &'f Request,
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub at: Time,
}

/// Gets every measured request as it finishes.
pub type Recorder<'r> = Box<dyn FnMut(&Finished<'_>) + 'r>;

/// The system under test. Public fields are its parts.
pub struct System<'r> {
    pub(super) source: Source,
    pub(super) last_arrival: Time,
    pub(super) most_requests: u64,
    pub(super) next: Option<Incoming>,
    pub(super) failure: Option<TraceError>,
    pub(super) requests: Slab<Request>,
    pub(super) arrived: u64,
    pub(super) params: Vec<Params>,
    pub(super) max_prompt_length: Option<u32>,
    pub(super) stages: StagesSpec,
    pub(super) keys: KeyMaker,
    pub(super) caches: Option<Hierarchy<Answer>>,
    pub(super) optimizer: Optimizer,
    pub(super) quality: Vec<f64>,
    pub(super) servers: Vec<Replica>,
    pub(super) output: Stream,
    pub(super) measuring: bool,
    pub(super) measures: Measures,
    pub(super) timeline: Timeline,
    pub(super) log: Log,
    pub(super) recorder: Option<Recorder<'r>>,
}

/// What a request does next.
enum Next {
    Stage(Stage),
    /// The same stage again: the next cache level.
    Again,
    /// It waits for a server.
    Wait,
    /// It is done.
    Finish,
}

impl Model for System<'_> {
    type Event = Event;

    #[inline]
    fn handle(&mut self, event: Event, sim: &mut Scheduler<Event>) {
        match event {
            Event::Advance(slot) => self.advance(slot, sim),
            Event::Arrive => self.arrive(sim),
            Event::Measure => self.begin_measuring(sim.now()),
        }
    }
}

impl System<'_> {
    /// Fetches the next request and schedules its arrival.
    pub(super) fn fetch(&mut self, sim: &mut Scheduler<Event>) {
        if self.arrived + u64::from(self.next.is_some()) >= self.most_requests {
            return;
        }
        match self.source.next() {
            Some(Ok(incoming)) if incoming.at <= self.last_arrival => {
                sim.schedule_at(incoming.at, Event::Arrive);
                self.next = Some(incoming);
            }
            None | Some(Ok(_)) => {}
            Some(Err(error)) => {
                self.failure = Some(error);
                sim.stop();
            }
        }
    }

    fn arrive(&mut self, sim: &mut Scheduler<Event>) {
        let Some(incoming) = self.next.take() else { return };
        let now = sim.now();
        let request = Request::new(incoming, self.arrived, self.measuring);
        self.arrived += 1;
        if request.measured {
            self.measures.requests += 1;
            self.measures.users[incoming.user.0 as usize].requests += 1;
        }
        self.timeline.set(now, |levels| levels.in_flight += 1);
        self.timeline.at(now).arrivals += 1;
        self.fetch(sim);
        let slot = self.requests.insert(request) as u32;
        let time = self.stages.validate;
        if time.is_zero() {
            self.advance(slot, sim);
        } else {
            sim.schedule_in(time, Event::Advance(slot));
        }
    }

    fn begin_measuring(&mut self, now: Time) {
        self.measuring = true;
        self.measures.window_start = now;
        if let Some(caches) = &mut self.caches {
            caches.reset_stats();
        }
        for server in &mut self.servers {
            server.reset_stats(now);
        }
        self.optimizer.reset_stats();
    }

    /// Does the work of the request's stage, and of those after it that take no
    /// time.
    fn advance(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        // A copy, written back where the request stays: the parts are borrowed
        // freely in between.
        let mut request = self.requests[slot as usize];
        loop {
            let next = self.work(slot, &mut request, sim);
            let time = match next {
                Next::Wait => {
                    self.requests[slot as usize] = request;
                    return;
                }
                Next::Finish => {
                    self.leave_stage(&mut request, now);
                    self.requests.remove(slot as usize);
                    self.finish(&request, now);
                    return;
                }
                Next::Again => self.stage_time(&request),
                Next::Stage(stage) => {
                    self.leave_stage(&mut request, now);
                    request.stage = stage;
                    self.stage_time(&request)
                }
            };
            if !time.is_zero() {
                self.requests[slot as usize] = request;
                sim.schedule_in(time, Event::Advance(slot));
                return;
            }
        }
    }

    #[inline]
    fn leave_stage(&mut self, request: &mut Request, now: Time) {
        if request.measured {
            let stats = self.measures.stage(request.stage);
            stats.pass(now - request.since);
            stats.errors += u64::from(request.error.is_some());
        }
        request.since = now;
    }

    #[inline]
    fn stage_time(&self, request: &Request) -> Duration {
        match (&self.caches, request.stage) {
            (Some(caches), Stage::Cache) => caches.latency(usize::from(request.level)),
            (_, stage) => self.stages.time(stage),
        }
    }

    #[inline]
    fn work(&mut self, slot: u32, request: &mut Request, sim: &mut Scheduler<Event>) -> Next {
        match request.stage {
            Stage::Validate => match self.validate(request) {
                Ok(()) => Next::Stage(Stage::Preprocess),
                Err(error) => fail(request, error),
            },
            Stage::Preprocess => Next::Stage(Stage::Key),
            Stage::Key => {
                request.key = self.keys.key(request.incoming.prompt, request.incoming.profile.0);
                Next::Stage(if self.caches.is_some() { Stage::Cache } else { Stage::Select })
            }
            Stage::Cache => self.look(request, sim.now()),
            Stage::Select => self.select(slot, request, sim),
            Stage::Inference => self.served(request, sim),
            Stage::Postprocess => {
                self.store(request, sim.now());
                Next::Stage(Stage::Format)
            }
            Stage::Format => Next::Finish,
        }
    }

    fn validate(&self, request: &Request) -> Result<(), RequestError> {
        if self.params[request.incoming.profile.0 as usize].missing_prompt {
            return Err(RequestError::MissingPrompt);
        }
        match self.max_prompt_length {
            Some(limit) if request.incoming.chars > limit => {
                Err(RequestError::PromptTooLong { chars: request.incoming.chars, limit })
            }
            _ => Ok(()),
        }
    }

    fn look(&mut self, request: &mut Request, now: Time) -> Next {
        let Some(caches) = &mut self.caches else { return Next::Stage(Stage::Select) };
        let level = usize::from(request.level);
        if let Some(answer) = caches.lookup(level, request.key, now) {
            caches.promote(level, request.key, now);
            self.timeline.at(now).asked += 1;
            self.timeline.at(now).hits += 1;
            request.model = answer.model;
            request.answer = Some(answer);
            request.cached = true;
            if request.measured {
                let user = &mut self.measures.users[request.incoming.user.0 as usize];
                user.hits += 1;
                user.saved += answer.cost;
                let model = &mut self.measures.models[answer.model as usize];
                model.hits += 1;
                model.saved += answer.cost;
                self.measures.hits += 1;
                self.measures.saved += answer.cost;
            }
            self.optimizer.save(request.incoming.user, answer.cost);
            return Next::Stage(Stage::Format);
        }
        if level + 1 < caches.levels() {
            request.level += 1;
            return Next::Again;
        }
        self.timeline.at(now).asked += 1;
        self.measures.misses += u64::from(request.measured);
        Next::Stage(Stage::Select)
    }

    fn select(&mut self, slot: u32, request: &mut Request, sim: &mut Scheduler<Event>) -> Next {
        let now = sim.now();
        let params = &self.params[request.incoming.profile.0 as usize];
        let demand = Demand {
            user: request.incoming.user,
            input_decitokens: request.incoming.input_decitokens,
            max_tokens: params.max_tokens,
            quality_threshold: params.quality_threshold,
        };
        let Ok(choice) = self.optimizer.choose(&demand, now) else {
            return fail(request, RequestError::InsufficientBudget);
        };
        request.model = choice.model.0;
        request.estimate = choice.estimate;
        let model = choice.model.0 as usize;
        if request.measured {
            self.measures.models[model].requests += 1;
        }
        self.leave_stage(request, now);
        request.stage = Stage::Inference;
        request.queued = now;
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
            Admission::Refused => fail(request, RequestError::QueueFull),
        }
    }

    /// A server begins to work on a request: its length is drawn and its end
    /// scheduled.
    fn start(&mut self, slot: u32, request: &mut Request, sim: &mut Scheduler<Event>) {
        let params = &self.params[request.incoming.profile.0 as usize];
        let model = request.model as usize;
        let output_tokens = match request.incoming.output_tokens {
            Some(tokens) => tokens.min(params.max_tokens),
            None => {
                seed_output_tokens(params.max_tokens, self.quality[model], self.output.uniform())
            }
        };
        let work = Work {
            chars: request.incoming.chars,
            input_decitokens: request.incoming.input_decitokens,
            output_tokens,
        };
        let service = self.servers[model].service(&work);
        request.started = sim.now();
        request.inference = service.total;
        request.first_token = service.first_token;
        request.answer = Some(Answer {
            cost: Money::ZERO,
            quality: self.quality[model],
            output_tokens,
            model: request.model,
        });
        sim.schedule_in(service.total, Event::Advance(slot));
    }

    /// A server is done: the answer is charged and the server's next request
    /// starts.
    fn served(&mut self, request: &mut Request, sim: &mut Scheduler<Event>) -> Next {
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
        let Some(answer) = &mut request.answer else { return Next::Finish };
        let (user, input) = (request.incoming.user, request.incoming.input_decitokens);
        let model = ModelId(request.model);
        answer.cost = self.optimizer.charge(user, model, input, answer.output_tokens, now);
        self.timeline.at(now).spend += answer.cost;
        if request.measured {
            let served = Served {
                queue: request.started - request.queued,
                inference: request.inference,
                first_token: request.first_token,
                input_decitokens: input,
                output_tokens: answer.output_tokens,
                cost: answer.cost,
            };
            self.measures.serve(user.0, request.model, &served);
        }
        Next::Stage(Stage::Postprocess)
    }

    fn store(&mut self, request: &Request, now: Time) {
        if let (Some(caches), Some(answer)) = (&mut self.caches, request.answer) {
            caches.store(request.key, answer.size(), answer, now);
        }
    }
}

fn fail(request: &mut Request, error: RequestError) -> Next {
    request.error = Some(error);
    Next::Finish
}
