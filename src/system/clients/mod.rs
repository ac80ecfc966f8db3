//! Who asks: the workload, the workflows that it begins, and what follows answers.

mod follow_ups;
mod workflow_calls;

use std::sync::Arc;

use super::event::Event;
use super::request::Request;
use super::run_error::RunError;
use super::setup::Setup;
use crate::kernel::keyed_uniform::mix;
use crate::kernel::{Scheduler, Streams, Time};
use crate::pipeline::Params;
use crate::system::ids::{FollowUpId, OfFollowUp, Table};
use crate::workload::{Incoming, PromptParts, Source};
pub use workflow_calls::Workflows;

/// Those who ask, and what they wait for.
pub struct Clients {
    /// The requests of the workload.
    pub source: Source,
    /// By profile, the parameters that are asked with.
    pub params: Arc<[Params]>,
    /// Workflows, if requests begin any.
    pub workflows: Option<Box<Workflows>>,
    /// When no more requests come: they come before.
    pub closes: Time,
    /// When the last request of the workload came.
    pub last_arrival: Time,
    most_requests: u64,
    next: Option<Incoming>,
    /// Requests that follow answers, until they come.
    following: Table<OfFollowUp, Incoming>,
    /// How many have followed each other since time last passed.
    at_once: u32,
    arrived: u64,
    /// Why the run cannot go on.
    pub failure: Option<RunError>,
}

impl Clients {
    /// Those of a setup.
    pub fn new(setup: &Setup, source: Source, streams: &Streams) -> Self {
        let workflows = setup
            .workflows
            .as_ref()
            .map(|plan| Box::new(Workflows::new(plan, streams, setup.record_workflows)));
        Clients {
            source,
            params: Arc::clone(&setup.params),
            workflows,
            closes: setup.duration.map_or(Time::MAX, |whole| Time::ZERO + whole),
            last_arrival: Time::ZERO,
            most_requests: setup.requests.unwrap_or(u64::MAX),
            next: None,
            following: Table::default(),
            at_once: 0,
            arrived: 0,
            failure: None,
        }
    }

    /// Whether a request or a workflow is still to come or to end. What comes when all have
    /// come that may is none.
    pub fn awaits_something(&self) -> bool {
        let workflows = self.workflows.as_ref();
        let more_may_come = self.arrived < self.most_requests;
        more_may_come && (self.next.is_some() || !self.following.is_empty())
            || workflows.is_some_and(|it| it.engine.is_busy())
    }

    /// Whether requests may come then. Where no duration ends them, what would come at the
    /// end of time is an error and not no request.
    #[inline]
    pub(super) fn is_open(&self, at: Time) -> bool {
        at < self.closes || self.closes == Time::MAX
    }

    /// Fetches the workload's next request and schedules its arrival.
    pub fn fetch(&mut self, sim: &mut Scheduler<Event>) {
        if self.arrived + u64::from(self.next.is_some()) >= self.most_requests {
            return;
        }
        match self.source.next() {
            Some(Ok(incoming)) if self.is_open(incoming.at) => {
                sim.schedule_at(incoming.at, Event::Arrive);
                self.next = Some(incoming);
            }
            None | Some(Ok(_)) => {}
            Some(Err(error)) => self.fail(error.into(), sim),
        }
    }

    /// The run cannot go on.
    pub fn fail(&mut self, why: RunError, sim: &mut Scheduler<Event>) {
        self.failure = Some(why);
        sim.stop();
    }

    /// The workload's next request comes, unless those that follow answers have used up
    /// the number.
    pub fn arrive(&mut self, sim: &mut Scheduler<Event>) -> Option<Incoming> {
        let incoming = self.next.take()?;
        if self.arrived >= self.most_requests {
            return None;
        }
        self.arrived += 1;
        self.last_arrival = incoming.at;
        self.fetch(sim);
        Some(incoming)
    }

    /// A request comes that had waited for an answer. `None` if it does not come after
    /// all.
    pub fn follow(&mut self, id: FollowUpId) -> Option<Incoming> {
        let incoming = self.following.remove(id)?;
        if let Some(call) = incoming.call {
            if self.workflows.as_ref().is_some_and(|it| it.engine.is_wanted(call)) {
                return Some(incoming);
            }
            self.forget(&incoming);
            return None;
        }
        if self.arrived >= self.most_requests {
            return None;
        }
        self.arrived += 1;
        self.last_arrival = incoming.at;
        Some(incoming)
    }

