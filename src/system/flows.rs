//! Workflows in the system: their calls are requests, and answers go back to them.

use slab::Slab;

use super::model::{Event, System};
use super::request::Request;
use crate::cost::Money;
use crate::kernel::{Duration, EventId, Scheduler, Streams, Time};
use crate::orchestration::{Answered, End, Engine, Plan, Wake, World};
use crate::pipeline::RequestError;
use crate::workload::{CallId, Incoming, Source, UserId};

/// The workflows under way, and what they want of the system.
pub(super) struct Flows {
    pub engine: Engine,
    /// By call: the slot of its request, once it is one.
    slots: Vec<u32>,
    off: Vec<CallId>,
    ends: Vec<End>,
    bills: Vec<(UserId, Money, bool)>,
}

/// No slot.
const NONE: u32 = u32::MAX;

impl Flows {
    /// Nothing is under way; it is recorded what the first `record` workflows do.
    pub fn new(plan: &Plan, streams: &Streams, record: u64) -> Self {
        let mut engine = Engine::new(plan, streams);
        if record > 0 {
            engine.record(record);
        }
        Flows { engine, slots: Vec::new(), off: Vec::new(), ends: Vec::new(), bills: Vec::new() }
    }

    fn slot(&mut self, call: CallId) -> &mut u32 {
        if self.slots.len() <= call.index() {
            self.slots.resize(call.index() + 1, NONE);
        }
        &mut self.slots[call.index()]
    }
}

/// What the engine of workflows sees of the system.
struct Outside<'o> {
    sim: &'o mut Scheduler<Event>,
    following: &'o mut Slab<Incoming>,
    off: &'o mut Vec<CallId>,
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
        let slot = self.following.insert(incoming) as u32;
        self.sim.schedule_at(incoming.at, Event::Follow(slot));
    }

    fn call_off(&mut self, call: CallId) {
        self.off.push(call);
    }

    fn charge(&mut self, user: UserId, amount: Money, measured: bool) {
        self.bills.push((user, amount, measured));
    }

    #[inline]
    fn ended(&mut self, end: End) {
        self.ends.push(end);
    }
}

