//! What a tracer is told of attempts.

use super::{Attempt, Inference, NOBODY};
use crate::cost::{Money, Usage};
use crate::kernel::{Duration, Time};
use crate::system::request::Request;
use crate::system::tracer::{AttemptKind, AttemptOutcome, TracedAttempt};

/// What was charged for an attempt.
#[derive(Clone, Copy, Debug)]
pub struct Paid {
    /// Tokens read and written.
    pub usage: Usage,
    /// Dollars.
    pub cost: Money,
}

impl Inference {
    /// Why the next attempt is made.
    pub(super) const fn next_kind(&self, hedge: bool) -> AttemptKind {
        match self {
            _ if hedge => AttemptKind::Hedge,
            Inference { tries: 1.., .. } => AttemptKind::Retry,
            Inference { fallbacks: 1.., .. } => AttemptKind::Fallback,
            _ => AttemptKind::First,
        }
    }

    /// How long the answer had waited for its tenant's place and for a server.
    pub fn queue(&self) -> Duration {
        self.started.since(self.queued) + self.spend.seated_after
    }
}

impl Attempt {
    /// What a tracer is told of an attempt that ends now, its answer not taken.
    pub(super) fn traced(
        &self,
        request: &Request,
        measured: bool,
        outcome: AttemptOutcome,
        paid: Option<Paid>,
        now: Time,
    ) -> TracedAttempt {
        let started = self.began.then_some(self.started);
        let usage = paid.map_or_else(Usage::default, |paid| paid.usage);
        TracedAttempt {
            replica: (self.replica != NOBODY).then_some(self.replica),
            kind: self.kind,
            queued: self.queued,
            started,
            queue: started.unwrap_or(now).since(self.queued),
            input_decitokens: usage.input_decitokens,
            cached_decitokens: usage.cached_decitokens,
            output_tokens: usage.output_tokens,
            prefix: self.prefix.filter(|_| paid.is_some()),
            cost: paid.map_or(Money::ZERO, |paid| paid.cost),
            ..nothing((request.id, request.incoming.user.0, measured), self.model, now, outcome)
        }
    }
}

/// What a tracer is told of an answer, which is taken now and was charged for.
pub fn answered(request: &Request, inference: &Inference, paid: &Paid, now: Time) -> TracedAttempt {
    let usage = &paid.usage;
    TracedAttempt {
        replica: (inference.replica != NOBODY).then_some(inference.replica),
        kind: inference.kind,
        queued: inference.queued,
        started: Some(inference.started),
        queue: inference.queue(),
        service: Some((inference.service.first_token, inference.service.total)),
        input_decitokens: usage.input_decitokens,
        cached_decitokens: usage.cached_decitokens,
        output_tokens: usage.output_tokens,
        prefix: inference.prefix,
        cost: paid.cost,
        ..nothing(
            (request.id, request.incoming.user.0, inference.measured),
            inference.model,
            now,
            AttemptOutcome::Answered,
        )
    }
}

/// An attempt that took no time and cost nothing: of which request and user, and whether it is
/// measured.
pub(super) fn nothing(
    (request, user, measured): (u64, u32, bool),
    model: u32,
    now: Time,
    outcome: AttemptOutcome,
) -> TracedAttempt {
    TracedAttempt {
        request,
        user,
        measured,
        after_warmup: false,
        model,
        replica: None,
        kind: AttemptKind::First,
        queued: now,
        started: None,
        until: now,
        outcome,
        queue: Duration::ZERO,
        service: None,
        input_decitokens: 0,
        cached_decitokens: 0,
        output_tokens: 0,
        prefix: None,
        cost: Money::ZERO,
    }
}
