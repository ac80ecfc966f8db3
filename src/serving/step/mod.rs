//! How long one step of a batching engine takes: step latency models, one file
//! each.
//!
//! | model | time of a step |
//! |---|---|
//! | [`linear`](LinearSpec) | a constant, and so much for each prompt token and each decoding sequence (fitted to a real server) |
//! | [`roofline`](RooflineSpec) | the slower of arithmetic and memory traffic, from the figures of model and GPU |
//! | [`table`](TableSpec) | interpolated in a profile that was measured |
//! | [`layers`](LayersSpec) | the sum of its layers, each interpolated in a profile that was measured |
//! | [`operators`](OperatorsSpec) | the sum of its operators, each interpolated in tables that were measured |
//!
//! A step computes prompts' tokens and one token for each decoding sequence; what
//! it works on is a [`Batch`]. While nobody comes or goes, a batch changes from step
//! to step by the same [`Growth`]: contexts get longer. A model must then say not
//! only how long the step takes but how that goes on: a [`Pace`], an arithmetic
//! progression for so many steps. All figures are whole [ticks](TICKS_PER_NANO), so
//! that adding up a thousand steps one by one and in one go gives the same time.
//! All that is in `step_time`, below the models.

mod axis;
mod decomposition;
mod hardware;
mod interpolate;
mod layers;
mod linear;
mod model_config;
mod operators;
mod overheads;
mod precision;
mod presets;
mod roofline;
mod step_time;
mod table;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use hardware::{GpuFigures, GpuSpec, TransformerFigures, TransformerSpec};
pub use layers::{AllReduceSpec, LayersSpec};
pub use linear::LinearSpec;
pub use operators::OperatorsSpec;
pub use overheads::OverheadsSpec;
pub use presets::LinearPreset;
pub use roofline::RooflineSpec;
pub use step_time::{Batch, Growth, MOST_TICKS, Overheads, Pace, TICKS_PER_NANO};
pub use table::TableSpec;

use crate::spec::{Problem, Problems};
use crate::workload::DataPaths;
use layers::Layers;
use linear::Linear;
use operators::Operators;
use roofline::Roofline;
use table::Table;

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
    /// The sum of its layers, each interpolated in a measured profile.
    Layers(LayersSpec),
    /// The sum of its operators, each interpolated in measured tables.
    Operators(OperatorsSpec),
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
            StepSpec::Layers(spec) => problems.at("layers", |p| spec.check(p)),
            StepSpec::Operators(spec) => problems.at("operators", |p| spec.check(p)),
            StepSpec::Table(_) => {}
        }
    }

    /// GPUs that a step runs on, as far as the model of steps knows.
    pub fn gpus(&self) -> u32 {
        match self {
            StepSpec::Linear(spec) => spec.preset.gpus(),
            StepSpec::Roofline(spec) => spec.tensor_parallel_size,
            StepSpec::Layers(spec) => spec.tensor_parallel_size,
            StepSpec::Operators(spec) => spec.tensor_parallel_size,
            StepSpec::Table(_) => 1,
        }
    }

    /// Tokens whose keys and values the server has memory for, as far as the model
    /// of its steps knows, using a share `utilization` of the GPUs' memory.
    pub fn kv_tokens(&self, utilization: f64) -> u64 {
        match self {
            StepSpec::Linear(spec) => spec.kv_tokens(),
            StepSpec::Roofline(spec) => spec.kv_tokens(utilization),
            StepSpec::Table(_) | StepSpec::Layers(_) | StepSpec::Operators(_) => {
                LinearPreset::default().figures().kv_tokens()
            }
        }
    }
}

/// A step latency model at work. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct StepModel {
    kind: Kind,
    /// Ticks that each step takes beside.
    per_step: u64,
    overheads: Overheads,
}

#[derive(Clone, Debug)]
enum Kind {
    Linear(Linear),
    Roofline(Roofline),
    Table(Arc<Table>),
    Layers(Arc<Layers>),
    Operators(Arc<Operators>),
}

impl StepModel {
    /// The model of `spec`, whose files are looked for in `paths`.
    ///
    /// # Errors
    /// If a table cannot be read or is not whole; the problem's place is relative to
    /// `spec`.
    pub fn new(spec: &StepSpec, paths: &DataPaths) -> Result<Self, Problem> {
        let kind = match spec {
            StepSpec::Linear(spec) => Kind::Linear(Linear::new(spec)),
            StepSpec::Roofline(spec) => Kind::Roofline(Roofline::new(spec)),
            StepSpec::Table(spec) => Kind::Table(Arc::new(spec.load(paths)?)),
            StepSpec::Layers(spec) => Kind::Layers(Arc::new(spec.load(paths)?)),
            StepSpec::Operators(spec) => Kind::Operators(Arc::new(spec.load(paths)?)),
        };
        let overheads = match &kind {
            Kind::Linear(model) => model.overheads(),
            Kind::Roofline(_) | Kind::Table(_) | Kind::Layers(_) | Kind::Operators(_) => {
                Overheads::default()
            }
        };
        Ok(StepModel { kind, per_step: 0, overheads })
    }

    /// The same with costs beside the steps, which come to those that it has itself.
    #[must_use]
    pub fn with_overheads(self, spec: &OverheadsSpec) -> Self {
        StepModel {
            per_step: spec.per_step.0.saturating_mul(TICKS_PER_NANO).min(MOST_TICKS),
            overheads: self.overheads.and(&spec.overheads()),
            kind: self.kind,
        }
    }

    /// The same in an engine that schedules a step while the one before it runs (`ahead`), or
    /// does not, where the model knows what that costs.
    #[must_use]
    pub fn scheduled(self, ahead: bool) -> Self {
        let besides = match &self.kind {
            Kind::Operators(model) if !ahead => model.synchronous(),
            _ => return self,
        };
        let per_step = self.per_step.saturating_add(besides.0.saturating_mul(TICKS_PER_NANO));
        StepModel { per_step: per_step.min(MOST_TICKS), ..self }
    }

    /// How long the step of `batch` takes, and those that follow while it grows by
    /// `growth` each.
    #[inline]
    pub fn pace(&self, batch: &Batch, growth: &Growth) -> Pace {
        let pace = match &self.kind {
            Kind::Linear(model) => model.pace(batch),
            Kind::Roofline(model) => model.pace(batch, growth),
            Kind::Table(model) => model.pace(batch, growth),
            Kind::Layers(model) => model.pace(batch, growth),
            Kind::Operators(model) => model.pace(batch, growth),
        };
        if self.per_step == 0 { pace } else { pace.after(self.per_step) }
    }

    /// Whether it asks for the shortest and the longest context of decoding sequences.
    pub const fn needs_spread(&self) -> bool {
        matches!(self.kind, Kind::Layers(_))
    }

    /// Tokens whose keys and values the memory of the GPUs holds, as far as the files know
    /// that were read.
    pub fn kv_tokens(&self, utilization: f64) -> Option<u64> {
        match &self.kind {
            Kind::Layers(model) => model.kv_tokens(utilization),
            Kind::Operators(model) => Some(model.kv_tokens(utilization)),
            Kind::Linear(_) | Kind::Roofline(_) | Kind::Table(_) => None,
        }
    }

    /// What a request costs beside its steps.
    pub const fn overheads(&self) -> &Overheads {
        &self.overheads
    }
}
