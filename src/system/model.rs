//! The system under test: one request's way through all parts.
//!
//! ```text
//! validate ► preprocess ► key ► cache l1 ► ... ► semantic ─ hit ──────────► format
//!     │                                   └─ miss ► select ► inference ► postprocess ─┘
//!     └ error ............................................ no budget, queue full
//! ```
//! A stage's work is done when its time has passed; stages that take no time
//! follow each other within one event.

use slab::Slab;

use super::breakdown::Breakdown;
use super::flows::Flows;
use super::measure::Measures;
use super::monitors::{Monitors, Progress};
use super::pool::Pool;
use super::request::{Answer, Request};
use super::run::RunError;
use super::single_flight::Flights;
use super::timeline::Timeline;
use super::trace::Tracer;
use crate::cache::{Hierarchy, NegativeCache, PrefixCache, SemanticCache};
use crate::cost::allocate::Places;
use crate::cost::{Levers, Optimizer};
use crate::kernel::{Duration, Model, Scheduler, Stream, Time};
use crate::orchestration::Wake;
use crate::pipeline::{KeyMaker, Log, Outcome, Params, RequestError, Stage, StagesSpec};
use crate::serving::Replica;
use crate::workload::{Incoming, Source};

/// What happens on the virtual clock.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// The warm-up ends.
    Measure,
    /// The next request comes.
    Arrive,
    /// A request comes that had waited for an answer.
    Follow(u32),
    /// The time of a request's stage has passed.
    Advance(u32),
    /// A model has read a request's prompt.
    Prefilled(u32),
    /// A replica is done with an attempt.
    Served(u32),
    /// A replica has read an attempt's prompt.
    Read(u32),
    /// An attempt takes too long.
    Timeout(u32),
    /// A request is tried again.
    Retry(u32),
    /// A request gets a second attempt.
    Hedge(u32),
    /// An attempt reaches its engine.
    Submit(u32),
    /// Something happens in an engine.
    Engine(u32),
    /// A brown-out of an engine begins or ends.
    Slowness(u32),
    /// A replica is ready, crashes, or is repaired.
    Node(u32),
    /// A replica of a model may have room for those that wait before all of them.
    Dispatch(u32),
    /// A model's autoscaler looks at load.
    Scale(u32),
    /// Something of a workflow is due.
    Wake(Wake),
    /// Places at models are divided anew.
    Divide,
}

/// A finished request and what is known of it.
pub struct Finished<'f> {
    /// Knows users and prompts by name.
    pub source: &'f Source,
    /// The parameters that it was asked with.
    pub params: &'f Params,
    /// The request itself.
    pub request: &'f Request,
    /// The number of its workflow and the name of its step, if it is of one.
    pub call: Option<(u64, &'f str)>,
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
    /// Requests that follow answers, until they come.
    pub(super) following: Slab<Incoming>,
    /// How many have followed each other since time last passed.
    pub(super) at_once: u32,
    pub(super) failure: Option<RunError>,
    pub(super) requests: Slab<Request>,
    pub(super) arrived: u64,
    /// Requests that came in, calls of workflows among them.
    pub(super) admitted: u64,
    /// Workflows, if requests begin any.
    pub(super) flows: Option<Box<Flows>>,
    pub(super) params: Vec<Params>,
    pub(super) max_prompt_length: Option<u32>,
    pub(super) stages: StagesSpec,
    pub(super) keys: KeyMaker,
    pub(super) caches: Option<Hierarchy<Answer>>,
    pub(super) semantic: Option<Semantic>,
    pub(super) flights: Option<Flights>,
    pub(super) negative: Option<NegativeCache<RequestError>>,
    /// By user: how long answers made for them live; empty where all are alike.
    pub(super) lives: Vec<Option<Duration>>,
    pub(super) optimizer: Optimizer,
    pub(super) levers: Option<Levers>,
    pub(super) places: Option<Places>,
    /// Whether an event will divide them anew.
    pub(super) division_awaited: bool,
    pub(super) quality: Vec<f64>,
    pub(super) servers: Vec<Replica>,
    /// By model.
    pub(super) prefixes: Vec<Option<PrefixCache>>,
    /// Room for the blocks of a prompt.
    pub(super) blocks: Vec<u64>,
    pub(super) output: Stream,
    pub(super) pool: Pool,
    /// For Little's law: the sums of all requests' times here, and in queues.
    pub(super) sojourn_ns: u128,
    pub(super) waited_ns: u128,
    pub(super) measuring: bool,
    /// The first request that is measured, where the warm-up is a number of requests.
    pub(super) first_measured: u64,
    pub(super) measures: Measures,
    pub(super) timeline: Timeline,
    /// Answers by who gave and got them, if that was asked for.
    pub(super) breakdown: Option<Box<Breakdown>>,
    /// Monitors, if there are any.
    pub(super) monitors: Option<Box<Monitors>>,
    pub(super) log: Log,
    pub(super) recorder: Option<Recorder<'r>>,
    pub(super) tracer: Option<&'r mut dyn Tracer>,
}

