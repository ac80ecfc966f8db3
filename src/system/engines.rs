//! Attempts in batching engines.
//!
//! An engine says when something next happens in it; an event looks at it then.
//! Whatever changes an engine moves that event.

use super::attempts::kv_tokens;
use super::flows::prefix;
use super::model::{Event, System};
use super::pool::{Attempt, Place, Pool};
use crate::cache::Match;
use crate::kernel::{Duration, Scheduler, Time};
use crate::pipeline::RequestError;
use crate::serving::engine::{Job, JobId, ProgressKind, Refused};

impl System<'_> {
    /// An attempt is sent to an engine, which it reaches at once or after some time.
    pub(super) fn approach_engine(
        &mut self,
        slot: u32,
        sim: &mut Scheduler<Event>,
    ) -> Result<(), RequestError> {
        let Attempt { pursuit, model, replica, .. } = self.pool.attempts[slot as usize];
        let incoming = self.pool.pursuits[pursuit as usize].incoming;
        let full_output = self.answer_tokens(&incoming, model as usize);
        let output_tokens = self.cut(full_output);
        let attempt = &mut self.pool.attempts[slot as usize];
        (attempt.output_tokens, attempt.full_output) = (output_tokens, full_output);
        let fleet = &mut self.pool.fleets[model as usize];
        let input = input_tokens(incoming.input_decitokens);
        let before = fleet.engine(replica).map_or(Duration::ZERO, |it| it.before(input));
        if before.is_zero() {
            return self.submit(slot, sim);
        }
        attempt.done = Some(sim.schedule_in(before, Event::Submit(slot)));
        self.pool.approaches(slot);
        Ok(())
    }

    /// An attempt reaches its engine after some time.
    pub(super) fn reach_engine(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        self.pool.arrives(slot);
        self.pool.attempts[slot as usize].done = None;
        if let Err(error) = self.submit(slot, sim) {
            if !self.leave_queue(slot, sim.now()) {
                let attempt = self.pool.attempts[slot as usize];
                self.free_server(&attempt, sim);
            }
            self.attempt_failed(slot, error, sim);
        }
    }

    fn submit(&mut self, slot: u32, sim: &mut Scheduler<Event>) -> Result<(), RequestError> {
        let now = sim.now();
        let Attempt { pursuit, model, replica, output_tokens, decodes, .. } =
            self.pool.attempts[slot as usize];
        let prefills = self.pool.fleets[model as usize].prefills(replica).is_some();
        let priority = self.priority(&self.pool.pursuits[pursuit as usize].incoming);
        let System { source, flows, blocks, pool, .. } = self;
        let incoming = &pool.pursuits[pursuit as usize].incoming;
        let Some(size) = pool.engine_blocks[model as usize] else { return Ok(()) };
        let job = Job {
            id: JobId::default(),
            // The first token of the answer is part of the prompt that is decoded from.
            input_tokens: input_tokens(incoming.input_decitokens).saturating_add(decodes.into()),
            output_tokens: if prefills {
                output_tokens.min(1)
            } else {
                output_tokens - u32::from(decodes)
            },
            priority,
            blocks: prefix(source, flows.as_deref(), incoming, size, blocks),
            prefilled: decodes,
        };
        let slowness =
            pool.faults[model as usize].as_ref().map_or(1.0, |it| it.slowness(replica, now));
        let Some(batching) = pool.fleets[model as usize].engine(replica) else { return Ok(()) };
        batching.set_slowness(now, slowness);
        let taken = batching.submit(now, slot, &job);
        // Catching up with the time may have changed it in any case.
        self.rewake(model, replica, sim);
        match taken {
            Ok(job) => {
                self.pool.attempts[slot as usize].place =
                    if decodes { Place::Handed(job) } else { Place::Waiting(job) };
                Ok(())
            }
            Err(Refused::TooLong) => Err(RequestError::DoesNotFit),
            Err(Refused::QueueFull | Refused::Draining) => Err(RequestError::QueueFull),
        }
    }

    /// Moves the event that looks at an engine to when something happens in it.
    pub(super) fn rewake(&mut self, model: u32, replica: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        let node = self.pool.node(model, replica);
        let Some(batching) = self.pool.fleets[model as usize].engine(replica) else { return };
        let engine = batching.engine();
        let next = engine.next_at().map(|at| at.max(now));
        let works = engine.running() > 0 || engine.waiting() > 0;
        if works != std::mem::replace(&mut self.pool.working[node], works) {
            self.timeline.set(now, |levels| {
                levels.busy = levels.busy + u32::from(works) - u32::from(!works);
            });
        }
        let known = self.pool.wakes[node];
        if known.map(|(at, _)| at) == next {
            return;
        }
        if let Some((_, event)) = known {
            sim.cancel(event);
        }
        self.pool.wakes[node] =
            next.map(|at| (at, sim.schedule_at(at, Event::Engine(node as u32))));
    }

    /// Something happens in an engine.
    pub(super) fn look_at_engine(&mut self, node: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        self.pool.wakes[node as usize] = None;
        let (model, replica) = self.pool.replica(node);
        let slowness =
            self.pool.faults[model as usize].as_ref().map_or(1.0, |it| it.slowness(replica, now));
        let mut news = std::mem::take(&mut self.pool.news);
        if let Some(batching) = self.pool.fleets[model as usize].engine(replica) {
            batching.set_slowness(now, slowness);
            batching.advance(now, &mut news);
        }
        // Whoever is finished has no job that could be taken back meanwhile.
        for (slot, kind) in &news {
            if *kind == ProgressKind::Finished {
                self.pool.attempts[*slot as usize].place =
                    match self.pool.attempts[*slot as usize].place {
                        Place::Waiting(_) | Place::Running(_) | Place::Handed(_) => Place::Leaving,
                        other => other,
                    };
            }
        }
        for (slot, kind) in news.drain(..) {
            // It may have lost against another attempt a moment ago.
            if self.pool.attempts.contains(slot as usize) {
                self.progress(slot, kind, sim);
            }
        }
        self.pool.news = news;
        self.trace_batch(model, replica, now);
        self.rewake(model, replica, sim);
        // Whoever began with a prefix that is known takes less memory than it might have.
        self.look_at_queue(model, now, sim);
    }

    fn progress(&mut self, slot: u32, kind: ProgressKind, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        match kind {
            ProgressKind::Started { cached_tokens } => self.engine_began(slot, cached_tokens, sim),
            ProgressKind::FirstToken => self.pool.attempts[slot as usize].first_token(now),
            ProgressKind::Finished => self.engine_finished(slot, sim),
            ProgressKind::Preempted | ProgressKind::Resumed { .. } => {}
        }
    }

    fn engine_began(&mut self, slot: u32, cached_tokens: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        self.draw_error(slot, sim);
        let attempt = &mut self.pool.attempts[slot as usize];
        if attempt.decodes {
            if let Place::Handed(job) = attempt.place {
                attempt.place = Place::Running(job);
            }
            return;
        }
        attempt.started = now;
        if let Place::Waiting(job) = attempt.place {
            attempt.place = Place::Running(job);
        }
        self.waited_ns += u128::from((now - attempt.queued).0);
        self.timeline.set(now, |levels| levels.queue -= 1);
        let incoming = &self.pool.pursuits[attempt.pursuit as usize].incoming;
        let (index, all) = (attempt.model as usize, input_tokens(incoming.input_decitokens));
        if let Some(size) = self.pool.engine_blocks[index] {
            let (blocks, found) = (all / size, cached_tokens.div_ceil(size));
            let loading = Duration::ZERO;
            attempt.prefix = Some(Match { blocks, found, used: found, loading });
            attempt.cached_decitokens =
                (10 * u64::from(cached_tokens)).min(incoming.input_decitokens);
        }
    }

    /// An engine begins with an attempt, which may become an error there: where prompts
    /// are computed apart, on either side.
    fn draw_error(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        let attempt = &mut self.pool.attempts[slot as usize];
        let Some(faults) = &mut self.pool.faults[attempt.model as usize] else { return };
        attempt.fails = faults.errs(sim.now());
        if let Some(after) = faults.error_after().filter(|_| attempt.fails) {
            attempt.done = Some(sim.schedule_in(after, Event::Served(slot)));
        }
    }

    /// An attempt's prompt is computed: it leaves that replica, and its keys and values
    /// go to one that decodes.
    fn move_to_decode(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        let attempt = self.pool.attempts[slot as usize];
        let model = attempt.model as usize;
        let incoming = self.pool.pursuits[attempt.pursuit as usize].incoming;
        let input = input_tokens(incoming.input_decitokens);
        let Some(split) = self.pool.fleets[model].prefills(attempt.replica) else { return };
        let transfer = split.transfer(input);
        self.free_server(&attempt, sim);
        self.pool.fleets[model].succeeded(attempt.replica);
        let affinity = self.prepare_choice(&incoming, attempt.model);
        let fleet = &mut self.pool.fleets[model];
        let Some(replica) = fleet.choose_decode(now, affinity) else {
            self.attempt_lost(slot, RequestError::Unavailable, sim);
            return;
        };
        fleet.arrive(now, replica, slot, kv_tokens(&incoming), 0);
        let attempt = &mut self.pool.attempts[slot as usize];
        (attempt.replica, attempt.place, attempt.decodes) = (replica, Place::Moving, true);
        attempt.done = Some(sim.schedule_in(transfer, Event::Submit(slot)));
        self.pool.approaches(slot);
    }

    fn engine_finished(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        let Attempt { model, replica, output_tokens, fails, .. } =
            self.pool.attempts[slot as usize];
        let prefills = self.pool.fleets[model as usize].prefills(replica).is_some();
        if prefills && output_tokens > 1 && !fails {
            self.move_to_decode(slot, sim);
            return;
        }
        let Some(batching) = self.pool.fleets[model as usize].engine(replica) else { return };
        let attempt = &mut self.pool.attempts[slot as usize];
        let (first, last) = (batching.after(1), batching.after(attempt.output_tokens));
        attempt.service.total = Duration((now - attempt.started).0 + last.0);
        // An answer of no tokens comes whole.
        attempt.service.first_token = if attempt.output_tokens == 0 {
            attempt.service.total
        } else {
            Duration(attempt.service.first_token.0 + first.0)
        };
        if last.is_zero() {
            if let Some(event) = attempt.done.take() {
                sim.cancel(event);
            }
            self.attempt_served(slot, sim);
        } else if attempt.done.is_none() {
            attempt.done = Some(sim.schedule_in(last, Event::Served(slot)));
        }
    }
}

