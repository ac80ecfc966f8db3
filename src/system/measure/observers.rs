//! Those who look on: they see what happens and change nothing.

use super::{Breakdown, Classes, Measures, Timeline, Times};
use crate::cost::{Money, Usage};
use crate::kernel::{Duration, Time};
use crate::pipeline::{Log, LogEntry, Outcome, Params, RequestError};
use crate::serving::fleet::Phase;
use crate::system::caches::Flight;
use crate::system::monitors::Monitors;
use crate::system::request::{Request, SIMILAR};
use crate::system::tracer::{TracedAttempt, TracedRequest, TracedWorkflow, Tracer};
use crate::system::upstream::Inference;
use crate::workload::Source;

/// A finished request and what is known of it.
pub struct Finished<'f> {
    /// Knows users and prompts by name.
    pub source: &'f Source,
    /// The parameters that it was asked with.
    pub params: &'f Params,
    /// The request itself.
    pub request: &'f Request,
    /// Its way through the models, if it asked one.
    pub inference: Option<&'f Inference>,
    /// What its answer costs by the list, if it was answered.
    pub list: Option<Money>,
    /// Whether its answer goes to its user, rather than into a workflow.
    pub is_plain: bool,
    /// The number of its workflow and the name of its step, if it is of one.
    pub call: Option<(u64, &'f str)>,
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub at: Time,
}

impl Finished<'_> {
    /// Its times.
    pub fn times(&self) -> Times {
        Times::of(self.request, self.inference, self.at)
    }
}

/// Gets every measured request as it finishes.
pub type Recorder<'r> = Box<dyn FnMut(&Finished<'_>) + 'r>;

/// All who look on.
pub struct Observers<'r> {
    /// Whether requests that come now count.
    pub measuring: bool,
    /// What is counted.
    pub measures: Measures,
    /// The same over virtual time.
    pub timeline: Timeline,
    /// Answers by who gave and got them, if that was asked for.
    pub breakdown: Option<Box<Breakdown>>,
    /// Monitors, if there are any.
    pub monitors: Option<Box<Monitors>>,
    /// The last requests.
    pub log: Log,
    /// Gets every measured request.
    pub recorder: Option<Recorder<'r>>,
    /// Told of all that happens.
    pub tracer: Option<&'r mut dyn Tracer>,
    /// When the window closes: what is answered then or later counts as late.
    pub closes: Time,
    /// For Little's law: the sums of all requests' times here, and in queues.
    pub sojourn_ns: u128,
    /// See above.
    pub waited_ns: u128,
}

