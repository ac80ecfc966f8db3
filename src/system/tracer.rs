//! What a tracer is told: when requests, attempts and replicas did what.

use crate::cache::Match;
use crate::cost::Money;
use crate::kernel::{Duration, Time};
use crate::orchestration::{Path, Spent};
use crate::pipeline::{Outcome, RequestError};

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

/// Why a model was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptKind {
    /// It was chosen.
    First,
    /// The attempt before, at the same model, had failed.
    Retry,
    /// The model before had failed for good.
    Fallback,
    /// Another attempt took long.
    Hedge,
    /// It was chosen, and answers by its batch API.
    Batch,
    /// Nobody asked: it keeps a prompt in its provider's cache.
    KeepAlive,
}

impl AttemptKind {
    /// Its name in `attempts.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            AttemptKind::First => "first",
            AttemptKind::Retry => "retry",
            AttemptKind::Fallback => "fallback",
            AttemptKind::Hedge => "hedge",
            AttemptKind::Batch => "batch",
            AttemptKind::KeepAlive => "keep_alive",
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// Its answer was taken.
    Answered,
    /// Nobody waited for it any more: another was faster, or its workflow gave it up.
    CalledOff,
    /// It failed, for this reason.
    Failed(RequestError),
    /// It has kept a prompt in its provider's cache.
    KeptAlive,
}

impl AttemptOutcome {
    /// Its name in `attempts.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            AttemptOutcome::Answered => "answered",
            AttemptOutcome::CalledOff => "called_off",
            AttemptOutcome::KeptAlive => "kept_alive",
            AttemptOutcome::Failed(error) => match error {
                RequestError::Timeout => "timeout",
                RequestError::Crashed => "crashed",
                RequestError::Throttled => "throttled",
                RequestError::Unavailable => "unavailable",
                RequestError::QueueFull => "queue_full",
                RequestError::DoesNotFit => "does_not_fit",
                _ => "error",
            },
        }
    }
}

/// One try of a model: a request to one of its replicas, or to its batch API; or one that
/// came to none.
#[derive(Clone, Copy, Debug)]
pub struct TracedAttempt {
    /// The request's number.
    pub request: u64,
    /// The user's index.
    pub user: u32,
    /// Whether its request counts: it came after the warm-up.
    pub measured: bool,
    /// Whether it ended after the warm-up.
    pub after_warmup: bool,
    /// The model.
    pub model: u32,
    /// Its replica, the last one where the prompt was computed by another; none if it
    /// never got one, or at the batch API.
    pub replica: Option<u32>,
    /// Why it was made.
    pub kind: AttemptKind,
    /// When it was sent.
    pub queued: Time,
    /// When its service began, if it did.
    pub started: Option<Time>,
    /// When it ended.
    pub until: Time,
    /// How.
    pub outcome: AttemptOutcome,
    /// How long it waited for a server, and before for its tenant's place.
    pub queue: Duration,
    /// Of an answer: how long the model worked, until the first token and in all.
    pub service: Option<(Duration, Duration)>,
    /// Tenths of tokens that were charged for, of the prompt.
    pub input_decitokens: u64,
    /// Of these, tenths of tokens that were in a prefix cache.
    pub cached_decitokens: u64,
    /// Tokens that were charged for, of the answer.
    pub output_tokens: u32,
    /// What a prefix cache had of the prompt, if there is one.
    pub prefix: Option<Match>,
    /// Charged.
    pub cost: Money,
}

impl TracedAttempt {
    /// Mean time per token after the first; of an answer that streamed.
    pub fn tpot(&self) -> Option<Duration> {
        let (first_token, total) = self.service?;
        let streamed = total.as_nanos().saturating_sub(first_token.as_nanos());
        let gaps = u64::from(self.output_tokens.saturating_sub(1));
        (streamed > 0 && gaps > 0).then(|| Duration::from_nanos(streamed / gaps))
    }
}

/// The end of a workflow.
#[derive(Clone, Copy, Debug)]
pub struct TracedWorkflow {
    /// Whether it counts: it came after the warm-up.
    pub measured: bool,
    /// Whether it ended after the warm-up.
    pub after_warmup: bool,
    /// When it came.
    pub from: Time,
    /// When it ended.
    pub until: Time,
    /// Whether it is a plain request, which is a workflow of its own.
    pub is_plain: bool,
    /// Whether its result was right; nothing if it failed.
    pub right: Option<bool>,
    /// Why it failed, if it did.
    pub failed: Option<&'static str>,
    /// Its number in order of arrival, from 0.
    pub number: u64,
    /// Its kind, by its place in the plan's names.
    pub workflow: u32,
    /// Who asked, by index.
    pub user: u32,
    /// What it used until then.
    pub spent: Spent,
    /// What the way that decided when it ended was spent on.
    pub path: Path,
}

/// Told of everything as it ends. Times are those of the virtual clock.
pub trait Tracer {
    /// A request is finished.
    fn request(&mut self, _request: &TracedRequest) {}
    /// An attempt is gone.
    fn attempt(&mut self, _attempt: &TracedAttempt) {}
    /// A workflow has ended.
    fn workflow(&mut self, _workflow: &TracedWorkflow) {}
    /// A replica was in a phase.
    fn phase(
        &mut self,
        _model: u32,
        _replica: u32,
        _phase: &'static str,
        _from: Time,
        _until: Time,
    ) {
    }
    /// An engine's batch changed: sequences that run, that wait, and the share of the
    /// memory in use.
    fn batch(&mut self, _model: u32, _replica: u32, _at: Time, _batch: [f64; 3]) {}
}
