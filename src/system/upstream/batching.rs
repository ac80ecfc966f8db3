//! Attempts in batching engines.
//!
//! An engine says when something next happens in it; a late event looks at it then.
//! Whatever changes an engine moves that event.

use super::attempt::kv_tokens;
use super::{Attempt, Inference, Place, Upstream};
use crate::cache::Match;
use crate::kernel::{Duration, Time};
use crate::pipeline::RequestError;
use crate::serving::engine::{Job, JobId, ProgressKind, Refused};
use crate::system::agenda::Task;
use crate::system::context::Context;
use crate::system::event::Event;
use crate::system::ids::AttemptId;

impl Upstream {
    /// A queue or an engine is due, after all else of this instant. The last of them
    /// has all handled: first queues, then the steps of engines, and only then what
    /// these tell.
    pub fn due(&mut self, event: Event, cx: &mut Context<'_, '_>) {
        match event {
            Event::Dispatch(model) => self.due_queues.push(model),
            Event::Engine(number) => self.due_engines.push(number),
            _ => debug_assert!(false, "no other event is late"),
        }
        if cx.sim.next_is_late() {
            return;
        }
        let mut queues = std::mem::take(&mut self.due_queues);
        for model in queues.drain(..) {
            self.dispatch(model, cx);
        }
        self.due_queues = queues;
        let mut engines = std::mem::take(&mut self.due_engines);
        let mut heard = std::mem::take(&mut self.heard);
        for number in engines.drain(..) {
            self.step_engine(number, &mut heard, cx);
        }
        self.due_engines = engines;
        for (id, kind) in heard.drain(..).rev() {
            cx.agenda.push(Task::Progress(id, kind));
        }
        self.heard = heard;
    }

    /// A step of an engine ends, and the next begins.
    fn step_engine(
        &mut self,
        number: u32,
        heard: &mut Vec<(AttemptId, ProgressKind)>,
        cx: &mut Context<'_, '_>,
    ) {
        let now = cx.now();
        // A step that nobody waits for any more is work, too.
        self.last_work = now;
        self.replicas[number as usize].wake = None;
        let (model, replica) = self.replica(number);
        let slowdown = self.slowdown(model, replica, now);
        let mut news = std::mem::take(&mut self.news);
        if let Some(batching) = self.models[model as usize].fleet.engine(replica) {
            batching.set_slowness(now, slowdown);
            batching.advance(now, &mut news);
        }
        for (slot, kind) in news.drain(..) {
            let Some(id) = self.attempts.at(slot) else {
                debug_assert!(false, "an engine tells of nobody who has gone");
                continue;
            };
            // Whoever is finished has no job that could be taken back meanwhile.
            if kind == ProgressKind::Finished
                && let place @ (Place::Waiting(_) | Place::Running(_) | Place::Handed(_)) =
                    &mut self.attempts[id].place
            {
                *place = Place::Leaving;
            }
            heard.push((id, kind));
        }
        self.news = news;
        if cx.observers.traces()
            && let Some(batching) = self.models[model as usize].fleet.engine(replica)
        {
            let engine = batching.engine();
            let batch = [f64::from(engine.running()), f64::from(engine.waiting()), engine.kv_use()];
            cx.observers.trace_batch(model, replica, now, batch);
        }
        self.rewake(model, replica, cx);
        // Whoever began with a prefix that is known takes less memory than it might have.
        self.look_at_queue(model, now, cx);
    }

    fn slowdown(&self, model: u32, replica: u32, now: Time) -> f64 {
        let faults = self.models[model as usize].faults.as_ref();
        faults.map_or(1.0, |faults| faults.slowness(replica, now))
    }

    /// An attempt is sent to an engine, which it reaches at once or after some time.
    pub(super) fn approach_engine(
        &mut self,
        id: AttemptId,
        cx: &mut Context<'_, '_>,
    ) -> Result<(), RequestError> {
        let Attempt { inference, model, replica, .. } = self.attempts[id];
        let incoming = &cx.requests[self.inferences[inference].request].incoming;
        let full_output = self.answer_tokens(incoming, model, cx);
        let output_tokens = cx.charge.cut(full_output);
        let attempt = &mut self.attempts[id];
        (attempt.output_tokens, attempt.full_output) = (output_tokens, full_output);
        let input = input_tokens(incoming.input_decitokens);
        let fleet = &mut self.models[model as usize].fleet;
        let before = fleet.engine(replica).map_or(Duration::ZERO, |it| it.before(input));
        if before.is_zero() {
            return self.submit(id, cx);
        }
        attempt.done = Some(cx.sim.schedule_in(before, Event::Submit(id)));
        if let Some(batching) = fleet.engine(replica) {
            batching.approach(kv_tokens(incoming));
        }
        Ok(())
    }