    /// A request is forgotten: its blocks and its call are.
    #[inline]
    pub fn forget(&mut self, incoming: &Incoming) {
        if let Some(blocks) = incoming.blocks {
            self.source.release(blocks);
        }
        if let (Some(call), Some(workflows)) = (incoming.call, &mut self.workflows) {
            workflows.engine.forget(call);
        }
    }

    /// The ids of the blocks of a request's prompt.
    pub fn prefix<'p>(
        &'p self,
        incoming: &Incoming,
        block_tokens: u32,
        made: &'p mut Vec<u64>,
    ) -> &'p [u64] {
        let workflows = self.workflows.as_ref();
        let is_made = workflows.is_some_and(|it| it.engine.prefix(incoming, block_tokens, made));
        if is_made { made } else { self.source.prefix(incoming, block_tokens, made) }
    }

    /// What a request's prompt is made of, to the token, written into `made`.
    pub fn parts(&self, incoming: &Incoming, made: &mut PromptParts) {
        let workflows = self.workflows.as_ref();
        if !workflows.is_some_and(|it| it.engine.parts(incoming, made)) {
            self.source.parts(incoming, made);
        }
    }

    /// What names the conversation that a request is of: its session, or within its workflow
    /// what its prompt begins with. `None` where it is of none.
    pub fn conversation(&self, incoming: &Incoming) -> Option<u64> {
        let of_call = || self.workflows.as_ref()?.engine.conversation_of(incoming.call?);
        self.source.session_of(incoming).map(mix).or_else(of_call)
    }

    /// The number of the workflow that a request is of.
    pub fn workflow_of(&self, incoming: &Incoming) -> Option<u64> {
        let engine = &self.workflows.as_ref()?.engine;
        engine.name_of(incoming.call?).map(|(number, _)| number)
    }

    /// Whether a workflow is under way.
    pub fn has_workflow(&self, number: u64) -> bool {
        self.workflows.as_ref().is_some_and(|it| it.engine.is_under_way(number))
    }

    /// The blocks of a prompt, and whether they go on with those of its answer of `answer` tokens: where
    /// another prompt goes on from there.
    pub fn prefix_and_answer<'p>(
        &'p self,
        incoming: &Incoming,
        answer: u32,
        block_tokens: u32,
        made: &'p mut Vec<u64>,
    ) -> (&'p [u64], bool) {
        let of_call = self.workflows.as_ref().and_then(|workflows| {
            workflows.engine.prefix_and_answer(incoming, answer, block_tokens, made)
        });
        if let Some(goes_on) = of_call {
            return (made, goes_on);
        }
        self.source.prefix_and_answer(incoming, answer, block_tokens, made)
    }

    /// The model that a request must be answered by, if it may be no other.
    #[inline]
    pub fn pinned(&self, request: &Request) -> Option<u32> {
        self.workflows.as_ref()?.engine.model_of(request.incoming.call?)
    }

    /// Whether a request's answer goes to its user, rather than into a workflow.
    #[inline]
    pub fn is_plain(&self, request: &Request) -> bool {
        let workflows = self.workflows.as_ref();
        request
            .incoming
            .call
            .is_none_or(|call| workflows.is_some_and(|it| it.engine.is_plain_request(call)))
    }

    /// What names what is drawn for a request, and what decides how difficult it is:
    /// its number and prompt, or those of its workflow.
    #[inline]
    pub fn draws(&self, request: &Request) -> (u64, u64) {
        let of_call = || self.workflows.as_ref()?.engine.draws_of(request.incoming.call?);
        of_call().unwrap_or((request.id, request.incoming.prompt.0))
    }

    /// The priority of a request at a model's server, smallest first.
    #[inline]
    pub fn priority(&self, incoming: &Incoming) -> u32 {
        let of_call = || self.workflows.as_ref()?.engine.priority_of(incoming.call?);
        of_call().unwrap_or_else(|| u32::from(incoming.slo_class.0))
    }

    /// What a request counts against limits of tokens: the most it may take.
    #[inline]
    pub fn most_tokens(&self, incoming: &Incoming) -> u64 {
        let most = self.params[incoming.profile.0 as usize].max_tokens;
        incoming.input_decitokens.div_ceil(10) + u64::from(most)
    }
}