impl System<'_> {
    /// A request of the workload comes: by itself, or with the workflow that it begins.
    pub(super) fn take_in(&mut self, incoming: Incoming, sim: &mut Scheduler<Event>) {
        if self.flows.is_none() {
            self.admit(incoming, sim);
            return;
        }
        let measured = self.measuring;
        self.orchestrate(sim, |engine, outside| engine.arrive(incoming, measured, outside));
    }

    /// Something has happened that workflows have to do with.
    fn orchestrate(
        &mut self,
        sim: &mut Scheduler<Event>,
        what: impl FnOnce(&mut Engine, &mut Outside<'_>),
    ) {
        let System { flows, following, .. } = self;
        let Some(flows) = flows else { return };
        let Flows { engine, off, ends, bills, .. } = &mut **flows;
        what(engine, &mut Outside { sim, following, off, ends, bills });
        while let Some((user, amount, measured)) = self.flows.as_mut().and_then(|it| it.bills.pop())
        {
            self.charge_user(user, amount, measured, sim.now());
        }
        while let Some(call) = self.flows.as_mut().and_then(|it| it.off.pop()) {
            self.call_off_request(call, sim);
        }
        while let Some(end) = self.flows.as_mut().and_then(|it| it.ends.pop()) {
            if let Some(blocks) = end.incoming.blocks {
                self.source.release(blocks);
            }
            if end.incoming.thread.is_some() {
                let answer = end.outcome.ok().map(|said| said.tokens);
                self.go_on(&end.incoming, end.measured, answer, sim);
            }
        }
    }

    pub(super) fn wake(&mut self, wake: Wake, sim: &mut Scheduler<Event>) {
        self.orchestrate(sim, |engine, outside| engine.wake(wake, outside));
    }

    /// A workflow's call becomes a request, unless nobody waits for it any more.
    pub(super) fn make_call(
        &mut self,
        call: CallId,
        incoming: Incoming,
        sim: &mut Scheduler<Event>,
    ) {
        let Some(flows) = &mut self.flows else { return };
        if flows.engine.is_wanted(call) {
            *flows.slot(call) = self.requests.vacant_key() as u32;
            self.admit(incoming, sim);
        } else {
            self.forget_incoming(&incoming);
        }
    }

    /// A workflow's call has come to its end as a request.
    pub(super) fn answer_call(&mut self, request: &Request, sim: &mut Scheduler<Event>) {
        let Some(call) = request.incoming.call else { return };
        if let Some(flows) = &mut self.flows {
            *flows.slot(call) = NONE;
        }
        let served = !request.cached && request.answer.is_some();
        let answered = Answered {
            outcome: match (request.error, request.answer) {
                (None, Some(answer)) => Ok((answer.output_tokens, answer.quality, answer.model)),
                (error, _) => Err(error.unwrap_or(RequestError::QueueFull)),
            },
            queue: if served { request.started.since(request.queued) } else { Duration::ZERO },
            inference: if served { request.inference } else { Duration::ZERO },
            input_decitokens: if served { request.incoming.input_decitokens } else { 0 },
        };
        self.orchestrate(sim, |engine, outside| engine.answered(call, &answered, outside));
    }

    /// Nobody waits for a call any more. What it has under way at models is given up;
    /// elsewhere it goes on in vain.
    fn call_off_request(&mut self, call: CallId, sim: &mut Scheduler<Event>) {
        let Some(flows) = &mut self.flows else { return };
        let slot = *flows.slot(call);
        if slot == NONE {
            return;
        }
        let Some(pursuit) = self.requests[slot as usize].pursuit else { return };
        self.call_off_pursuit(pursuit, sim);
    }

    /// A workflow's call was charged for.
    #[inline]
    pub(super) fn charge_call(&mut self, call: Option<CallId>, cost: Money, now: Time) {
        if let (Some(call), Some(flows)) = (call, &mut self.flows) {
            flows.engine.charged(call, cost, now);
        }
    }

    /// A workflow's call waits for its user's budget to begin anew.
    pub(super) fn call_waits(&mut self, request: &Request, span: Duration) {
        if let (Some(call), Some(flows)) = (request.incoming.call, &mut self.flows) {
            flows.engine.waited_for_budget(call, span);
        }
    }

    /// A request is forgotten: its blocks and its call are.
    pub(super) fn forget_incoming(&mut self, incoming: &Incoming) {
        if let Some(blocks) = incoming.blocks {
            self.source.release(blocks);
        }
        if let (Some(call), Some(flows)) = (incoming.call, &mut self.flows) {
            flows.engine.forget(call);
        }
    }

    /// The model that a request must be answered by, if it may be no other.
    #[inline]
    pub(super) fn pinned(&self, request: &Request) -> Option<u32> {
        self.flows.as_ref()?.engine.model_of(request.incoming.call?)
    }

    /// What names what is drawn for a request, and what decides how difficult it is:
    /// its number and prompt, or those of its workflow.
    #[inline]
    pub(super) fn draws(&self, request: &Request) -> (u64, u64) {
        let of_call = || self.flows.as_ref()?.engine.draws_of(request.incoming.call?);
        of_call().unwrap_or((request.id, request.incoming.prompt.0))
    }

    /// The priority of a request at a model's server, smallest first.
    #[inline]
    pub(super) fn priority(&self, incoming: &Incoming) -> u32 {
        let of_call = || self.flows.as_ref()?.engine.priority_of(incoming.call?);
        of_call().unwrap_or_else(|| u32::from(incoming.slo_class.0))
    }
}

/// The ids of the blocks of a request's prompt.
pub(super) fn prefix<'p>(
    source: &'p Source,
    flows: Option<&Flows>,
    incoming: &Incoming,
    block_tokens: u32,
    made: &'p mut Vec<u64>,
) -> &'p [u64] {
    let is_made = flows.is_some_and(|it| it.engine.prefix(incoming, block_tokens, made));
    if is_made { made } else { source.prefix(incoming, block_tokens, made) }
}
