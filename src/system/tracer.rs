//! What a tracer is told: when requests, attempts and replicas did what.

use crate::kernel::Time;
use crate::pipeline::Outcome;

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
