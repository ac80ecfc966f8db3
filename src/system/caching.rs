//! A request before the caches, and an answer on its way into them.

use super::model::{Next, System};
use super::request::{Answer, Request};
use crate::kernel::Time;
use crate::pipeline::Stage;

impl System<'_> {
    /// Asks the request's cache level.
    pub(super) fn look(&mut self, request: &mut Request, now: Time) -> Next {
        let Some(caches) = &mut self.caches else { return Next::Stage(self.after_levels()) };
        let level = usize::from(request.level);
        if let Some(answer) = caches.lookup(level, request.key, now) {
            caches.promote(level, request.key, now);
            self.count_hit(request, answer, now);
            return Next::Stage(Stage::Format);
        }
        if level + 1 < caches.levels() {
            request.level += 1;
            return Next::Again;
        }
        let next = self.after_levels();
        if next == Stage::Select {
            self.count_miss(request, now);
        }
        Next::Stage(next)
    }

    /// Answers a request from a cache.
    pub(super) fn count_hit(&mut self, request: &mut Request, answer: Answer, now: Time) {
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
        }
        self.optimizer.save(request.incoming.user, answer.cost);
    }

    /// Counts a request that no cache could answer.
    pub(super) fn count_miss(&mut self, request: &Request, now: Time) {
        self.timeline.at(now).asked += 1;
        self.measures.misses += u64::from(request.measured);
    }

    /// Writes a model's answer to the caches.
    pub(super) fn store(&mut self, request: &Request, now: Time) {
        if let (Some(caches), Some(answer)) = (&mut self.caches, request.answer) {
            caches.store(request.key, answer.size(), answer, now);
        }
    }
}
