//! Workflows in the system: their calls are requests, and answers go back to them.

use super::Clients;
use crate::cost::Money;
use crate::kernel::{Duration, EventId, Scheduler, Streams, Time};
use crate::orchestration::{Answered, End, Engine, Plan, Wake, World};
use crate::system::agenda::{Agenda, Task};
use crate::system::event::Event;
use crate::system::ids::{OfFollowUp, RequestId, Table};
use crate::system::request::Request;
use crate::workload::{BlocksId, CallId, Incoming, RecordedJob, Source, UserId};

/// The workflows under way, and what they want of the system.
pub struct Workflows {
    /// Their engine.
    pub engine: Engine,
    /// By call: its request, once it is one.
    requests: Vec<Option<RequestId>>,
    called_off: Vec<CallId>,
    ends: Vec<End>,
    bills: Vec<(UserId, Money, bool)>,
}

impl Workflows {
    /// Nothing is under way; it is recorded what the first `record` workflows do.
    pub fn new(plan: &Plan, streams: &Streams, record: u64) -> Self {
        let mut engine = Engine::new(plan, streams);
        if record > 0 {
            engine.record(record);
        }
        Workflows {
            engine,
            requests: Vec::new(),
            called_off: Vec::new(),
            ends: Vec::new(),
            bills: Vec::new(),
        }
    }

    /// The request of a call, once it is one.
    pub fn request_of(&self, call: CallId) -> Option<RequestId> {
        self.requests.get(call.index()).copied().flatten()
    }

    /// A call is a request from now on, or no more.
    pub fn set_request(&mut self, call: CallId, request: Option<RequestId>) {
        if self.requests.len() <= call.index() {
            self.requests.resize(call.index() + 1, None);
        }
        self.requests[call.index()] = request;
    }
}

/// What the engine of workflows sees of the system.
struct Outside<'o> {
    sim: &'o mut Scheduler<Event>,
    following: &'o mut Table<OfFollowUp, Incoming>,
    source: &'o mut Source,
    called_off: &'o mut Vec<CallId>,
    ends: &'o mut Vec<End>,
    bills: &'o mut Vec<(UserId, Money, bool)>,
}

impl World for Outside<'_> {
    #[inline]
    fn now(&self) -> Time {
        self.sim.now()
    }

    #[inline]
    fn wake_in(&mut self, span: Duration, wake: Wake) -> EventId {
        self.sim.schedule_in(span, Event::Wake(wake))
    }

    #[inline]
    fn cancel(&mut self, event: EventId) {
        self.sim.cancel(event);
    }

    #[inline]
    fn ask(&mut self, incoming: Incoming) {
        let id = self.following.insert(incoming);
        self.sim.schedule_at(incoming.at, Event::Follow(id));
    }

    fn keep_prompt(&mut self, job: &RecordedJob, call: u32) -> Option<BlocksId> {
        self.source.keep_prompt(job, call)
    }

    fn call_off(&mut self, call: CallId) {
        self.called_off.push(call);
    }

    fn charge(&mut self, user: UserId, amount: Money, measured: bool) {
        self.bills.push((user, amount, measured));
    }

    #[inline]
    fn ended(&mut self, end: End) {
        self.ends.push(end);
    }
}

impl Clients {
    /// A request begins a workflow.
    pub fn begin_workflow(
        &mut self,
        incoming: Incoming,
        measured: bool,
        agenda: &mut Agenda,
        sim: &mut Scheduler<Event>,
    ) {
        let job = self.source.recorded_job(&incoming);
        self.tell(agenda, sim, |engine, outside| engine.arrive(incoming, job, measured, outside));
    }

    /// Something of a workflow is due.
    pub fn wake_workflow(&mut self, wake: Wake, agenda: &mut Agenda, sim: &mut Scheduler<Event>) {
        self.tell(agenda, sim, |engine, outside| engine.wake(wake, outside));
    }

    /// A workflow's call has come to its end as a request.
    pub fn answer_call(
        &mut self,
        call: CallId,
        answered: &Answered,
        agenda: &mut Agenda,
        sim: &mut Scheduler<Event>,
    ) {
        if let Some(workflows) = &mut self.workflows {
            workflows.set_request(call, None);
        }
        self.tell(agenda, sim, |engine, outside| engine.answered(call, answered, outside));
    }

    /// Tells workflows what has happened; what they want comes after the event.
    fn tell(
        &mut self,
        agenda: &mut Agenda,
        sim: &mut Scheduler<Event>,
        what: impl FnOnce(&mut Engine, &mut Outside<'_>),
    ) {
        let Clients { workflows, following, source, .. } = self;
        let Some(workflows) = workflows else { return };
        let Workflows { engine, called_off, ends, bills, .. } = &mut **workflows;
        what(engine, &mut Outside { sim, following, source, called_off, ends, bills });
        // The last is worked off first: tools are paid for, then calls are called off, and
        // then clients go on.
        for end in ends.drain(..) {
            agenda.push_end(&end);
        }
        called_off.drain(..).for_each(|call| agenda.push(Task::CallOff(call)));
        for (user, amount, measured) in bills.drain(..) {
            agenda.push(Task::Bill { user, amount, measured });
        }
    }

    /// A workflow's call was charged for a model's tokens.
    #[inline]
    pub fn charge_call(&mut self, call: Option<CallId>, cost: Money, now: Time) {
        if let (Some(call), Some(workflows)) = (call, &mut self.workflows) {
            workflows.engine.charged(call, cost, now);
        }
    }

    /// A workflow's call was charged for somebody who judged its answer.
    pub fn judge_call(&mut self, call: Option<CallId>, cost: Money, now: Time) {
        if let (Some(call), Some(workflows)) = (call, &mut self.workflows) {
            workflows.engine.judged(call, cost, now);
        }
    }

    /// A workflow's call waits for its user's budget to begin anew.
    pub fn call_waits(&mut self, request: &Request, span: Duration) {
        if let (Some(call), Some(workflows)) = (request.incoming.call, &mut self.workflows) {
            workflows.engine.waited_for_budget(call, span);
        }
    }
}
