//! The end of a request: counted, logged, recorded.

use super::model::{Event, Finished, System};
use super::request::{Request, SIMILAR};
use super::single_flight::Flight;
use crate::kernel::Scheduler;
use crate::pipeline::{LogEntry, Outcome, RequestError};

impl System<'_> {
    pub(super) fn finish(&mut self, request: &Request, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        let incoming = &request.incoming;
        let e2e = now - incoming.at;
        self.optimizer.release(incoming.user, request.spend.hold);
        if let (Some(places), Some(tenant)) = (&mut self.places, request.spend.place) {
            places.leave(tenant);
        }
        self.timeline.set(now, |levels| levels.in_flight -= 1);
        let outcome = match (request.error, request.answer) {
            (None, Some(answer)) => {
                let interval = self.timeline.at(now);
                interval.completions += 1;
                interval.e2e_ns += u128::from(e2e.as_nanos());
                if request.measured {
                    let ttft = request.ttft(now);
                    self.measures.complete(
                        incoming.user.0,
                        answer.model,
                        e2e,
                        ttft,
                        answer.quality,
                    );
                    self.measures.completed_in_window += u64::from(now <= self.last_arrival);
                }
                match request.flight {
                    Flight::Landed => Outcome::Coalesced,
                    _ if request.cached && request.level == SIMILAR => Outcome::SimilarHit,
                    _ if request.cached => Outcome::Hit(request.level),
                    _ => Outcome::Answered,
                }
            }
            (error, _) => {
                let error = error.unwrap_or(RequestError::QueueFull);
                self.timeline.at(now).errors += 1;
                if request.measured {
                    self.count_failure(request, error);
                }
                Outcome::Failed(error)
            }
        };
        let answered_by = request.answer.map(|answer| answer.model);
        if let (Some(breakdown), Some(model)) = (&mut self.breakdown, answered_by) {
            let interval = self.timeline.interval();
            breakdown.count(now, interval, outcome, (model, incoming.user.0));
        }
        self.log.push(LogEntry {
            at: now,
            request: request.id,
            user: incoming.user.0,
            model: answered_by,
            e2e,
            outcome,
        });
        if let Some(record) = &mut self.recorder
            && request.measured
        {
            let params = &self.params[incoming.profile.0 as usize];
            let flows = self.flows.as_ref();
            let call = flows.and_then(|flows| flows.engine.name_of(incoming.call?));
            let source = &self.source;
            record(&Finished { source, params, request, call, outcome, at: now });
        }
        if let Some(classes) = &mut self.measures.classes
            && request.measured
            && request.error != Some(RequestError::CalledOff)
        {
            classes.judge(request, now, now <= self.last_arrival);
        }
        if let Some(monitors) = &mut self.monitors {
            monitors.finish(request, now);
        }
        self.trace_request(request, outcome, now);
        self.sojourn_ns += u128::from(e2e.as_nanos());
        if incoming.call.is_some() {
            self.answer_call(request, sim);
        }
        self.part(request, now);
        // A workflow's client waits for its end.
        if incoming.thread.is_some() && incoming.call.is_none() {
            let answer = request.answer.filter(|_| request.error.is_none());
            let tokens = answer.map(|answer| answer.output_tokens);
            self.go_on(incoming, request.measured, tokens, sim);
        }
    }

    fn count_failure(&mut self, request: &Request, error: RequestError) {
        if error == RequestError::CalledOff {
            self.measures.called_off += 1;
            return;
        }
        let user = &mut self.measures.users[request.incoming.user.0 as usize];
        let rejected = u64::from(error.is_rejection());
        user.rejected += rejected;
        user.errors += 1 - rejected;
        self.measures.rejected += rejected;
        self.measures.errors += 1 - rejected;
        self.measures.budget_rejections += u64::from(error == RequestError::InsufficientBudget);
        if let Some(model) = self.measures.models.get_mut(request.model as usize) {
            model.rejected += rejected;
        }
    }
}
