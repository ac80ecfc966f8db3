//! How long one step of a batching engine takes: step latency models, one file
//! each.
//!
//! | model | time of a step |
//! |---|---|
//! | [`linear`](LinearSpec) | a constant, and so much for each prompt token and each decoding sequence (fitted to a real server) |
//! | [`roofline`](RooflineSpec) | the slower of arithmetic and memory traffic, from the figures of model and GPU |
//! | [`table`](TableSpec) | interpolated in a profile that was measured |
//!
//! A step computes prompts' tokens and one token for each decoding sequence; what
//! it works on is a [`Batch`]. While nobody comes or goes, a batch changes from step
//! to step by the same [`Growth`]: contexts get longer. A model must then say not
//! only how long the step takes but how that goes on: a [`Pace`], an arithmetic
//! progression for so many steps. All figures are whole [ticks](TICKS_PER_NANO), so
//! that adding up a thousand steps one by one and in one go gives the same time.

mod hardware;
mod linear;
mod presets;
mod roofline;
mod table;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use hardware::{GpuFigures, GpuSpec, TransformerFigures, TransformerSpec};
pub use linear::LinearSpec;
pub use presets::LinearPreset;
pub use roofline::RooflineSpec;
pub use table::TableSpec;

use crate::kernel::Duration;
use crate::spec::{Problem, Problems};
use crate::workload::DataPaths;
use linear::Linear;
use roofline::Roofline;
use table::Table;

/// Ticks of a step's time in a nanosecond: coefficients are kept in 2^-20 ns.
pub const TICKS_PER_NANO: u64 = 1 << 20;

/// No step is longer: 2^60 ticks, some 18 minutes. Keeps sums from overflowing.
pub const MOST_TICKS: u64 = 1 << 60;

/// How a step's time is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StepSpec {
    /// A constant, and so much for each prompt token and each decoding sequence.
    Linear(LinearSpec),
    /// The slower of arithmetic and memory traffic, from the figures of model and
    /// GPU.
    Roofline(RooflineSpec),
    /// Interpolated in a measured profile.
    Table(TableSpec),
}

impl Default for StepSpec {
    fn default() -> Self {
        StepSpec::Linear(LinearSpec::default())
    }
}

impl StepSpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        match self {
            StepSpec::Linear(spec) => problems.at("linear", |p| spec.check(p)),
            StepSpec::Roofline(spec) => problems.at("roofline", |p| spec.check(p)),
            StepSpec::Table(_) => {}
        }
    }

    /// Tokens whose keys and values the server has memory for, as far as the model
    /// of its steps knows, using a share `utilization` of the GPUs' memory.
    pub fn kv_tokens(&self, utilization: f64) -> u64 {
        match self {
            StepSpec::Linear(spec) => spec.kv_tokens(),
            StepSpec::Roofline(spec) => spec.kv_tokens(utilization),
            StepSpec::Table(_) => LinearPreset::default().figures().kv_tokens(),
        }
    }
}

/// What a step works on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Prompt tokens computed.
    pub prefill_tokens: u64,
    /// Pairs of a computed prompt token and a token that it attends to, itself
    /// among them.
    pub prefill_pairs: u64,
    /// Sequences that compute one token.
    pub decode_seqs: u64,
    /// Tokens whose keys and values are read or written: for each sequence, all
    /// those up to the last that it computes.
    pub context_tokens: u64,
    /// Those among them of decoding sequences.
    pub decode_context: u64,
}

/// By how much a batch that goes on grows from one step to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// Of [`Batch::prefill_pairs`].
    pub prefill_pairs: u64,
    /// Of [`Batch::context_tokens`].
    pub context_tokens: u64,
    /// Of [`Batch::decode_context`].
    pub decode_context: u64,
}

/// The times of the next steps: step `k` from 0 takes `first + k x slope` ticks,
/// for `steps` steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Ticks of the first step.
    pub first: u64,
    /// Ticks by which each further one is longer.
    pub slope: i64,
    /// How many steps this holds for; at least 1.
    pub steps: u64,
}

impl Pace {
    /// Steps that all take as long.
    pub const fn constant(ticks: u64) -> Self {
        let first = if ticks < MOST_TICKS { ticks } else { MOST_TICKS };
        Pace { first, slope: 0, steps: u64::MAX }
    }

    /// At most `steps` steps in a line, as long as none is longer than any may be.
    fn line(first: u64, slope: i64, steps: u64) -> Self {
        if first >= MOST_TICKS {
            return Pace { steps: 1, ..Pace::constant(first) };
        }
        let longest = match u64::try_from(slope) {
            Ok(rise) if rise > 0 => (MOST_TICKS - first) / rise + 1,
            _ => u64::MAX,
        };
        Pace { first, slope, steps: steps.min(longest) }
    }
}

/// What a request costs beside its steps, as fitted beside them: time before it
/// reaches the scheduler and after each token, which keeps no GPU busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overheads {
    /// Before a request can be scheduled.
    pub per_request: Duration,
    /// The same, for each token of its prompt.
    pub per_input_token: Duration,
    /// After each token of the answer.
    pub per_output_token: Duration,
}

impl Overheads {
    /// From when a request comes until it can be scheduled.
    pub fn before(&self, input_tokens: u32) -> Duration {
        self.per_request + self.per_input_token * u64::from(input_tokens)
    }

    /// How much later than its step the `nth` token of an answer reaches the client.
    pub fn after(&self, nth: u32) -> Duration {
        self.per_output_token * u64::from(nth)
    }
}

/// A step latency model at work. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct StepModel(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Linear(Linear),
    Roofline(Roofline),
    Table(Arc<Table>),
}

impl StepModel {
    /// The model of `spec`, whose files are looked for in `paths`.
    ///
    /// # Errors
    /// If a table cannot be read or is not whole; the problem's place is relative to
    /// `spec`.
    pub fn new(spec: &StepSpec, paths: &DataPaths) -> Result<Self, Problem> {
        Ok(StepModel(match spec {
            StepSpec::Linear(spec) => Kind::Linear(Linear::new(spec)),
            StepSpec::Roofline(spec) => Kind::Roofline(Roofline::new(spec)),
            StepSpec::Table(spec) => Kind::Table(Arc::new(spec.load(paths)?)),
        }))
    }

    /// How long the step of `batch` takes, and those that follow while it grows by
    /// `growth` each.
    #[inline]
    pub fn pace(&self, batch: &Batch, growth: &Growth) -> Pace {
        match &self.0 {
            Kind::Linear(model) => model.pace(batch),
            Kind::Roofline(model) => model.pace(batch, growth),
            Kind::Table(model) => model.pace(batch, growth),
        }
    }

    /// What a request costs beside its steps.
    pub fn overheads(&self) -> Overheads {
        match &self.0 {
            Kind::Linear(model) => model.overheads(),
            Kind::Roofline(_) | Kind::Table(_) => Overheads::default(),
        }
    }
}