impl Observers<'_> {
    /// Whether what happens now is in the measured window.
    #[inline]
    pub fn in_window(&self, now: Time) -> bool {
        self.measuring && now < self.closes
    }

    /// A request was in a queue for so long.
    #[inline]
    pub fn waited(&mut self, span: Duration) {
        self.waited_ns += u128::from(span.as_nanos());
    }

    /// A request leaves its stage.
    #[inline]
    pub fn leave_stage(&mut self, request: &mut Request, now: Time) {
        if request.measured {
            let stats = self.measures.stage(request.stage);
            stats.pass(now - request.since);
            stats.errors += u64::from(request.error.is_some());
        }
        request.since = now;
    }

    /// A request comes in.
    #[inline]
    pub fn admit(&mut self, request: &Request, now: Time) {
        if request.measured {
            self.measures.requests += 1;
            self.measures.payload_bytes += request.incoming.payload_bytes;
            self.measures.users[request.incoming.user.0 as usize].requests += 1;
        }
        self.timeline.in_flight(now, 1);
        self.timeline.at(now).arrivals += 1;
    }

    /// A request is finished; how it ended.
    #[inline]
    pub fn finish(
        &mut self,
        request: &Request,
        inference: Option<&Inference>,
        now: Time,
    ) -> Outcome {
        let incoming = &request.incoming;
        let e2e = now - incoming.at;
        self.timeline.in_flight(now, -1);
        self.sojourn_ns += u128::from(e2e.as_nanos());
        let answer = request.answer.filter(|_| request.error.is_none());
        let times = Times::of(request, inference, now);
        let in_window = self.in_window(now);
        let good = self
            .measures
            .classes
            .as_mut()
            .map_or(answer.is_some(), |classes| classes.count(request, &times, in_window));
        let outcome = if let Some(answer) = answer {
            let interval = self.timeline.at(now);
            interval.completions += 1;
            interval.e2e_ns += u128::from(e2e.as_nanos());
            let made = inference.filter(|_| !request.cached);
            if in_window {
                let window = &mut self.measures.in_window;
                window.completed += 1;
                let tokens = made.filter(|_| good).map_or(0, |_| answer.output_tokens);
                window.good_tokens += u64::from(tokens);
            }
            if request.measured {
                self.measures.complete(incoming.user.0, &answer, e2e, times.ttft);
                let waited = made.map_or(Duration::ZERO, |it| it.waited);
                self.measures.queued_ns += u128::from(waited.as_nanos());
                self.measures.good += u64::from(self.is_good(request, &times));
            }
            match request.flight {
                Flight::Landed => Outcome::Coalesced,
                _ if request.cached && request.level == SIMILAR => Outcome::SimilarHit,
                _ if request.cached => Outcome::Hit(request.level),
                _ => Outcome::Answered,
            }
        } else {
            let error = request.error.unwrap_or(RequestError::QueueFull);
            self.timeline.at(now).errors += 1;
            if request.measured {
                self.measures.fail(incoming.user.0, request.model, error, e2e);
            }
            Outcome::Failed(error)
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
        if let Some(monitors) = &mut self.monitors {
            monitors.finish(request, inference, &times);
        }
        self.trace_request(request, outcome, now);
        outcome
    }

    /// Whether an answer was within the SLO and is not known to be wrong.
    fn is_good(&self, request: &Request, times: &Times) -> bool {
        let within = |classes: &Classes| classes.met(request, times);
        self.measures.classes.as_ref().is_none_or(within)
            && request.answer.is_some_and(|answer| !answer.wrong)
    }

    /// Somebody pays for what a model read and wrote.
    #[inline]
    pub fn used(&mut self, model: u32, usage: &Usage, cost: Money, now: Time) {
        self.charged(cost, now);
        if self.in_window(now) {
            self.measures.in_window.used(model, usage);
        }
    }

    /// Somebody pays for tokens, a judge or a tool.
    #[inline]
    pub fn charged(&mut self, amount: Money, now: Time) {
        self.timeline.at(now).charged += amount;
        if self.in_window(now) {
            self.measures.in_window.paid += amount;
        }
    }

    /// A user gets a wrong answer: a model's, or what a workflow came to.
    pub fn wrong_answer(&mut self, whose: (u32, Option<u32>), measured: bool, now: Time) {
        let price = self.measures.wrong_answer_price;
        self.timeline.at(now).wrong_answers += price;
        if self.in_window(now) {
            self.measures.in_window.paid += price;
        }
        if measured {
            self.measures.wrong_answer(whose.0, whose.1);
        }
    }

    /// Whether anybody is told of everything.
    #[inline]
    pub fn traces(&self) -> bool {
        self.tracer.is_some()
    }

    fn trace_request(&mut self, request: &Request, outcome: Outcome, now: Time) {
        let Some(tracer) = &mut self.tracer else { return };
        tracer.request(&TracedRequest {
            id: request.id,
            user: request.incoming.user.0,
            from: request.incoming.at,
            until: now,
            model: request.answer.map(|answer| answer.model),
            outcome,
        });
    }

    /// An attempt ends.
    pub fn trace_attempt(&mut self, attempt: &TracedAttempt) {
        if let Some(tracer) = &mut self.tracer {
            tracer.attempt(&TracedAttempt { after_warmup: self.measuring, ..*attempt });
        }
    }

    /// A workflow ends.
    pub fn trace_workflow(&mut self, workflow: &TracedWorkflow) {
        if let Some(tracer) = &mut self.tracer {
            tracer.workflow(workflow);
        }
    }

    /// A replica was in a phase until now.
    pub fn trace_phase(&mut self, model: u32, replica: u32, was: Phase, since: Time, until: Time) {
        if let Some(tracer) = self.tracer.as_mut().filter(|_| was != Phase::Off) {
            tracer.phase(model, replica, was.name(), since, until);
        }
    }

    /// The batch of an engine changes.
    pub fn trace_batch(&mut self, model: u32, replica: u32, at: Time, batch: [f64; 3]) {
        if let Some(tracer) = &mut self.tracer {
            tracer.batch(model, replica, at, batch);
        }
    }
}
