//! A request before the caches, and an answer on its way into them.

use super::model::{Event, Next, System, fail};
use super::request::{Answer, Request};
use super::single_flight::Flight;
use crate::kernel::{Duration, Scheduler, Time};
use crate::pipeline::{RequestError, Stage};

impl System<'_> {
    /// A request that has its key: it goes to the first cache level, unless the
    /// key has just failed.
    pub(super) fn ask_caches(&mut self, slot: u32, request: &mut Request, now: Time) -> Next {
        if self.caches.is_none() && self.semantic.is_none() {
            return Next::Stage(Stage::Select);
        }
        match self.negative_hit(request, now) {
            Some(error) => fail(request, error),
            None if self.caches.is_some() => Next::Stage(Stage::Cache),
            None if self.asks_similar(request) => Next::Stage(Stage::Semantic),
            None => self.miss(slot, request, now),
        }
    }

    /// A look into the request's cache level ends.
    pub(super) fn look(
        &mut self,
        slot: u32,
        request: &mut Request,
        sim: &mut Scheduler<Event>,
    ) -> Next {
        if let Some(next) = self.after_waiting(request, sim.now()) {
            return next;
        }
        let Some(caches) = &mut self.caches else { return Next::Stage(Stage::Select) };
        let now = sim.now();
        let level = usize::from(request.level);
        if request.reading {
            request.reading = false;
        } else if let Some(hit) = caches.lookup(level, request.key, now) {
            caches.promote(level, request.key, now);
            let time = caches.transfer(level, hit.bytes);
            self.hit(request, hit.value, now);
            self.measures.stale_hits += u64::from(hit.stale && request.measured);
            if time > Duration::ZERO {
                request.reading = true;
                return Next::After(time);
            }
        }
        self.leave_level(level, sim);
        if request.cached {
            return Next::Stage(Stage::Format);
        }
        if self.caches.as_ref().is_some_and(|caches| level + 1 < caches.levels()) {
            request.level += 1;
            return Next::Again;
        }
        if self.asks_similar(request) {
            return Next::Stage(Stage::Semantic);
        }
        self.miss(slot, request, now)
    }

    /// What a request does that waited for another's answer; `None` if it did not.
    pub(super) fn after_waiting(&mut self, request: &mut Request, now: Time) -> Option<Next> {
        match request.flight {
            Flight::None => None,
            Flight::Landed => Some(Next::Stage(Stage::Format)),
            Flight::Leads | Flight::Waits => Some(self.ask_models(request, now)),
        }
    }

    /// Lets the next in if anyone waits for the level.
    fn leave_level(&mut self, level: usize, sim: &mut Scheduler<Event>) {
        if let Some(caches) = &mut self.caches
            && let Some((waiting, time)) = caches.leave(level, sim.now())
        {
            sim.schedule_in(time, Event::Advance(waiting));
        }
    }

    /// Answers a request from a cache.
    pub(super) fn hit(&mut self, request: &mut Request, answer: Answer, now: Time) {
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
            let level = self.measures.saved_by_level.entry(request.level).or_default();
            *level = (level.0 + 1, level.1 + answer.cost);
        }
        self.optimizer.save(request.incoming.user, answer.cost);
    }

    /// No cache has the answer: the request asks a model, or waits for one that
    /// does already.
    pub(super) fn miss(&mut self, slot: u32, request: &mut Request, now: Time) -> Next {
        self.timeline.at(now).asked += 1;
        self.measures.misses += u64::from(request.measured);
        if let Some(flights) = &mut self.flights {
            request.flight = flights.join(request.key, slot);
            if request.flight == Flight::Waits {
                return Next::Wait;
            }
        }
        Next::Stage(Stage::Select)
    }

    /// A request whose leader failed leads now, unless the failure was everyone's.
    fn ask_models(&mut self, request: &mut Request, now: Time) -> Next {
        request.flight = Flight::Leads;
        match self.negative_hit(request, now) {
            Some(error) => fail(request, error),
            None => Next::Stage(Stage::Select),
        }
    }

    fn negative_hit(&mut self, request: &Request, now: Time) -> Option<RequestError> {
        let error = self.negative.as_mut()?.get(request.key, now)?;
        self.measures.negative_hits += u64::from(request.measured);
        Some(error)
    }

    /// Writes a model's answer to the caches, and gives it to those who wait for
    /// it.
    pub(super) fn store(&mut self, request: &mut Request, sim: &mut Scheduler<Event>) {
        let Some(answer) = request.answer else { return };
        let now = sim.now();
        if let Some(caches) = &mut self.caches {
            let life = self.lives.get(request.incoming.user.0 as usize).copied().flatten();
            caches.store(request.key, answer.size(), answer, life, now);
        }
        self.store_similar(request, answer, now);
        if let Some(negative) = &mut self.negative {
            negative.forget(request.key);
        }
        if request.flight != Flight::Leads {
            return;
        }
        request.flight = Flight::None;
        while let Some(waiting) = self.flights.as_mut().and_then(|it| it.next(request.key)) {
            self.coalesce(waiting, answer);
            sim.schedule_in(Duration::ZERO, Event::Advance(waiting));
        }
    }

    /// The request in `waiting` gets the answer that another asked for.
    fn coalesce(&mut self, waiting: u32, answer: Answer) {
        let request = &mut self.requests[waiting as usize];
        request.flight = Flight::Landed;
        request.model = answer.model;
        request.answer = Some(answer);
        request.cached = true;
        if request.measured {
            self.measures.coalesced += 1;
            self.measures.coalesced_saved += answer.cost;
            self.measures.users[request.incoming.user.0 as usize].coalesced += 1;
            self.measures.models[answer.model as usize].coalesced += 1;
        }
    }

    /// The end of a request: its error is kept if it says something of the next,
    /// and one of those who waited for it asks in its place.
    pub(super) fn hand_over(&mut self, request: &Request, sim: &mut Scheduler<Event>) {
        let Some(error) = request.error else { return };
        if let Some(negative) = &mut self.negative
            && error.is_everyones()
            && negative.get(request.key, sim.now()).is_none()
        {
            negative.keep(request.key, error, sim.now());
        }
        if request.flight == Flight::Leads
            && let Some(next) = self.flights.as_mut().and_then(|it| it.next(request.key))
        {
            sim.schedule_in(Duration::ZERO, Event::Advance(next));
        }
    }
}
