//! The system under test: one request's way through all parts.
//!
//! ```text
//! validate ► preprocess ► key ► cache l1 ► ... ► semantic ─ hit ──────────► format
//!     │                                   └─ miss ► select ► inference ► postprocess ─┘
//!     └ error ............................................ no budget, queue full
//! ```
//! A stage's work is done when its time has passed; stages that take no time
//! follow each other within one event. What ends within an event goes on the agenda,
//! which is worked off before the next.

use super::agenda::{Agenda, Task};
use super::caches::Caches;
use super::charge::Charge;
use super::clients::Clients;
use super::context::Context;
use super::event::Event;
use super::measure::Observers;
use super::monitors::Progress;
use super::request::{Request, Requests};
use super::tracer::TracedWorkflow;
use super::upstream::Upstream;
use crate::kernel::{Model, Scheduler, Time};
use crate::orchestration::{End, Reason};
use crate::pipeline::RequestError;
use crate::pipeline::StagesSpec;
use crate::workload::Incoming;

/// The system under test: its parts own their state, and the way of a request
/// ([`stages`](super::stages)) tells which part does what to it.
pub struct System<'r> {
    /// Who asks.
    pub clients: Clients,
    /// What has answers.
    pub caches: Caches,
    /// What makes them.
    pub upstream: Upstream,
    /// Who pays.
    pub charge: Charge,
    /// Who looks on.
    pub observers: Observers<'r>,
    /// What is to be ended.
    pub agenda: Agenda,
    /// Requests between arrival and response.
    pub requests: Requests,
    /// How long stages take.
    pub stages: StagesSpec,
    /// The longest prompt, in characters.
    pub max_prompt_length: Option<u32>,
    /// Requests that came in, calls of workflows among them.
    pub admitted: u64,
    /// The first request that is measured, where the warm-up is a number of requests.
    pub first_measured: u64,
}

impl Model for System<'_> {
    type Event = Event;

    #[inline]
    fn handle(&mut self, event: Event, sim: &mut Scheduler<Event>) {
        self.look_on(sim.now());
        match event {
            Event::Advance(id) => self.advance(id, sim),
            Event::Arrive => {
                if let Some(incoming) = self.clients.arrive(sim) {
                    self.take_in(incoming, sim);
                }
            }
            Event::Follow(id) => {
                if let Some(incoming) = self.clients.follow(id) {
                    self.take_in(incoming, sim);
                }
            }
            Event::Wake(wake) => {
                self.clients.wake_workflow(wake, &mut self.agenda, sim);
            }
            Event::Measure => self.begin_measuring(sim.now()),
            Event::KeepAlive(model) => {
                let over = !self.awaits_something() || sim.now() >= self.clients.closes;
                let (upstream, mut cx) = self.upstream(sim);
                upstream.keep_alive(model, over, &mut cx);
            }
            Event::Divide => {
                self.upstream.divide(sim.now());
                self.seat_waiting(sim);
                self.upstream.await_division(sim);
            }
            Event::Expire(id) => self.expire(id, sim),
            other => self.handle_upstream(other, sim),
        }
        self.work_off(sim);
        if self.upstream.slots.is_some() {
            self.seat_waiting(sim);
        }
    }
}

impl<'r> System<'r> {
    /// What happens to attempts and replicas.
    fn handle_upstream(&mut self, event: Event, sim: &mut Scheduler<Event>) {
        let (upstream, mut cx) = self.upstream(sim);
        let cx = &mut cx;
        match event {
            Event::Served(attempt) => upstream.served(attempt, cx),
            Event::Read(attempt) => upstream.read(attempt, cx),
            Event::Timeout(attempt) => upstream.time_out(attempt, cx),
            Event::Retry(inference) => upstream.retry(inference, cx),
            Event::Hedge(inference) => upstream.hedge(inference, cx),
            Event::Submit(attempt) => upstream.reach_engine(attempt, cx),
            Event::Engine(_) | Event::Dispatch(_) => upstream.due(event, cx),
            Event::Slowdown(replica) => upstream.change_slowdown(replica, cx),
            Event::Replica(replica) => upstream.replica_timer(replica, cx),
            Event::Scale(model) => upstream.scale(model, cx),
            Event::Measure
            | Event::Arrive
            | Event::Follow(_)
            | Event::Advance(_)
            | Event::Wake(_)
            | Event::KeepAlive(_)
            | Event::Divide
            | Event::Expire(_) => {}
        }
    }

    /// Works off what the event has left to be ended, the last first.
    #[inline]
    pub(super) fn work_off(&mut self, sim: &mut Scheduler<Event>) {
        while let Some(task) = self.agenda.pop() {
            self.end(task, sim);
        }
    }

