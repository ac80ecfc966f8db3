//! One attempt: sent to a replica, served, or lost.

use super::flows::prefix;
use super::model::{Event, System};
use super::pool::{Attempt, NOBODY, Place};
use super::request::Answer;
use crate::cache::PrefixCache;
use crate::cost::Money;
use crate::kernel::{Admission, Duration, Scheduler, Time};
use crate::pipeline::RequestError;
use crate::serving::{Faults, Service, Work};
use crate::workload::Incoming;

impl System<'_> {
    /// Sends a request to a replica of the pursuit's model.
    pub(super) fn launch(
        &mut self,
        pursuit: u32,
        hedge: bool,
        sim: &mut Scheduler<Event>,
    ) -> Result<(), RequestError> {
        let now = sim.now();
        let id = pursuit as usize;
        let (incoming, model, measured, other) = {
            let pursuit = &self.pool.pursuits[id];
            (pursuit.incoming, pursuit.model, pursuit.measured, pursuit.waiting_for)
        };
        self.measures.attempts.made += u64::from(measured);
        self.pass_provider(&incoming, model, measured, now)?;
        let not = self.pool.replica_beside(other, model);
        let slot = self.pool.attempts.vacant_key() as u32;
        let (replica, place) = self.find_place(slot, model, not, &incoming, now)?;
        let timeout = self.pool.rules.timeout;
        let pursuit_ = &mut self.pool.pursuits[id];
        self.pool.attempts.insert(Attempt {
            pursuit,
            model,
            replica,
            hedge,
            abandoned: false,
            fails: false,
            place,
            decodes: false,
            queued: now,
            started: now,
            service: Service::default(),
            output_tokens: 0,
            full_output: 0,
            prefix: None,
            cached_decitokens: 0,
            done: None,
            read: None,
            timeout: timeout.map(|span| sim.schedule_in(span, Event::Timeout(slot))),
            next: pursuit_.waiting_for,
        });
        pursuit_.waiting_for = slot;
        pursuit_.attempts += 1;
        if place == Place::Served {
            let limited = self.pool.widths[model as usize] > 0;
            self.timeline.set(now, |levels| levels.busy += u32::from(limited));
            self.begin(slot, sim);
            return Ok(());
        }
        self.timeline.set(now, |levels| levels.queue += 1);
        if let Place::Shared(_) = place {
            let until = self.pool.fleets[model as usize].valid_until();
            self.look_at_queue(model, until, sim);
        }
        if place == Place::Preparing {
            return self.approach_engine(slot, sim).inspect_err(|_| {
                self.pool.fleets[model as usize].failed(now, replica);
                self.pool.unlink(slot);
                self.leave_queue(slot, now);
                self.drop_attempt(slot, sim);
            });
        }
        Ok(())
    }

    /// The replica for an attempt, and where it is there; or its place in the queue before
    /// all of them.
    fn find_place(
        &mut self,
        slot: u32,
        model: u32,
        not: Option<u32>,
        incoming: &Incoming,
        now: Time,
    ) -> Result<(u32, Place), RequestError> {
        let affinity = self.prepare_choice(incoming, model);
        let priority = self.priority(incoming);
        let tokens = kv_tokens(incoming);
        let fleet = &mut self.pool.fleets[model as usize];
        // Nobody overtakes those that wait.
        let free =
            if fleet.queued() == 0 { fleet.choose(now, affinity, not, tokens) } else { None };
        let Some(replica) = free else {
            return match fleet.enqueue(now, slot, priority) {
                Some(Admission::Queued(ticket)) => Ok((NOBODY, Place::Shared(ticket))),
                Some(_) => Err(RequestError::QueueFull),
                None => Err(RequestError::Unavailable),
            };
        };
        let admission = fleet.arrive(now, replica, slot, tokens, priority);
        if admission == Admission::Refused {
            fleet.failed(now, replica);
            return Err(RequestError::QueueFull);
        }
        let engine = self.pool.engine_blocks[model as usize].is_some();
        let place = match admission {
            _ if engine => Place::Preparing,
            Admission::Queued(ticket) => Place::Queued(ticket),
            _ => Place::Served,
        };
        Ok((replica, place))
    }

    /// Whether the model's provider takes the request.
    fn pass_provider(
        &mut self,
        incoming: &Incoming,
        model: u32,
        measured: bool,
        now: Time,
    ) -> Result<(), RequestError> {
        let tokens = self.tokens(incoming);
        let throttled = !self.pool.limits[model as usize].admit(now, tokens)
            || self.pool.faults[model as usize].as_mut().is_some_and(Faults::throttles);
        self.measures.attempts.throttled += u64::from(throttled && measured);
        if throttled { Err(RequestError::Throttled) } else { Ok(()) }
    }

    /// What a balancer needs to know of the prompt: what stands for its beginning,
    /// and what each replica has of it.
    pub(super) fn prepare_choice(&mut self, incoming: &Incoming, model: u32) -> u64 {
        let index = model as usize;
        if self.pool.matched[index] {
            self.look_into_replicas(incoming, index);
        }
        let Some(count) = self.pool.affinity[index] else { return 0 };
        let System { source, flows, prefixes, blocks, pool, .. } = self;
        let of_cache = prefixes[index].as_ref().map(PrefixCache::block_tokens);
        let size = pool.engine_blocks[index].or(of_cache).unwrap_or(BLOCK_TOKENS);
        let prompt = prefix(source, flows.as_deref(), incoming, size, blocks);
        match prompt.get(..prompt.len().min(count as usize)) {
            // Equal ids mean equal blocks after equal prefixes, so that the last
            // stands for all.
            Some([.., last]) => *last,
            _ => incoming.prompt.0,
        }
    }

    fn look_into_replicas(&mut self, incoming: &Incoming, model: usize) {
        let System { source, flows, prefixes, blocks, pool, .. } = self;
        let of_cache = prefixes[model].as_ref().map(PrefixCache::block_tokens);
        let size = pool.engine_blocks[model].or(of_cache).unwrap_or(BLOCK_TOKENS);
        let prompt = prefix(source, flows.as_deref(), incoming, size, blocks);
        let whole = incoming.input_decitokens.max(10) as f32 / 10.0;
        let share = |tokens: u64| (tokens as f32 / whole).min(1.0);
        let fleet = &mut pool.fleets[model];
        match &prefixes[model] {
            Some(cache) => fleet.set_matched(|replica| {
                share(cache.matched(replica as usize, prompt) as u64 * u64::from(size))
            }),
            None => fleet.match_engines(prompt, |tokens| share(u64::from(tokens))),
        }
    }

    /// A replica begins to work on an attempt.
    pub(super) fn begin(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        let attempt = self.pool.attempts[slot as usize];
        let incoming = self.pool.pursuits[attempt.pursuit as usize].incoming;
        let model = attempt.model as usize;
        let full_output = self.answer_tokens(&incoming, model);
        let output_tokens = self.cut(full_output);
        let found = self.look_up_prefix(&incoming, model, attempt.replica as usize, now);
        let work = Work {
            chars: incoming.chars,
            input_decitokens: incoming.input_decitokens,
            cached_decitokens: found.cached_decitokens,
            loading: found.matched.map_or(Duration::ZERO, |matched| matched.loading),
            output_tokens,
        };
        let mut service = self.servers[model].service(&work);
        let mut fails = false;
        if let Some(faults) = &mut self.pool.faults[model] {
            service = slowed(service, faults.slowness(attempt.replica, now));
            fails = faults.errs(now);
            if let Some(after) = faults.error_after().filter(|_| fails) {
                service = Service { total: after, first_token: after };
            }
        }
        let attempt = &mut self.pool.attempts[slot as usize];
        attempt.place = Place::Served;
        attempt.started = now;
        attempt.service = service;
        attempt.fails = fails;
        (attempt.output_tokens, attempt.full_output) = (output_tokens, full_output);
        attempt.prefix = found.matched;
        attempt.cached_decitokens = found.cached_decitokens;
        if found.stores && !fails {
            attempt.read = Some(sim.schedule_in(service.first_token, Event::Read(slot)));
        }
        attempt.done = Some(sim.schedule_in(service.total, Event::Served(slot)));
    }

    /// A replica has read an attempt's prompt.
    pub(super) fn read(&mut self, slot: u32) {
        let attempt = &mut self.pool.attempts[slot as usize];
        attempt.read = None;
        let Attempt { pursuit, model, replica, .. } = *attempt;
        let incoming = self.pool.pursuits[pursuit as usize].incoming;
        self.keep_prefix(&incoming, model as usize, replica as usize);
    }

    /// A replica is done with an attempt.
    pub(super) fn attempt_served(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        self.pool.attempts[slot as usize].done = None;
        let attempt = self.pool.attempts[slot as usize];
        self.free_server(&attempt, sim);
        if attempt.fails {
            self.attempt_failed(slot, RequestError::ServerError, sim);
            return;
        }
        self.pool.fleets[attempt.model as usize].succeeded(attempt.replica);
        if attempt.abandoned {
            self.charge_for_nothing(&attempt, attempt.output_tokens, sim.now());
            self.drop_attempt(slot, sim);
        } else {
            self.win(slot, sim);
        }
    }

    /// The first answer: the other attempts are called off, and the request goes
    /// on with it.
    fn win(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        let attempt = self.pool.attempts[slot as usize];
        self.pool.unlink(slot);
        let pursuit = &mut self.pool.pursuits[attempt.pursuit as usize];
        let (request, hold) = (pursuit.request, pursuit.hold);
        if let Some(timer) = pursuit.hedge_timer.take() {
            sim.cancel(timer);
        }
        if let Some(delay) = self.pool.rules.hedges.get_mut(attempt.model as usize) {
            delay.answered(sim.now() - pursuit.asked);
        }
        let won = attempt.hedge && pursuit.measured;
        self.measures.attempts.hedges_won += u64::from(won);
        loop {
            let other = self.pool.pursuits[attempt.pursuit as usize].waiting_for;
            if other == NOBODY {
                break;
            }
            self.call_off(other, sim);
        }
        self.drop_attempt(slot, sim);
        let mut winner = self.requests[request as usize];
        winner.model = attempt.model;
        winner.queued = attempt.queued;
        winner.started = attempt.started;
        winner.inference = attempt.service.total;
        winner.first_token = attempt.service.first_token;
        winner.prefix = attempt.prefix;
        winner.cached_decitokens = attempt.cached_decitokens;
        winner.spend.full_output = attempt.full_output;
        winner.spend.hold = hold;
        winner.answer = Some(Answer {
            cost: Money::ZERO,
            quality: self.answer_quality(&winner, attempt.output_tokens),
            output_tokens: attempt.output_tokens,
            model: attempt.model,
        });
        self.requests[request as usize] = winner;
        self.advance(request, sim);
    }

    /// An attempt takes too long.
    pub(super) fn time_out(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        self.pool.attempts[slot as usize].timeout = None;
        let Attempt { pursuit, model, replica, .. } = self.pool.attempts[slot as usize];
        if replica != NOBODY {
            self.pool.fleets[model as usize].failed(sim.now(), replica);
        }
        let measured = self.pool.pursuits[pursuit as usize].measured;
        self.measures.attempts.timeouts += u64::from(measured);
        self.give_up_waiting(slot, sim);
        if self.pool.pursuits[pursuit as usize].waiting_for == NOBODY {
            self.attempts_failed(pursuit, RequestError::Timeout, sim);
        }
    }

    /// An attempt that has left its server came to nothing.
    pub(super) fn attempt_failed(
        &mut self,
        slot: u32,
        error: RequestError,
        sim: &mut Scheduler<Event>,
    ) {
        let Attempt { model, replica, .. } = self.pool.attempts[slot as usize];
        self.pool.fleets[model as usize].failed(sim.now(), replica);
        self.attempt_lost(slot, error, sim);
    }

    /// An attempt came to nothing, which is no replica's fault.
    pub(super) fn attempt_lost(
        &mut self,
        slot: u32,
        error: RequestError,
        sim: &mut Scheduler<Event>,
    ) {
        let Attempt { pursuit, abandoned, .. } = self.pool.attempts[slot as usize];
        if !abandoned {
            self.pool.unlink(slot);
        }
        self.drop_attempt(slot, sim);
        if !abandoned && self.pool.pursuits[pursuit as usize].waiting_for == NOBODY {
            self.attempts_failed(pursuit, error, sim);
        }
    }

    /// What a request counts against limits of tokens: the most it may take.
    pub(super) fn tokens(&self, incoming: &Incoming) -> u64 {
        let most = self.params[incoming.profile.0 as usize].max_tokens;
        incoming.input_decitokens.div_ceil(10) + u64::from(most)
    }
}

/// Tokens of a block where no prefix cache says.
const BLOCK_TOKENS: u32 = 512;

/// What a request takes of a replica's memory, as far as it is known beforehand.
pub(super) fn kv_tokens(incoming: &Incoming) -> u64 {
    incoming.input_decitokens.div_ceil(10)
}

/// A service that takes `factor` times as long.
fn slowed(service: Service, factor: f64) -> Service {
    let longer = |span: Duration| Duration::from_secs_f64(span.as_secs_f64() * factor);
    if (factor - 1.0).abs() < f64::EPSILON {
        return service;
    }
    Service { total: longer(service.total), first_token: longer(service.first_token) }
}
