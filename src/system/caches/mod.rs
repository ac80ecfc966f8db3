//! A request before the caches, and an answer on its way into them.

mod scopes;
mod semantic;
mod single_flight;
mod warm_start;

use std::sync::Arc;

pub use scopes::NOBODY;
use scopes::Scopes;
pub use semantic::Semantic;
pub use single_flight::Flight;
use single_flight::Flights;
pub use warm_start::{Contents, table as contents_table};

use super::clients::Clients;
use super::event::Event;
use super::measure::Observers;
use super::request::{Answer, Looked, Next, Request, Requests, fail};
use super::setup::Setup;
use crate::cache::{CacheSpec, Hierarchy, NegativeCache};
use crate::cost::Optimizer;
use crate::kernel::{Duration, Scheduler, Streams, Time};
use crate::pipeline::{KeyMaker, RequestError, Stage};
use crate::system::ids::RequestId;
use crate::workload::{Incoming, Source, User};

/// The caches of answers, all that are before the models.
pub struct Caches {
    keys: Arc<KeyMaker>,
    scopes: Scopes,
    /// Levels of equal questions.
    pub levels: Option<Hierarchy<Answer>>,
    /// Answers to similar ones.
    pub semantic: Option<Semantic>,
    flights: Option<Flights>,
    negative: Option<NegativeCache<RequestError>>,
    /// By user: how long answers made for them live; empty where all are alike.
    lives: Vec<Option<Duration>>,
}

impl Caches {
    /// Those of a setup.
    pub fn new(setup: &Setup, users: &[User], streams: &Streams) -> Self {
        let cache = setup.cache.as_ref();
        let spec = cache.filter(|cache| !cache.levels.is_empty());
        let scopes = Scopes::new(cache, &setup.cost, users, &setup.models);
        let mut levels = spec.map(|cache| Hierarchy::new(cache, streams));
        if let Some(levels) = &mut levels {
            levels.scope(scopes.keys());
        }
        if let Some(levels) = levels.as_mut().filter(|_| setup.record_cache) {
            levels.keep_ages();
        }
        if let (Some(levels), Some(contents)) = (&mut levels, &setup.warm_start) {
            contents.warm(levels);
        }
        Caches {
            keys: Arc::clone(&setup.keys),
            levels,
            semantic: setup
                .semantic
                .as_ref()
                .map(|plan| Semantic::new(plan, scopes.count(), streams)),
            scopes,
            flights: cache.filter(|cache| cache.single_flight).map(|_| Flights::default()),
            negative: cache.and_then(|cache| cache.negative_ttl).map(NegativeCache::new),
            lives: lives(cache, users),
        }
    }

    /// Forgets the statistics, not the entries: the end of the warm-up.
    pub fn reset_stats(&mut self, now: Time) {
        if let Some(levels) = &mut self.levels {
            levels.reset_stats(now);
        }
        if let Some(semantic) = &mut self.semantic {
            semantic.cache.reset_stats();
        }
    }

    /// Whether no request waits for another's answer.
    pub fn is_idle(&self) -> bool {
        self.flights.as_ref().is_none_or(Flights::is_empty)
    }

    /// How long the stage takes that a request enters at the caches; `None`: until its
    /// turn comes.
    #[inline]
    pub fn enter(&mut self, id: RequestId, request: &Request, now: Time) -> Option<Duration> {
        match (request.stage, &mut self.levels, &self.semantic) {
            (Stage::Cache, Some(levels), _) => {
                levels.enter(usize::from(request.level), id.slot(), now)
            }
            (Stage::Semantic, _, Some(semantic)) => Some(semantic.cache.latency()),
            _ => Some(Duration::ZERO),
        }
    }