    fn end(&mut self, task: Task, sim: &mut Scheduler<Event>) {
        match task {
            Task::Advance(id) => self.advance(id, sim),
            Task::Progress(id, kind) => {
                let (upstream, mut cx) = self.upstream(sim);
                upstream.progress(id, kind, &mut cx);
            }
            Task::AttemptFailed(id, error) => {
                let (upstream, mut cx) = self.upstream(sim);
                upstream.attempt_failed(id, error, &mut cx);
            }
            Task::AttemptsFailed(id, error) => {
                let (upstream, mut cx) = self.upstream(sim);
                upstream.attempts_failed(id, error, &mut cx);
            }
            Task::CallOff(call) => {
                let workflows = self.clients.workflows.as_ref();
                let request = workflows.and_then(|it| it.request_of(call));
                let Some(id) = request else { return };
                let request = self.requests.get(id);
                let Some(inference) = request.and_then(|request| request.inference) else { return };
                if self.upstream.leave_gateway(inference, false, sim) {
                    self.end_wait(id, inference, RequestError::CalledOff, sim);
                } else {
                    let (upstream, mut cx) = self.upstream(sim);
                    upstream.call_off_request(inference, &mut cx);
                }
            }
            Task::Bill { user, amount, measured } => {
                self.charge.tool(user, amount, measured, &mut self.observers, sim.now());
            }
            Task::Forget(id) => {
                if let Some(request) = self.requests.remove(id) {
                    self.clients.forget(&request.incoming);
                }
            }
            Task::WorkflowEnded => {
                let Some(end) = self.agenda.pop_end() else { return };
                self.workflow_ended(&end, sim.now());
                self.upstream.last_work = sim.now();
                if let Some(blocks) = end.incoming.blocks {
                    self.clients.source.release(blocks);
                }
                if !end.is_plain && end.outcome.is_ok_and(|said| said.label != 0) {
                    let user = end.incoming.user.0;
                    self.observers.wrong_answer((user, None), end.measured, sim.now());
                }
                if end.incoming.thread.is_some() {
                    let answer = end.outcome.ok().map(|said| said.tokens);
                    let measures = &mut self.observers.measures;
                    self.clients.follow_up(&end.incoming, end.measured, answer, measures, sim);
                }
            }
        }
    }

    /// Those who look on hear of a workflow's end.
    fn workflow_ended(&mut self, end: &End, now: Time) {
        let right = end.outcome.ok().map(|said| said.label == 0);
        let in_window = self.observers.in_window(now);
        let jobs = &mut self.observers.measures.in_window.jobs;
        *jobs += u64::from(in_window && right == Some(true));
        let ended = TracedWorkflow {
            measured: end.measured,
            after_warmup: self.observers.measuring,
            from: end.incoming.at,
            until: now,
            is_plain: end.is_plain,
            right,
            failed: end.outcome.err().map(Reason::name),
            number: end.number,
            workflow: end.workflow,
            user: end.incoming.user.0,
            spent: end.spent,
            path: end.path,
        };
        self.observers.trace_workflow(&ended);
    }

    /// A request of the workload comes, by itself or with the workflow that it begins; or
    /// a workflow's call.
    fn take_in(&mut self, incoming: Incoming, sim: &mut Scheduler<Event>) {
        if self.clients.workflows.is_none() || incoming.call.is_some() {
            self.admit(incoming, sim);
            return;
        }
        // As its first request, which comes at once.
        self.end_warm_up(sim.now());
        let measured = self.observers.measuring;
        self.clients.begin_workflow(incoming, measured, &mut self.agenda, sim);
    }

    /// A request comes in.
    #[inline]
    fn admit(&mut self, incoming: Incoming, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        self.end_warm_up(now);
        let request = Request::new(incoming, self.admitted, self.observers.measuring);
        self.admitted += 1;
        self.observers.admit(&request, now);
        let id = self.requests.insert(request);
        if let (Some(call), Some(workflows)) = (incoming.call, &mut self.clients.workflows) {
            workflows.set_request(call, Some(id));
        }
        let time = self.stages.validate;
        if time.is_zero() {
            self.advance(id, sim);
        } else {
            sim.schedule_in(time, Event::Advance(id));
        }
    }

    /// The warm-up ends where it is a number of requests, which have come.
    #[inline]
    fn end_warm_up(&mut self, now: Time) {
        if self.admitted >= self.first_measured && !self.observers.measuring {
            self.begin_measuring(now);
        }
    }

    fn begin_measuring(&mut self, now: Time) {
        self.observers.measuring = true;
        self.observers.measures.window_start = now;
        self.caches.reset_stats(now);
        self.upstream.reset_stats(now);
        self.charge.optimizer.reset_stats();
    }

    /// Monitors look at what has happened before `now`.
    #[inline]
    fn look_on(&mut self, now: Time) {
        let Observers { monitors, timeline, measures, closes, .. } = &mut self.observers;
        if let Some(monitors) = monitors.as_mut().filter(|it| it.is_due(now)) {
            let timers = measures.has_fleets || self.upstream.keeps_alive();
            let worked = if timers { self.upstream.last_work } else { now };
            monitors.advance(Progress { now, last_arrival: *closes, worked }, timeline);
        }
    }

    /// Whether a request or a workflow is under way, or one is still to come.
    pub fn awaits_something(&self) -> bool {
        !self.requests.is_empty() || self.clients.awaits_something()
    }

    /// The models' servers, and all around them.
    #[inline]
    pub fn upstream<'s>(
        &'s mut self,
        sim: &'s mut Scheduler<Event>,
    ) -> (&'s mut Upstream, Context<'s, 'r>) {
        let System { clients, upstream, charge, observers, agenda, requests, .. } = self;
        (upstream, Context { requests, clients, charge, observers, agenda, sim })
    }
}