    /// An attempt that may be on its way to an engine is so no more.
    pub(super) fn stop_approach(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let Attempt { inference, model, replica, place, .. } = self.attempts[id];
        if !matches!(place, Place::Preparing | Place::Moving) {
            return;
        }
        let Some(event) = self.attempts[id].done.take() else { return };
        cx.sim.cancel(event);
        let tokens = self.tokens_of(inference, cx);
        if let Some(batching) = self.models[model as usize].fleet.engine(replica) {
            batching.arrived(tokens);
        }
    }

    /// An attempt reaches its engine after some time.
    pub fn reach_engine(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        if self.attempts.get(id).is_none() {
            return;
        }
        self.stop_approach(id, cx);
        if let Err(error) = self.submit(id, cx) {
            let Attempt { model, replica, .. } = self.attempts[id];
            if self.leave_queue(id, cx) {
                self.replica_freed(model, replica, cx);
            } else {
                self.free_server(id, cx);
            }
            self.attempt_failed(id, error, cx);
        }
    }

    fn submit(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) -> Result<(), RequestError> {
        let now = cx.now();
        let Attempt { inference, model, replica, output_tokens, decodes, .. } = self.attempts[id];
        let incoming = &cx.requests[self.inferences[inference].request].incoming;
        let slowdown = self.slowdown(model, replica, now);
        let Upstream { models, blocks, .. } = self;
        let servers = &mut models[model as usize];
        let Some(size) = servers.engine_blocks else { return Ok(()) };
        let prefills = servers.fleet.prefills(replica).is_some();
        let (blocks, names_answer) =
            cx.clients.prefix_and_answer(incoming, output_tokens, size, blocks);
        let job = Job {
            id: JobId::default(),
            // The first token of the answer is part of the prompt that is decoded from.
            input_tokens: input_tokens(incoming.input_decitokens).saturating_add(decodes.into()),
            output_tokens: if prefills {
                output_tokens.min(1)
            } else {
                output_tokens - u32::from(decodes)
            },
            priority: cx.clients.priority(incoming),
            blocks,
            names_answer,
            prefilled: decodes,
        };
        let Some(batching) = servers.fleet.engine(replica) else { return Ok(()) };
        batching.set_slowness(now, slowdown);
        let taken = batching.submit(now, id.slot(), &job);
        // Catching up with the time may have changed it in any case.
        self.rewake(model, replica, cx);
        match taken {
            Ok(job) => {
                self.attempts[id].place =
                    if decodes { Place::Handed(job) } else { Place::Waiting(job) };
                Ok(())
            }
            Err(Refused::TooLong) => Err(RequestError::DoesNotFit),
            Err(Refused::QueueFull | Refused::Draining) => Err(RequestError::QueueFull),
        }
    }

    /// Moves the event that looks at an engine to when something happens in it.
    pub(super) fn rewake(&mut self, model: u32, replica: u32, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        let number = self.number(model, replica);
        let Some(batching) = self.models[model as usize].fleet.engine(replica) else { return };
        let engine = batching.engine();
        let next = engine.next_at().map(|at| at.max(now));
        let works = engine.running() > 0 || engine.waiting() > 0;
        let state = &mut self.replicas[number as usize];
        if works != std::mem::replace(&mut state.working, works) {
            cx.observers.timeline.busy(now, if works { 1 } else { -1 });
        }
        if state.wake.map(|(at, _)| at) == next {
            return;
        }
        if let Some((_, event)) = state.wake {
            cx.sim.cancel(event);
        }
        state.wake = next.map(|at| (at, cx.sim.schedule_late_at(at, Event::Engine(number))));
    }

    /// An engine tells of an attempt, unless it has gone meanwhile.
    pub fn progress(&mut self, id: AttemptId, kind: ProgressKind, cx: &mut Context<'_, '_>) {
        let Some(attempt) = self.attempts.get_mut(id) else { return };
        match kind {
            ProgressKind::Started { cached_tokens } => self.engine_began(id, cached_tokens, cx),
            // As far as the engine is concerned.
            ProgressKind::FirstToken if !attempt.decodes => {
                attempt.service.first_token = cx.sim.now() - attempt.started;
            }
            ProgressKind::Finished => self.engine_finished(id, cx),
            ProgressKind::FirstToken | ProgressKind::Preempted | ProgressKind::Resumed { .. } => {}
        }
    }