impl Pool {
    /// An attempt has been sent to an engine that it reaches after a while.
    fn approaches(&mut self, slot: u32) {
        let Attempt { pursuit, model, replica, .. } = self.attempts[slot as usize];
        let tokens = kv_tokens(&self.pursuits[pursuit as usize].incoming);
        if let Some(batching) = self.fleets[model as usize].engine(replica) {
            batching.approach(tokens);
        }
    }

    /// An attempt that may have been on its way to an engine is so no more.
    pub(super) fn arrives(&mut self, slot: u32) {
        let Attempt { pursuit, model, replica, place, done, .. } = self.attempts[slot as usize];
        if !matches!(place, Place::Preparing | Place::Moving) || done.is_none() {
            return;
        }
        let tokens = kv_tokens(&self.pursuits[pursuit as usize].incoming);
        if let Some(batching) = self.fleets[model as usize].engine(replica) {
            batching.arrived(tokens);
        }
    }
}

impl Attempt {
    /// The first token of its answer is there, as far as the engine is concerned.
    fn first_token(&mut self, now: Time) {
        if !self.decodes {
            self.service.first_token = now - self.started;
        }
    }
}

/// Whole tokens of a prompt.
fn input_tokens(decitokens: u64) -> u32 {
    u32::try_from(decitokens.div_ceil(10)).unwrap_or(u32::MAX)
}
