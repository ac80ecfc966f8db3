//! A request before the models, and its attempts.
//!
//! A request that needs a model has an [`Inference`]: one attempt after another, or
//! several side by side, until one succeeds or none is left to try. An attempt that its
//! client has given up may go on at its server, where that does not stop; request and
//! inference stay until the last of them is gone, as they still read its prompt.

use crate::cache::Match;
use crate::cost::Money;
use crate::kernel::{Duration, EventId, Ticket, Time};
use crate::pipeline::RequestError;
use crate::serving::Service;
use crate::serving::engine::JobId;
use crate::system::charge::Spend;
use crate::system::ids::{AttemptId, InferenceId, RequestId};
use crate::system::tracer::AttemptKind;

/// No replica.
pub const NOBODY: u32 = u32::MAX;

/// Where an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the queue before all replicas.
    Shared(Ticket),
    /// In a station's queue.
    Queued(Ticket),
    /// Served by a station.
    Served,
    /// Before an engine, which cannot schedule it yet.
    Preparing,
    /// In an engine under this number, and not begun.
    Waiting(JobId),
    /// In an engine's batches.
    Running(JobId),
    /// Its keys and values are on their way to the engine that decodes.
    Moving,
    /// In the engine that decodes under this number, and not begun there.
    Handed(JobId),
    /// The engine is done with it; its last token is on its way.
    Leaving,
    /// Out of its server, which has answered, refused it or crashed.
    Gone,
}

/// One request to one replica.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "any of them may go with any other")]
pub struct Attempt {
    /// What it is for.
    pub inference: InferenceId,
    /// The model asked.
    pub model: u32,
    /// [`NOBODY`] while it waits before all of them.
    pub replica: u32,
    /// Why it was made.
    pub kind: AttemptKind,
    /// Its client has given it up; nobody waits for its answer.
    pub abandoned: bool,
    /// It took too long, which its replica was blamed for.
    pub timed_out: bool,
    /// Its answer will be an error.
    pub fails: bool,
    /// Its prompt was computed elsewhere; this replica decodes.
    pub decodes: bool,
    /// Whether its service began.
    pub began: bool,
    /// Where it is.
    pub place: Place,
    /// When it was sent.
    pub queued: Time,
    /// When its service began.
    pub started: Time,
    /// How long that takes.
    pub service: Service,
    /// Tokens of its answer.
    pub output_tokens: u32,
    /// The same if it were not cut.
    pub full_output: u32,
    /// What the server had of the prompt, if it keeps prefixes.
    pub prefix: Option<Match>,
    /// Tenths of a token of the prompt that were not computed therefore.
    pub cached_decitokens: u64,
    /// The end of its service.
    pub done: Option<EventId>,
    /// When the server has read the prompt.
    pub read: Option<EventId>,
    /// When it takes too long.
    pub timeout: Option<EventId>,
    /// The next attempt that the same request waits for.
    pub next: Option<AttemptId>,
    /// Its place in the list of its replica's attempts, where that can crash.
    pub listed: u32,
}

/// A request's way through the models.
#[derive(Clone, Copy, Debug)]
pub struct Inference {
    /// The request.
    pub request: RequestId,
    /// Whether it counts.
    pub measured: bool,
    /// The request is finished; only abandoned attempts are left.
    pub over: bool,
    /// What was chosen, a model or a group, and which of them is asked now.
    pub first: u32,
    /// See above.
    pub target: u32,
    /// The model that is asked now: the target, or a deployment of it.
    pub model: u32,
    /// By place in the group, deployments that were asked, and those that failed.
    pub asked_deployments: u64,
    /// See above.
    pub failed: u64,
    /// The failure after which it waits without being tried again.
    pub last_error: Option<RequestError>,
    /// Whose fallbacks are asked where the request is too long for the first.
    pub too_long_for: Option<u32>,
    /// Fallbacks used.
    pub fallbacks: u32,
    /// Retries with this model.
    pub tries: u32,
    /// Attempts made beside others.
    pub hedges: u32,
    /// When the last attempt was made that is no hedge.
    pub asked: Time,
    /// The first of the attempts that are waited for.
    pub waiting_for: Option<AttemptId>,
    /// Attempts that there are, the abandoned ones among them.
    pub attempts: u32,
    /// When another attempt is made beside the present one.
    pub hedge_timer: Option<EventId>,
    /// Why no attempt succeeded, if none did.
    pub error: Option<RequestError>,
    /// What the answer is expected to cost.
    pub estimate: Money,
    /// What it has cost, and what was done about it.
    pub spend: Spend,
    /// Why the attempt was made that answered, and at which replica: `NOBODY` at the
    /// batch API.
    pub kind: AttemptKind,
    /// See above.
    pub replica: u32,
    /// When it asked for a server.
    pub queued: Time,
    /// When a server began to work on it.
    pub started: Time,
    /// How long that took.
    pub service: Service,
    /// Tokens of the answer.
    pub output_tokens: u32,
    /// What the server had of the prompt, if it keeps prefixes.
    pub prefix: Option<Match>,
    /// Tenths of a token of the prompt that were not computed therefore.
    pub cached_decitokens: u64,
    /// How long the answers of all models that were asked had waited for a server.
    pub waited: Duration,
    /// How long these models worked.
    pub worked: Duration,
}

impl Inference {
    /// Nothing was asked yet.
    pub fn new(request: RequestId, measured: bool, full_input: u64) -> Self {
        Inference {
            request,
            measured,
            over: false,
            first: NOBODY,
            target: NOBODY,
            model: NOBODY,
            asked_deployments: 0,
            failed: 0,
            last_error: None,
            too_long_for: None,
            fallbacks: 0,
            tries: 0,
            hedges: 0,
            asked: Time::ZERO,
            waiting_for: None,
            attempts: 0,
            hedge_timer: None,
            error: None,
            estimate: Money::ZERO,
            spend: Spend::new(full_input),
            kind: AttemptKind::First,
            replica: NOBODY,
            queued: Time::ZERO,
            started: Time::ZERO,
            service: Service::default(),
            output_tokens: 0,
            prefix: None,
            cached_decitokens: 0,
            waited: Duration::ZERO,
            worked: Duration::ZERO,
        }
    }

    /// A model or a group is to be asked, the latter by the name of `model` until it is known
    /// which of its deployments is.
    pub fn turn_to(&mut self, target: u32, model: u32) {
        (self.target, self.model, self.tries) = (target, model, 0);
        (self.asked_deployments, self.failed) = (0, 0);
    }

    /// The chosen model is asked now.
    pub fn begin(&mut self, now: Time) {
        debug_assert_eq!(self.waiting_for, None, "one model is asked after another");
        self.first = self.target;
        (self.last_error, self.too_long_for) = (None, None);
        (self.fallbacks, self.tries, self.hedges) = (0, 0, 0);
        (self.asked, self.error) = (now, None);
    }
}

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
