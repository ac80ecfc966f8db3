//! How long one step of a batching engine takes: step latency models, one file
//! each.
//!
//! | model | time of a step |
//! |---|---|
//! | [`linear`](LinearSpec) | a constant, and so much for each prompt token and each decoding sequence (fitted to a real server) |
//! | [`roofline`](RooflineSpec) | of each part the longer of arithmetic and memory traffic, from the figures of model and GPU |
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
mod memory;
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

pub use hardware::{GpuFigures, GpuSpec, LinkSpec, TransformerFigures, TransformerSpec};
pub use layers::{AllReduceSpec, LayersSpec};
pub use linear::LinearSpec;
pub use memory::MemorySettings;
pub use model_config::KnownModel;
pub use operators::OperatorsSpec;
pub use overheads::OverheadsSpec;
pub use precision::Precision;
pub use presets::LinearPreset;
pub use roofline::{PrecisionSpec, RooflineSpec};
pub use step_time::{Batch, Growth, MOST_TICKS, Overheads, Pace, TICKS_PER_NANO};
pub use table::TableSpec;

use crate::spec::{Path, Problem, Problems};
use crate::workload::DataPaths;
use layers::Layers;
use linear::Linear;
use memory::Memory;
use operators::Operators;
use roofline::Roofline;
use table::Table;

/// How a step's time is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StepSpec {
    /// A constant, and so much for each prompt token and each decoding sequence.
    Linear(LinearSpec),
    /// Of each part the longer of arithmetic and memory traffic, from the figures of model
    /// and GPU.
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
            StepSpec::Roofline(spec) => spec.gpus(),
            StepSpec::Layers(spec) => spec.tensor_parallel_size,
            StepSpec::Operators(spec) => spec.tensor_parallel_size,
            StepSpec::Table(_) => 1,
        }
    }

    /// The kind of GPU that a step runs on, where the model of steps names one.
    pub fn gpu(&self) -> Option<GpuSpec> {
        match self {
            StepSpec::Linear(spec) => Some(spec.preset.gpu()),
            StepSpec::Roofline(spec) => Some(spec.gpu.clone()),
            StepSpec::Layers(spec) => spec.gpu.clone(),
            StepSpec::Table(_) => None,
            StepSpec::Operators(spec) => spec.gpu(),
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
    Roofline(Arc<Roofline>),
    Table(Arc<Table>),
    Layers(Arc<Layers>),
    Operators(Arc<Operators>),
}

impl StepModel {
    /// The model of `spec`, whose files are looked for in `paths`.
    ///
    /// # Errors
    /// If a file cannot be read or is not whole, or a model cannot be divided as it is said;
    /// the problem's place is relative to `spec`.
    pub fn new(spec: &StepSpec, paths: &DataPaths) -> Result<Self, Problem> {
        let kind = match spec {
            StepSpec::Linear(spec) => Kind::Linear(Linear::new(spec)),
            StepSpec::Roofline(spec) => Kind::Roofline(Arc::new(spec.load(paths)?)),
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
    pub fn needs_spread(&self) -> bool {
        match &self.kind {
            Kind::Layers(_) => true,
            Kind::Roofline(model) => model.has_windows(),
            Kind::Linear(_) | Kind::Table(_) | Kind::Operators(_) => false,
        }
    }

    /// Blocks of keys and values that the memory of the GPUs holds, as far as the model of
    /// steps knows them.
    ///
    /// # Errors
    /// It does not know them, or the model does not fit; the problem's place is relative to
    /// the spec, and its help says what to write.
    pub fn blocks(&self, settings: &MemorySettings) -> Result<u32, Problem> {
        let of = |memory: &Memory, kind: &str| {
            memory.blocks(settings).map_err(|problem| problem.within(&Path::parse(kind)))
        };
        let unknown = |kind: &str, help: &str| {
            let message = "how many blocks of keys and values there are is not said";
            Err(Problem::error(Path::parse(kind), message).help(help))
        };
        match &self.kind {
            Kind::Linear(model) => Ok(model.blocks(settings.block_size)),
            Kind::Roofline(model) => of(model.memory(), "roofline"),
            Kind::Layers(model) => match model.memory() {
                Some(memory) => of(memory, "layers"),
                None => unknown("layers", "add `gpu` here, or `num_gpu_blocks` to the engine"),
            },
            Kind::Operators(model) => of(model.memory(), "operators"),
            Kind::Table(_) => unknown(
                "table",
                "add `num_gpu_blocks` to the engine: vLLM logs its tokens as it starts (`GPU KV \
                 cache size`), a block has `block_size` of them",
            ),
        }
    }

    /// What a request costs beside its steps.
    pub const fn overheads(&self) -> &Overheads {
        &self.overheads
    }
}
