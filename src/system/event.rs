//! What happens on the virtual clock.

use super::ids::{AttemptId, FollowUpId, InferenceId, RequestId};
use crate::orchestration::Wake;

/// What happens on the virtual clock.
///
/// At one instant, what comes from outside has come before a step of an engine that
/// begins then is composed: [`Engine`](Event::Engine) and [`Dispatch`](Event::Dispatch)
/// are late events, which come after all others of their instant, and are handled
/// together. What their answers set going comes after the steps that begin then.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// The warm-up ends.
    Measure,
    /// The next request comes.
    Arrive,
    /// A request comes that had waited for an answer.
    Follow(FollowUpId),
    /// The time of a request's stage has passed.
    Advance(RequestId),
    /// A replica is done with an attempt.
    Served(AttemptId),
    /// A replica has read an attempt's prompt.
    Read(AttemptId),
    /// An attempt takes too long.
    Timeout(AttemptId),
    /// A request is tried again.
    Retry(InferenceId),
    /// A request gets a second attempt.
    Hedge(InferenceId),
    /// An attempt reaches its engine.
    Submit(AttemptId),
    /// Something happens in an engine.
    Engine(u32),
    /// A brown-out of an engine begins or ends.
    Slowdown(u32),
    /// A replica is ready, crashes, or is repaired.
    Replica(u32),
    /// A replica of a model may have room for those that wait before all of them.
    Dispatch(u32),
    /// A model's autoscaler looks at load.
    Scale(u32),
    /// Something of a workflow is due.
    Wake(Wake),
    /// Slots at models are divided anew.
    Divide,
    /// A request has waited in the gateway's queue as long as it may, or would.
    Expire(RequestId),
    /// Prompts are due that are kept alive at a model.
    KeepAlive(u32),
}