    fn engine_began(&mut self, id: AttemptId, cached_tokens: u32, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        self.draw_error(id, cx);
        let attempt = &mut self.attempts[id];
        if attempt.decodes {
            if let Place::Handed(job) = attempt.place {
                attempt.place = Place::Running(job);
            }
            return;
        }
        (attempt.started, attempt.began) = (now, true);
        if let Place::Waiting(job) = attempt.place {
            attempt.place = Place::Running(job);
        }
        cx.observers.waited(now - attempt.queued);
        cx.observers.timeline.queue(now, -1);
        let incoming = &cx.requests[self.inferences[attempt.inference].request].incoming;
        let all = input_tokens(incoming.input_decitokens);
        let Some(size) = self.models[attempt.model as usize].engine_blocks else { return };
        attempt.cached_decitokens = (10 * u64::from(cached_tokens)).min(incoming.input_decitokens);
        let (replica, blocks) = (attempt.replica, all / size);
        let mut found = cached_tokens.div_ceil(size);
        // Of a prompt that is known whole the last block is computed all the same, as the
        // first token of the answer is made of it; but it is not new.
        if found + 1 == blocks && all.is_multiple_of(size) {
            let Upstream { models, blocks: made, .. } = self;
            let servers = &mut models[self.attempts[id].model as usize];
            let prompt = cx.clients.prefix(incoming, size, made);
            let known = servers.fleet.engine(replica).map(|it| it.engine().cached_tokens(prompt));
            found += u32::from(known.is_some_and(|known| known >= all));
        }
        let matched = Match { blocks, found, used: found, loading: Duration::ZERO };
        self.attempts[id].prefix = Some(matched);
    }

    /// An engine begins with an attempt, which may become an error there: where prompts
    /// are computed apart, on either side.
    fn draw_error(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let attempt = &mut self.attempts[id];
        let Some(faults) = &mut self.models[attempt.model as usize].faults else { return };
        attempt.fails = faults.errs(cx.sim.now());
        if let Some(after) = faults.error_after().filter(|_| attempt.fails) {
            attempt.done = Some(cx.sim.schedule_in(after, Event::Served(id)));
        }
    }

    /// An attempt's prompt is computed: it leaves that replica, and its keys and values
    /// go to one that decodes.
    fn move_to_decode(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        let Attempt { inference, model, replica, .. } = self.attempts[id];
        let Inference { request, .. } = self.inferences[inference];
        let incoming = &cx.requests[request].incoming;
        let Some(split) = self.models[model as usize].fleet.prefills(replica) else { return };
        let transfer = split.transfer(input_tokens(incoming.input_decitokens));
        self.free_server(id, cx);
        self.models[model as usize].fleet.succeeded(cx.now(), replica);
        let measured = self.inferences[inference].measured;
        if measured {
            self.count_at(model, replica, |it| it.completed += 1);
        }
        let affinity = self.prepare_choice(incoming, model, cx.clients);
        let fleet = &mut self.models[model as usize].fleet;
        let Some(replica) = fleet.choose_decode(now, affinity) else {
            self.attempt_lost(id, RequestError::Unavailable, cx);
            return;
        };
        let tokens = kv_tokens(incoming);
        fleet.arrive(now, replica, id.slot(), tokens, 0);
        if let Some(batching) = fleet.engine(replica) {
            batching.approach(tokens);
        }
        if measured {
            self.count_at(model, replica, |it| it.requests += 1);
        }
        let attempt = &mut self.attempts[id];
        (attempt.replica, attempt.place, attempt.decodes) = (replica, Place::Moving, true);
        attempt.done = Some(cx.sim.schedule_in(transfer, Event::Submit(id)));
        self.list(id);
    }

    fn engine_finished(&mut self, id: AttemptId, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        let Attempt { model, replica, output_tokens, fails, place, .. } = self.attempts[id];
        if place != Place::Leaving {
            return;
        }
        let fleet = &mut self.models[model as usize].fleet;
        if fleet.prefills(replica).is_some() && output_tokens > 1 && !fails {
            self.move_to_decode(id, cx);
            return;
        }
        let Some(batching) = fleet.engine(replica) else { return };
        let (first, last) = (batching.after(1), batching.after(output_tokens));
        let attempt = &mut self.attempts[id];
        attempt.service.total = (now - attempt.started) + last;
        // An answer of no tokens comes whole.
        attempt.service.first_token = if output_tokens == 0 {
            attempt.service.total
        } else {
            attempt.service.first_token + first
        };
        if last.is_zero() {
            if let Some(event) = attempt.done.take() {
                cx.sim.cancel(event);
            }
            self.served(id, cx);
        } else if attempt.done.is_none() {
            attempt.done = Some(cx.sim.schedule_in(last, Event::Served(id)));
        }
    }
}

/// Whole tokens of a prompt.
fn input_tokens(decitokens: u64) -> u32 {
    u32::try_from(decitokens.div_ceil(10)).unwrap_or(u32::MAX)
}
