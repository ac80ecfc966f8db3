//! What is counted of attempts: which replica got them, and what they came to.

use super::traced::nothing;
use super::{Inference, NOBODY, Upstream};
use crate::pipeline::RequestError;
use crate::system::context::Context;
use crate::system::ids::InferenceId;
use crate::system::measure::Observers;
use crate::system::tracer::{AttemptKind, AttemptOutcome, TracedAttempt};

/// What measured requests' attempts at a replica came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Attempts that were sent to it.
    pub requests: u64,
    /// Of these, those that it did not take: its queue was full, or they do not fit it.
    pub refused: u64,
    /// Those that it answered.
    pub completed: u64,
    /// Those that it failed: crashes, errors, timeouts.
    pub failed: u64,
}

impl Upstream {
    /// What a replica did with measured requests.
    pub fn sent_to(&self, model: u32, replica: u32) -> Sent {
        self.replicas[self.number(model, replica) as usize].sent
    }

    /// Counts something of a measured request's attempt at a replica.
    #[inline]
    pub(super) fn count_at(&mut self, model: u32, replica: u32, count: impl FnOnce(&mut Sent)) {
        let number = self.number(model, replica) as usize;
        count(&mut self.replicas[number].sent);
    }

    /// An attempt is sent to a replica.
    #[inline]
    pub(super) fn count_sent(
        &mut self,
        (model, replica): (u32, u32),
        measured: bool,
        observers: &mut Observers<'_>,
    ) {
        if measured {
            observers.measures.attempts.sent += 1;
            self.count_at(model, replica, |it| it.requests += 1);
        }
    }

    /// An attempt that none took: no replica, or not the one that it was sent to.
    #[cold]
    pub(super) fn not_taken(
        &mut self,
        id: InferenceId,
        kind: AttemptKind,
        (replica, error): (u32, RequestError),
        cx: &mut Context<'_, '_>,
    ) {
        let now = cx.now();
        let Inference { request, model, measured, .. } = self.inferences[id];
        if measured {
            let counts = &mut cx.observers.measures.attempts;
            match error {
                _ if replica != NOBODY => {}
                RequestError::Throttled => counts.throttled += 1,
                _ => counts.unsent += 1,
            }
        }
        if cx.observers.traces() {
            let request = &cx.requests[request];
            let of = (request.id, request.incoming.user.0, measured);
            cx.observers.trace_attempt(&TracedAttempt {
                replica: (replica != NOBODY).then_some(replica),
                kind,
                ..nothing(of, model, now, AttemptOutcome::Failed(error))
            });
        }
    }
}
