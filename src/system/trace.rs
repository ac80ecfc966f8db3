//! What a tracer is told: when requests, attempts and replicas did what.

use super::model::System;
use super::pool::{Attempt, NOBODY, Place};
use super::request::Request;
use crate::kernel::Time;
use crate::pipeline::Outcome;
use crate::serving::fleet::Phase;

/// A request from arrival to response.
#[derive(Clone, Copy, Debug)]
pub struct TracedRequest {
    /// Its number.
    pub id: u64,
    /// Who asked, by index.
    pub user: u32,
    /// When it came.
    pub from: Time,
    /// When it left.
    pub until: Time,
    /// The model that answered, if one did.
    pub model: Option<u32>,
    /// How it ended.
    pub outcome: Outcome,
}

/// One request to one replica.
#[derive(Clone, Copy, Debug)]
pub struct TracedAttempt {
    /// The model.
    pub model: u32,
    /// Its replica; none if it never got one.
    pub replica: Option<u32>,
    /// The user's index.
    pub user: u32,
    /// When it was sent.
    pub queued: Time,
    /// When its service began, if it did.
    pub started: Option<Time>,
    /// When it ended.
    pub until: Time,
    /// Tokens of its answer.
    pub output_tokens: u32,
    /// Whether it was made beside another.
    pub hedge: bool,
}

/// Told of everything as it ends. Times are those of the virtual clock.
pub trait Tracer {
    /// A request is finished.
    fn request(&mut self, request: &TracedRequest);
    /// An attempt is gone.
    fn attempt(&mut self, attempt: &TracedAttempt);
    /// A replica was in a phase.
    fn phase(&mut self, model: u32, replica: u32, phase: &'static str, from: Time, until: Time);
    /// An engine's batch changed: sequences that run, that wait, and the share of the
    /// memory in use.
    fn batch(&mut self, model: u32, replica: u32, at: Time, batch: [f64; 3]);
}

impl System<'_> {
    pub(super) fn trace_request(&mut self, request: &Request, outcome: Outcome, now: Time) {
        let Some(tracer) = &mut self.tracer else { return };
        let model = request.answer.map(|answer| answer.model);
        let (from, user) = (request.incoming.at, request.incoming.user.0);
        tracer.request(&TracedRequest { id: request.id, user, from, until: now, model, outcome });
        // A model that is one server has no attempts but this.
        if let Some(answer) = request.answer.filter(|_| !request.cached && !self.pool.active) {
            tracer.attempt(&TracedAttempt {
                model: answer.model,
                replica: Some(0),
                user,
                queued: request.queued,
                started: Some(request.started),
                until: request.started + request.inference,
                output_tokens: answer.output_tokens,
                hedge: false,
            });
        }
    }

    pub(super) fn trace_attempt(&mut self, attempt: &Attempt, now: Time) {
        let Some(tracer) = &mut self.tracer else { return };
        let waits = matches!(
            attempt.place,
            Place::Shared(_) | Place::Queued(_) | Place::Preparing | Place::Waiting(_)
        );
        tracer.attempt(&TracedAttempt {
            model: attempt.model,
            replica: (attempt.replica != NOBODY).then_some(attempt.replica),
            user: self.pool.pursuits[attempt.pursuit as usize].incoming.user.0,
            queued: attempt.queued,
            started: (!waits).then_some(attempt.started),
            until: now,
            output_tokens: attempt.output_tokens,
            hedge: attempt.hedge,
        });
    }

    /// A replica goes into another phase, for the fleet, the timeline and the tracer.
    pub(super) fn enter(&mut self, now: Time, model: u32, replica: u32, phase: Phase) {
        let fleet = &mut self.pool.fleets[model as usize];
        let node = fleet.node(replica);
        let (was, since) = (node.phase(), node.since());
        if let Some(tracer) = self.tracer.as_mut().filter(|_| was != Phase::Off) {
            tracer.phase(model, replica, was.name(), since, now);
        }
        fleet.enter(now, replica, phase);
        if let Some(monitors) = &mut self.monitors {
            monitors.enter(now, (model, replica), was, phase);
        }
        let width = self.pool.widths[model as usize];
        let counted = &mut self.pool.counted[model as usize];
        let up = fleet.up() as u32;
        let before = std::mem::replace(counted, up);
        self.timeline.serve(now, |serving| {
            serving.replicas = serving.replicas + up - before;
            serving.servers = serving.servers + up * width - before * width;
        });
    }

    pub(super) fn trace_batch(&mut self, model: u32, replica: u32, now: Time) {
        let Some(tracer) = &mut self.tracer else { return };
        let Some(batching) = self.pool.fleets[model as usize].engine(replica) else { return };
        let engine = batching.engine();
        let batch = [f64::from(engine.running()), f64::from(engine.waiting()), engine.kv_use()];
        tracer.batch(model, replica, now, batch);
    }

    /// The end of the run: what replicas are doing still.
    pub(super) fn trace_end(&mut self, over: Time) {
        let Some(tracer) = &mut self.tracer else { return };
        for (model, fleet) in self.pool.fleets.iter().enumerate() {
            for (replica, node) in fleet.nodes().iter().enumerate() {
                if node.phase() != Phase::Off {
                    let (model, replica) = (model as u32, replica as u32);
                    tracer.phase(model, replica, node.phase().name(), node.since(), over);
                }
            }
        }
    }
}
