//! Sessions: conversations of several turns, each of which sends along what was
//! said before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration_distribution::{ExponentialSpanSpec, Span, SpanSpec};
use super::lengths::{Copula, ExponentialSpec, Lengths, LengthsSpec};
use super::tokens::TokensSpec;
use crate::kernel::Keyed;
use crate::kernel::{Duration, Streams};
use crate::spec::{Fraction, Positive, Problems};

/// Conversations of several turns. Each arrival begins one; its next turn comes a
/// think time after the answer to the last, and its prompt is the whole
/// conversation so far and a new message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionSpec {
    /// How many turns the user means to take. Default: `exponential: { mean: 5 }`,
    /// which on whole numbers is geometric.
    pub turns: LengthsSpec,
    /// Tokens of each message after the first. Default: as `tokens.input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<LengthsSpec>,
    /// From an answer to the next message. Default: `exponential: { mean: 30s }`.
    pub think_time: SpanSpec,
    /// The most tokens of a prompt: of what was said before, the oldest is left out
    /// where there is more. 0 sends each message alone. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_context: Option<u32>,
    /// The chance that the user leaves after any answer, whatever was meant.
    /// Default: 0.
    pub abandon: Fraction,
    /// The user leaves after an answer that took longer than this. Default: waits
    /// for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<SpanSpec>,
    /// What the user does when a request fails. Default: `leave`.
    pub on_failure: OnFailure,
}

/// What a user does when a request fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Leaves.
    #[default]
    Leave,
    /// Asks the same again, after a think time.
    Retry,
}

impl Default for SessionSpec {
    fn default() -> Self {
        let mean = Positive::try_from(5.0).expect("5 is positive");
        let think = Duration::from_secs(30);
        SessionSpec {
            turns: LengthsSpec::Exponential(ExponentialSpec { mean }),
            message: None,
            think_time: SpanSpec::Exponential(ExponentialSpanSpec { mean: think }),
            max_context: None,
            abandon: Fraction::percent(0),
            patience: None,
            on_failure: OnFailure::default(),
        }
    }
}

impl SessionSpec {
    /// Reports what is wrong with it.
    pub fn check(&self, problems: &mut Problems) {
        problems.at("turns", |p| self.turns.check(p));
        if let Some(message) = &self.message {
            problems.at("message", |p| message.check(p));
        }
        problems.at("think_time", |p| self.think_time.check(p));
        if let Some(patience) = &self.patience {
            problems.at("patience", |p| patience.check(p));
        }
    }

    /// What sessions are drawn from, where messages and answers are as `tokens`
    /// says. Both specs must have passed their checks.
    pub(super) fn plan(&self, tokens: &TokensSpec) -> Session {
        let lengths = |spec: &LengthsSpec| spec.distribution().expect("a checked spec");
        Session {
            turns: lengths(&self.turns),
            message: lengths(self.message.as_ref().unwrap_or(&tokens.input)),
            output: tokens.output.as_ref().map(lengths),
            copula: Copula::new(tokens.correlation),
            think: self.think_time.distribution(),
            max_context: self.max_context,
            abandon: self.abandon.get(),
            patience: self.patience.as_ref().map(SpanSpec::distribution),
            retries: self.on_failure == OnFailure::Retry,
        }
    }
}

/// What sessions are drawn from.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub turns: Lengths,
    pub message: Lengths,
    /// Answers of later turns; `None` leaves them to the model.
    pub output: Option<Lengths>,
    pub copula: Option<Copula>,
    pub think: Span,
    pub max_context: Option<u32>,
    pub abandon: f64,
    pub patience: Option<Span>,
    pub retries: bool,
}

/// Where what a session does is drawn: by the session's number and the turn's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chances {
    pub turns: Keyed,
    pub message: Keyed,
    pub output: Keyed,
    pub think: Keyed,
    pub abandon: Keyed,
    pub patience: Keyed,
    /// Between sessions of a closed loop.
    pub pause: Keyed,
}

impl Chances {
    /// The chances of the client whose streams begin with `prefix`.
    pub fn new(prefix: &str, streams: &Streams) -> Self {
        let keyed =
            |part: &str| Keyed::new(&mut streams.stream(&format!("{prefix}.session.{part}")));
        Chances {
            turns: keyed("turns"),
            message: keyed("message"),
            output: keyed("output"),
            think: keyed("think_time"),
            abandon: keyed("abandon"),
            patience: keyed("patience"),
            pause: keyed("pause"),
        }
    }
}
