//! What happens on the virtual clock, and what a request does next.

use super::ids::Id;
use super::request::Request;
use super::upstream::{Attempt, Inference};
use crate::kernel::Duration;
use crate::orchestration::Wake;
use crate::pipeline::{RequestError, Stage};
use crate::workload::Incoming;

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
    Follow(Id<Incoming>),
    /// The time of a request's stage has passed.
    Advance(Id<Request>),
    /// A replica is done with an attempt.
    Served(Id<Attempt>),
    /// A replica has read an attempt's prompt.
    Read(Id<Attempt>),
    /// An attempt takes too long.
    Timeout(Id<Attempt>),
    /// A request is tried again.
    Retry(Id<Inference>),
    /// A request gets a second attempt.
    Hedge(Id<Inference>),
    /// An attempt reaches its engine.
    Submit(Id<Attempt>),
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
}

/// What a request does next.
pub enum Next {
    /// It enters the stage.
    Stage(Stage),
    /// The same stage again: the next cache level.
    Again,
    /// The same stage again, after a time.
    After(Duration),
    /// It waits for a server, or for another request.
    Wait,
    /// It is done.
    Finish,
}

/// Ends a request with an error.
pub fn fail(request: &mut Request, error: RequestError) -> Next {
    request.error = Some(error);
    Next::Finish
}
