//! A request on its way: what it needs from arrival to response.
//!
//! What a model's answer needs beside it lives as long as that phase, in
//! [`Inference`](super::upstream::Inference): an answer from a cache never has one.

use super::caches::Flight;
use super::ids::{InferenceId, OfRequest, Table};
use crate::cache::semantic::Compared;
use crate::cache::{Key, Size};
use crate::cost::Money;
use crate::kernel::{Duration, Time};
use crate::pipeline::{RequestError, Stage};
use crate::workload::Incoming;

/// The level of answers to similar prompts.
pub const SIMILAR: u8 = u8::MAX;

/// The requests between arrival and response.
pub type Requests = Table<OfRequest, Request>;

/// What a request found in the caches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Looked {
    /// It did not ask them.
    #[default]
    No,
    /// Nothing.
    Miss,
    /// An answer.
    Hit,
    /// An answer whose origin had changed since it was made.
    StaleHit,
    /// The answer to another question.
    FalseHit,
}

impl Looked {
    /// Its name in `requests.csv`; none where it did not ask.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Looked::No => None,
            Looked::Miss => Some("miss"),
            Looked::Hit => Some("hit"),
            Looked::StaleHit => Some("stale_hit"),
            Looked::FalseHit => Some("false_hit"),
        }
    }
}

/// A request between arrival and response.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "any of them may go with any other")]
pub struct Request {
    /// What came in.
    pub incoming: Incoming,
    /// Its number, from 0 in order of arrival.
    pub id: u64,
    /// The stage that it is in.
    pub stage: Stage,
    /// The cache level that it asks, or was answered from; 255 is the semantic
    /// cache.
    pub level: u8,
    /// Whether it counts: it came after the warm-up.
    pub measured: bool,
    /// Whether its answer was made for an earlier request: it came from a cache, or from
    /// a request that this one waited for.
    pub cached: bool,
    /// Whether an answer was found and is being read from its cache level.
    pub reading: bool,
    /// What it found in the caches.
    pub looked: Looked,
    /// Whether it was turned away because the same had just failed.
    pub negative: bool,
    /// What it has to do with a single flight.
    pub flight: Flight,
    /// The chosen model, or the one that made its answer.
    pub model: u32,
    /// Since when it is in its stage.
    pub since: Time,
    /// The cache key, once made.
    pub key: Key,
    /// Whose answers may serve it.
    pub scope: u32,
    /// What went wrong.
    pub error: Option<RequestError>,
    /// Its way through the models, once it asks one.
    pub inference: Option<InferenceId>,
    /// The answer, once there is one.
    pub answer: Option<Answer>,
    /// The entry of the semantic cache that is to learn from the answer.
    pub compared: Option<Compared>,
}

/// An answer, as a model made it and as caches keep it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// What it cost to make.
    pub cost: Money,
    /// Its quality, from 0 to 1.
    pub quality: f64,
    /// Its length.
    pub output_tokens: u32,
    /// Its length if it had not been cut.
    pub full_output: u32,
    /// Who made it.
    pub model: u32,
    /// The tenant that it was made for, once it is in a cache.
    pub made_for: u32,
    /// Whether it is known to be wrong.
    pub wrong: bool,
}

impl Request {
    /// A request that has just arrived.
    #[inline]
    pub fn new(incoming: Incoming, id: u64, measured: bool) -> Self {
        Request {
            incoming,
            id,
            stage: Stage::Validate,
            level: 0,
            measured,
            cached: false,
            reading: false,
            looked: Looked::No,
            negative: false,
            flight: Flight::None,
            model: u32::MAX,
            since: incoming.at,
            key: Key(0),
            scope: 0,
            error: None,
            inference: None,
            answer: None,
            compared: None,
        }
    }
}

impl Answer {
    /// What it takes in a cache: its tokens, at some 4 bytes each.
    #[inline]
    pub fn size(&self) -> Size {
        let tokens = u64::from(self.output_tokens);
        Size { bytes: tokens * 4, tokens, cost: self.cost.usd() as f32 }
    }
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