    /// Makes a request's key. It goes to the first cache level, unless the key has just
    /// failed.
    #[inline]
    pub fn begin(
        &mut self,
        id: RequestId,
        request: &mut Request,
        clients: &Clients,
        observers: &mut Observers<'_>,
        now: Time,
    ) -> Next {
        if let Some(next) = self.after_waiting(request, observers, now) {
            return next;
        }
        let Incoming { user, prompt, profile, .. } = request.incoming;
        request.scope = self.scopes.of(user, || clients.pinned(request));
        request.key = self.scopes.key(self.keys.key(prompt, profile.0), request.scope);
        if self.levels.is_none() && self.semantic.is_none() {
            return Next::Stage(Stage::Select);
        }
        match self.negative_hit(request, observers, now) {
            Some(error) => fail(request, error),
            None if self.levels.is_some() => Next::Stage(Stage::Cache),
            None if self.asks_similar(request) => Next::Stage(Stage::Semantic),
            None => self.miss(id, request, observers, now),
        }
    }

    /// A look into the request's cache level ends; the next who waits for the level may
    /// look: who, and for how long.
    #[inline]
    pub fn look_up(
        &mut self,
        id: RequestId,
        request: &mut Request,
        optimizer: &mut Optimizer,
        observers: &mut Observers<'_>,
        now: Time,
    ) -> (Next, Option<(u32, Duration)>) {
        if let Some(next) = self.after_waiting(request, observers, now) {
            return (next, None);
        }
        let Some(levels) = &mut self.levels else { return (Next::Stage(Stage::Select), None) };
        let level = usize::from(request.level);
        if request.reading {
            request.reading = false;
        } else if let Some(hit) = levels.lookup(level, request.key, now) {
            levels.promote(level, request.key, now);
            let time = levels.transfer(level, hit.bytes);
            let answer = hit.value;
            count_crossing(&self.scopes, request, answer, observers);
            take_answer(request, answer, optimizer, observers, now);
            request.looked = if hit.stale { Looked::StaleHit } else { Looked::Hit };
            observers.measures.stale_hits += u64::from(hit.stale && request.measured);
            if time > Duration::ZERO {
                request.reading = true;
                return (Next::After(time), None);
            }
        }
        let waiting = levels.leave(level, now);
        let last = level + 1 == levels.levels();
        let next = if request.cached {
            Next::Stage(Stage::Format)
        } else if !last {
            request.level += 1;
            Next::Again
        } else if self.asks_similar(request) {
            Next::Stage(Stage::Semantic)
        } else {
            self.miss(id, request, observers, now)
        };
        (next, waiting)
    }

    /// What a request does that waited for another's answer; `None` if it did not.
    fn after_waiting(
        &mut self,
        request: &mut Request,
        observers: &mut Observers<'_>,
        now: Time,
    ) -> Option<Next> {
        match request.flight {
            Flight::None => None,
            Flight::Landed => Some(Next::Stage(Stage::Format)),
            // Its leader failed. It leads now, unless the failure was everyone's.
            Flight::Leads | Flight::Waits => {
                request.flight = Flight::Leads;
                Some(match self.negative_hit(request, observers, now) {
                    Some(error) => fail(request, error),
                    None => Next::Stage(Stage::Select),
                })
            }
        }
    }

    /// No cache has the answer: the request asks a model, or waits for one that
    /// does already.
    fn miss(
        &mut self,
        id: RequestId,
        request: &mut Request,
        observers: &mut Observers<'_>,
        now: Time,
    ) -> Next {
        request.looked = Looked::Miss;
        observers.timeline.at(now).asked += 1;
        observers.measures.misses += u64::from(request.measured);
        if let Some(flights) = &mut self.flights {
            request.flight = flights.join(request.key, id.slot());
            if request.flight == Flight::Waits {
                return Next::Wait;
            }
        }
        Next::Stage(Stage::Select)
    }

    fn negative_hit(
        &mut self,
        request: &mut Request,
        observers: &mut Observers<'_>,
        now: Time,
    ) -> Option<RequestError> {
        let error = self.negative.as_mut()?.get(request.key, now)?;
        request.negative = true;
        observers.measures.negative_hits += u64::from(request.measured);
        Some(error)
    }

