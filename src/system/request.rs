//! A request on its way.

use super::single_flight::Flight;
use super::spend::Spend;
use crate::cache::semantic::Compared;
use crate::cache::{Key, Match, Size};
use crate::cost::Money;
use crate::kernel::{Duration, Time};
use crate::pipeline::{RequestError, Stage};
use crate::workload::Incoming;

/// The level of answers to similar prompts.
pub const SIMILAR: u8 = u8::MAX;

/// A request between arrival and response.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// What came in.
    pub incoming: Incoming,
    /// Its number, from 0 in order of arrival.
    pub id: u64,
    /// Whether it counts: it came after the warm-up.
    pub measured: bool,
    /// The stage that it is in.
    pub stage: Stage,
    /// Since when.
    pub since: Time,
    /// The cache level that it asks, or was answered from; 255 is the semantic
    /// cache.
    pub level: u8,
    /// The answer, once there is one.
    pub answer: Option<Answer>,
    /// Whether it was made for an earlier request: it came from a cache, or from
    /// a request that this one waited for.
    pub cached: bool,
    /// The entry of the semantic cache that is to learn from the answer.
    pub compared: Option<Compared>,
    /// Whether it was found and is being read from its cache level.
    pub reading: bool,
    /// What it has to do with a single flight.
    pub flight: Flight,
    /// The cache key, once made.
    pub key: Key,
    /// The chosen model.
    pub model: u32,
    /// What the answer is expected to cost.
    pub estimate: Money,
    /// What it has cost, and what was done about it.
    pub spend: Spend,
    /// When it asked for a server.
    pub queued: Time,
    /// When a server began to work on it.
    pub started: Time,
    /// How long that takes, and how long until the first token.
    pub inference: Duration,
    /// Of that, until the first token.
    pub first_token: Duration,
    /// What the server had of the prompt, if it keeps prefixes.
    pub prefix: Option<Match>,
    /// Tenths of a token of the prompt that were not computed therefore.
    pub cached_decitokens: u64,
    /// Its pursuit, where a model may be asked more than once.
    pub pursuit: Option<u32>,
    /// What went wrong.
    pub error: Option<RequestError>,
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
    /// Who made it.
    pub model: u32,
}

impl Request {
    /// A request that has just arrived.
    pub fn new(incoming: Incoming, id: u64, measured: bool) -> Self {
        Request {
            incoming,
            id,
            measured,
            stage: Stage::Validate,
            since: incoming.at,
            level: 0,
            answer: None,
            cached: false,
            compared: None,
            reading: false,
            flight: Flight::None,
            key: Key(0),
            model: u32::MAX,
            estimate: Money::ZERO,
            spend: Spend::default(),
            queued: Time::ZERO,
            started: Time::ZERO,
            inference: Duration::ZERO,
            first_token: Duration::ZERO,
            prefix: None,
            cached_decitokens: 0,
            pursuit: None,
            error: None,
        }
    }

    /// From arrival to the first token of the answer, if it finishes at `now`.
    /// A cached answer, and one that does not stream, comes all at once.
    pub fn ttft(&self, now: Time) -> Duration {
        if self.cached || self.first_token == self.inference {
            return now - self.incoming.at;
        }
        self.started + self.first_token - self.incoming.at
    }
}

impl Answer {
    /// What it takes in a cache: its tokens, at some 4 bytes each.
    pub fn size(&self) -> Size {
        let tokens = u64::from(self.output_tokens);
        Size { bytes: tokens * 4, tokens, cost: self.cost.usd() as f32 }
    }
}
