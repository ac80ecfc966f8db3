//! What plans are made of.

use std::sync::Arc;

use crate::cost::Money;
use crate::kernel::Duration;
use crate::orchestration::{LoopContext, OnMax, OutcomeSpec, PickSpec, UntilSpec};
use crate::workload::Span;
use crate::workload::lengths::Lengths;

/// What time was spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Models at work.
    Llm,
    /// Waiting for a model's server, and for all that comes before it.
    Queue,
    /// Tools at work.
    Tool,
    /// Lookups of documents.
    Retrieval,
    /// Humans.
    Human,
    /// Waiting for a limit, a place or a turn.
    Blocked,
    /// Waiting before a retry.
    Backoff,
}

impl Kind {
    /// All of them, in their order.
    pub const ALL: [Kind; 7] = [
        Kind::Llm,
        Kind::Queue,
        Kind::Tool,
        Kind::Retrieval,
        Kind::Human,
        Kind::Blocked,
        Kind::Backoff,
    ];

    /// The kind's name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Llm => "llm",
            Kind::Queue => "queue",
            Kind::Tool => "tool",
            Kind::Retrieval => "retrieval",
            Kind::Human => "human",
            Kind::Blocked => "blocked",
            Kind::Backoff => "backoff",
        }
    }
}

/// What a step does.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// Nothing: it only joins and chooses.
    Nothing,
    /// Asks a model: index of an [`Llm`].
    Llm(u32),
    /// Calls a tool, looks something up or waits for a human: index of a [`Tool`].
    Tool(u32),
    /// Runs a flow.
    Flow(u32),
    /// Does what the arrival's recorded job did.
    Recorded,
}

/// A step.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "any of them may go with any other")]
pub struct Step {
    /// Its name; those within another step begin with that step's name and a slash.
    pub name: Arc<str>,
    /// The workflow that it is of.
    pub workflow: Arc<str>,
    pub body: Body,
    /// Steps of its flow, by index.
    pub after: Vec<u16>,
    /// How many of these must succeed; `None` for all.
    pub join: Option<crate::orchestration::JoinSpec>,
    /// Steps that must have ended: those above, and others that it has to know of.
    pub needs: Vec<u16>,
    /// Steps that need it.
    pub feeds: Vec<u16>,
    pub when: Vec<(u16, OutcomeSpec)>,
    pub chance: f64,
    /// Steps that choose it, if any do.
    pub choosers: Vec<u16>,
    pub choose: Option<Choice>,
    pub reads: Vec<u16>,
    pub input: bool,
    pub map: Option<Map>,
    pub repeat: Option<Repeat>,
    pub deadline: Option<Duration>,
    pub max_cost: Option<Money>,
    pub retries: u32,
    /// The longest wait before each retry, in seconds, and whether it is drawn.
    pub backoff: Vec<f64>,
    pub jitter: bool,
    pub survives: bool,
    pub compensate: Option<Undo>,
    pub memo: Option<u32>,
    pub gate: Option<u32>,
    /// Whether no other step reads or needs it: what it puts out is the flow's.
    pub sink: bool,
    /// About how long it takes each time, in milliseconds.
    pub once: u32,
    /// The way from its beginning to the flow's end, in milliseconds.
    pub rank: u32,
}

impl Step {
    /// About how long the rounds of its loop after round `round`, from 0, will take,
    /// each of `once` milliseconds.
    pub fn still_ms(&self, once: u32, round: u32) -> u32 {
        let Some(repeat) = &self.repeat else { return 0 };
        let most = f64::from(repeat.max.saturating_sub(round + 1));
        let rounds = if repeat.stop > 0.0 { (1.0 / repeat.stop - 1.0).min(most) } else { most };
        (f64::from(once) * rounds).min(f64::from(u32::MAX)) as u32
    }
}

/// What undoes a step: index of a [`Tool`].
pub type Undo = u32;

/// One of several later steps.
#[derive(Clone, Debug)]
pub struct Choice {
    pub steps: Vec<u16>,
    /// Up to each, the share of all weights.
    pub shares: Vec<f64>,
}

impl Choice {
    /// The step that `u`, uniform on (0, 1), picks.
    pub fn pick(&self, u: f64) -> u16 {
        let index = self.shares.iter().position(|share| u < *share);
        self.steps[index.unwrap_or(self.steps.len() - 1)]
    }
}

/// A step that is done for several items.
#[derive(Clone, Debug)]
pub struct Map {
    pub items: Lengths,
    pub concurrency: u32,
    pub join: crate::orchestration::JoinSpec,
    pub cancel: bool,
    pub pick: PickSpec,
    pub chance: f64,
    pub alternatives: u32,
    pub conformity: f64,
}

/// A step that is done again and again.
#[derive(Clone, Debug)]
pub struct Repeat {
    pub max: u32,
    pub stop: f64,
    pub until: Option<UntilSpec>,
    pub context: LoopContext,
    pub on_max: OnMax,
    /// The step that begins, and by step to whom it hands over: `u16::MAX` is the end.
    pub hand_off: Option<(u16, Vec<Option<Choice>>)>,
}

/// A call of a model.
#[derive(Clone, Debug)]
pub struct Llm {
    pub system: u32,
    /// What names the blocks of its system prompt.
    pub system_id: u64,
    pub prompt: Option<Lengths>,
    pub output: Option<Lengths>,
    pub model: Option<u32>,
    /// By profile of the workload: the one to ask with; empty where it is the same.
    pub profiles: Vec<u32>,
    pub right: Option<f64>,
    pub recovers: f64,
    /// How often it accepts what is wrong and rejects what is right.
    pub judge: Option<[f64; 2]>,
    /// Whether its prompts may be those of the workload as they are.
    pub plain: bool,
}

/// A call of something else.
#[derive(Clone, Debug)]
pub struct Tool {
    pub kind: Kind,
    pub latency: Span,
    pub failure: f64,
    /// Index of its [`Station`], if its places are limited.
    pub station: Option<u32>,
    pub cost: Option<Money>,
    /// So many results of so many tokens each.
    pub output: Option<(u32, Lengths)>,
    pub right: f64,
    pub judge: Option<[f64; 2]>,
}

/// Places that calls wait for.
#[derive(Clone, Copy, Debug)]
pub struct Station {
    pub places: u32,
}

/// Limits that calls of models pass.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    pub concurrency: u32,
    pub rpm: Option<u64>,
    pub tpm: Option<u64>,
}

/// Results that are kept.
#[derive(Clone, Copy, Debug)]
pub struct Memo {
    pub ttl: Option<Duration>,
    pub capacity: u32,
}

/// What all workflows of a kind may spend in each span.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub most: Money,
    pub span: Duration,
}