    /// Writes a model's answer to the caches, and gives it to those who wait for
    /// it.
    pub fn store(
        &mut self,
        id: RequestId,
        requests: &mut Requests,
        source: &Source,
        observers: &mut Observers<'_>,
        sim: &mut Scheduler<Event>,
    ) {
        let request = &requests[id];
        let Some(answer) = request.answer else { return };
        let answer = Answer { made_for: self.scopes.tenant(request.incoming.user), ..answer };
        let now = sim.now();
        if let Some(levels) = &mut self.levels {
            let life = self.lives.get(request.incoming.user.0 as usize).copied().flatten();
            levels.store(request.key, answer.size(), answer, life, now);
        }
        self.store_similar(request, answer, source, now);
        let key = request.key;
        if let Some(negative) = &mut self.negative {
            negative.forget(key);
        }
        if request.flight != Flight::Leads {
            return;
        }
        requests[id].flight = Flight::None;
        while let Some(waiting) = self.next_waiting(key, requests) {
            count_crossing(&self.scopes, &requests[waiting], answer, observers);
            coalesce(&mut requests[waiting], answer, observers);
            sim.schedule_in(Duration::ZERO, Event::Advance(waiting));
        }
    }

    /// The first who waits for the flight of `key`.
    fn next_waiting(&mut self, key: crate::cache::Key, requests: &Requests) -> Option<RequestId> {
        let slot = self.flights.as_mut()?.next(key)?;
        let waiting = requests.at(slot);
        debug_assert!(waiting.is_some(), "who waits has not left");
        waiting
    }

    /// A request ends: its error is kept if it says something of the next, and one of
    /// those who waited for it asks in its place.
    pub fn end(&mut self, request: &Request, requests: &Requests, sim: &mut Scheduler<Event>) {
        let Some(error) = request.error else { return };
        if let Some(negative) = &mut self.negative
            && error.is_everyones()
            && negative.get(request.key, sim.now()).is_none()
        {
            negative.keep(request.key, error, sim.now());
        }
        if request.flight == Flight::Leads
            && let Some(next) = self.next_waiting(request.key, requests)
        {
            sim.schedule_in(Duration::ZERO, Event::Advance(next));
        }
    }
}

/// Counts an answer that a request gets though it was made for another tenant.
#[inline]
fn count_crossing(
    scopes: &Scopes,
    request: &Request,
    answer: Answer,
    observers: &mut Observers<'_>,
) {
    let crosses = request.measured && scopes.crosses(request.incoming.user, answer.made_for);
    observers.measures.cross_tenant_hits += u64::from(crosses);
}

/// Answers a request from a cache.
#[inline]
fn take_answer(
    request: &mut Request,
    answer: Answer,
    optimizer: &mut Optimizer,
    observers: &mut Observers<'_>,
    now: Time,
) {
    let interval = observers.timeline.at(now);
    interval.asked += 1;
    interval.hits += 1;
    request.model = answer.model;
    request.answer = Some(answer);
    request.cached = true;
    if request.measured {
        observers.measures.hit(request.incoming.user.0, request.level, &answer);
    }
    optimizer.save(request.incoming.user, answer.cost);
}

/// The request gets the answer that another asked for.
fn coalesce(request: &mut Request, answer: Answer, observers: &mut Observers<'_>) {
    request.flight = Flight::Landed;
    request.model = answer.model;
    request.answer = Some(answer);
    request.cached = true;
    if request.measured {
        observers.measures.coalesce(request.incoming.user.0, &answer);
    }
}

/// How long each user's answers live, where classes differ in that.
fn lives(cache: Option<&CacheSpec>, users: &[User]) -> Vec<Option<Duration>> {
    match cache.map(|cache| &cache.ttl_by_class) {
        Some(ttls) if !ttls.is_empty() => {
            users.iter().map(|user| ttls.get(&*user.class).copied()).collect()
        }
        _ => Vec::new(),
    }
}