/// The semantic cache, and what becomes of its answers.
pub(super) struct Semantic {
    pub cache: SemanticCache<Answer>,
    pub wrong_answer_quality: f64,
    pub promote: bool,
}

/// What a request does next.
pub(super) enum Next {
    Stage(Stage),
    /// The same stage again: the next cache level.
    Again,
    /// The same stage again, after a time.
    After(Duration),
    /// It waits for a server, or for another request.
    Wait,
    /// It is done.
    Finish,
}

impl Model for System<'_> {
    type Event = Event;

    #[inline]
    fn handle(&mut self, event: Event, sim: &mut Scheduler<Event>) {
        if let Some(monitors) = self.monitors.as_mut().filter(|it| it.is_due(sim.now())) {
            let worked = if self.pool.active { self.pool.last_work } else { sim.now() };
            let progress = Progress { now: sim.now(), last_arrival: self.last_arrival, worked };
            monitors.advance(progress, &mut self.timeline);
        }
        match event {
            Event::Advance(slot) => self.advance(slot, sim),
            Event::Arrive => self.arrive(sim),
            Event::Follow(slot) => self.follow(slot, sim),
            Event::Prefilled(slot) => self.prefilled(slot),
            Event::Wake(wake) => self.wake(wake, sim),
            Event::Measure => self.begin_measuring(sim.now()),
            Event::Divide => self.divide_places(sim),
            other => self.handle_attempt(other, sim),
        }
        if self.places.is_some() {
            self.seat_waiting(sim);
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
                self.failure = Some(error.into());
                sim.stop();
            }
        }
    }

    /// What happens to attempts and replicas.
    fn handle_attempt(&mut self, event: Event, sim: &mut Scheduler<Event>) {
        match event {
            Event::Served(attempt) => self.attempt_served(attempt, sim),
            Event::Read(attempt) => self.read(attempt),
            Event::Timeout(attempt) => self.time_out(attempt, sim),
            Event::Retry(pursuit) => self.retry(pursuit, sim),
            Event::Hedge(pursuit) => self.hedge(pursuit, sim),
            Event::Submit(attempt) => self.reach_engine(attempt, sim),
            Event::Engine(node) => self.look_at_engine(node, sim),
            Event::Slowness(node) => self.change_slowness(node, sim),
            Event::Node(node) => self.node_timer(node, sim),
            Event::Dispatch(model) => self.dispatch(model, sim),
            Event::Scale(model) => self.scale(model, sim),
            _ => {}
        }
    }

    fn arrive(&mut self, sim: &mut Scheduler<Event>) {
        let Some(incoming) = self.next.take() else { return };
        // Those that follow answers may have come before it and used up the number.
        if self.arrived < self.most_requests {
            self.arrived += 1;
            self.fetch(sim);
            self.take_in(incoming, sim);
        }
    }

    /// A request comes in: one of the workload's, or a call of a workflow.
    pub(super) fn admit(&mut self, incoming: Incoming, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        if self.admitted >= self.first_measured && !self.measuring {
            self.begin_measuring(now);
        }
        let request = Request::new(incoming, self.admitted, self.measuring);
        self.admitted += 1;
        if request.measured {
            self.measures.requests += 1;
            self.measures.payload_bytes += incoming.payload_bytes;
            self.measures.users[incoming.user.0 as usize].requests += 1;
        }
        self.timeline.set(now, |levels| levels.in_flight += 1);
        self.timeline.at(now).arrivals += 1;
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
            caches.reset_stats(now);
        }
        if let Some(semantic) = &mut self.semantic {
            semantic.cache.reset_stats();
        }
        for server in &mut self.servers {
            server.reset_stats(now);
        }
        self.pool.fleets.iter_mut().for_each(|fleet| fleet.reset_stats(now));
        self.prefixes.iter_mut().flatten().for_each(PrefixCache::reset_stats);
        self.optimizer.reset_stats();
    }

    /// Does the work of the request's stage, and of those after it that take no
    /// time.
    pub(super) fn advance(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        // A copy, written back where the request stays: the parts are borrowed
        // freely in between.
        let mut request = self.requests[slot as usize];
        let next = self.work(slot, &mut request, sim);
        self.proceed(slot, request, next, sim);
    }

    /// Does what a request does next, and all that follows at once.
    #[inline]
    pub(super) fn proceed(
        &mut self,
        slot: u32,
        mut request: Request,
        mut next: Next,
        sim: &mut Scheduler<Event>,
    ) {
        let now = sim.now();
        loop {
            let time = match next {
                Next::After(time) => Some(time),
                Next::Wait => {
                    self.requests[slot as usize] = request;
                    return;
                }
                Next::Finish => {
                    self.leave_stage(&mut request, now);
                    self.requests.remove(slot as usize);
                    self.hand_over(&request, sim);
                    self.finish(&request, sim);
                    return;
                }
                Next::Again => self.stage_time(slot, &request, now),
                Next::Stage(stage) => {
                    self.leave_stage(&mut request, now);
                    request.stage = stage;
                    self.stage_time(slot, &request, now)
                }
            };
            if time != Some(Duration::ZERO) {
                self.requests[slot as usize] = request;
                if let Some(time) = time {
                    sim.schedule_in(time, Event::Advance(slot));
                }
                return;
            }
            next = self.work(slot, &mut request, sim);
        }
    }

    #[inline]
    pub(super) fn leave_stage(&mut self, request: &mut Request, now: Time) {
        if request.measured {
            let stats = self.measures.stage(request.stage);
            stats.pass(now - request.since);
            stats.errors += u64::from(request.error.is_some());
        }
        request.since = now;
    }

    /// How long the stage takes that the request enters; `None`: until its turn
    /// comes.
    #[inline]
    fn stage_time(&mut self, slot: u32, request: &Request, now: Time) -> Option<Duration> {
        match (&mut self.caches, request.stage) {
            (Some(caches), Stage::Cache) => caches.enter(usize::from(request.level), slot, now),
            (_, Stage::Semantic) => self.semantic.as_ref().map(|it| it.cache.latency()),
            (_, stage) => Some(self.stages.time(stage)),
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
                self.ask_caches(slot, request, sim.now())
            }
            Stage::Cache => self.look(slot, request, sim),
            Stage::Semantic => self.ask_similar(slot, request, sim.now()),
            Stage::Select => self.select(slot, request, sim),
            Stage::Inference if request.spend.batch => self.charge_answer(request, sim.now()),
            Stage::Inference => self.served(request, sim),
            Stage::Postprocess => {
                self.store(request, sim);
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
}

/// Ends a request with an error.
pub(super) fn fail(request: &mut Request, error: RequestError) -> Next {
    request.error = Some(error);
    Next::Finish
}
