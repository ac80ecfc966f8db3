//! Step time composed of measured operators.

mod composed;
mod dtypes;
mod figures;
mod files;
mod small;
mod tables;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decomposition::{Decomposition, Parallelism};
use super::hardware::GpuSpec;
use super::model_config::ModelConfig;
use super::precision::Precision;
use super::step_time::{MOST_TICKS, TICKS_PER_NANO};
use crate::kernel::Duration;
use crate::spec::{Path, Problem, Problems};
use crate::workload::{DataPaths, read_text};
pub(super) use composed::Operators;
use dtypes::Dtypes;
use figures::Figures;
use files::Catalogue;
use small::Small;
use tables::{Choice, Measured};

/// A step is composed of its operators' times, which were measured on the GPU one by one:
/// matrix multiplications by rows and shape, attention over prompts and over decoding
/// sequences, experts by tokens, the all-reduce by its numbers. The tables are those of
/// `aiconfigurator` (NVIDIA, 2025): the wheel `aiconfigurator-core` as `pip download` leaves
/// it, that wheel unpacked, or CSV files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorsSpec {
    /// The wheel, or a folder with tables; looked for beside the experiment file.
    pub tables: PathBuf,
    /// The GPU, by its name in the tables: `h100_sxm`. Default: the only one that they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
    /// The engine whose kernels were measured. Default: `vllm`.
    #[serde(default = "vllm")]
    pub engine: String,
    /// Its version. A table that it does not have is that of the newest version before.
    /// Default: the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The model's `config.json`, looked for beside the experiment file.
    pub model: PathBuf,
    /// GPUs that share each layer. Default: 1.
    #[serde(default = "one")]
    pub tensor_parallel_size: u32,
    /// Whether these GPUs have whole experts each, rather than a part of all. Default:
    /// false.
    #[serde(default)]
    pub enable_expert_parallel: bool,
    /// The numbers of projections, in the tables' words: `bfloat16`, `fp8`, `fp8_block`,
    /// `nvfp4`. Default: what the `config.json` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gemm_dtype: Option<String>,
    /// The same of experts, with `w4a16_mxfp4` and `int4_wo`. Default: what the `config.json`
    /// says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moe_dtype: Option<String>,
    /// The numbers of keys and values: `bf16` or `fp8`. Default: `bf16`.
    #[serde(default)]
    pub kv_cache_dtype: Precision,
    /// How experts are chosen: `balanced`, or by a power law with the exponent 1.01 or 1.2.
    /// Default: `power_law_1.2`.
    #[serde(default = "power_law")]
    pub expert_distribution: String,
    /// The GPU's figures: bandwidth for the small kernels that are in no table, memory for the
    /// blocks of keys and values. Default: those beside the tables, or by the GPU's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<GpuSpec>,
    /// What a small kernel between the measured ones takes, besides its memory traffic: norms,
    /// rotations, activations. Default: what is said beside the tables, 3us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_kernel: Option<Duration>,
    /// Steps of at most so many tokens are replayed as CUDA graphs, filled up to a size that
    /// was captured: 1, 2, 4, multiples of 8 up to 256, of 16 beyond; 0: none is. Default: 512,
    /// as in vLLM.
    #[serde(default = "most_captured")]
    pub max_cudagraph_capture_size: u32,
    /// What each step takes besides. Default: 300us, fitted on other GPUs of vLLM 0.19 and met
    /// by H100s of 0.15 (docs/validation.md).
    #[serde(default = "per_step")]
    pub per_step: Duration,
    /// What a step takes besides where `async_scheduling` is false: the GPU waits until the
    /// tokens of one are fetched and the next is composed. Default: 1.2ms, fitted on H100s of
    /// vLLM 0.12 (docs/validation.md).
    #[serde(default = "synchronous_scheduling")]
    pub synchronous_scheduling: Duration,
    /// What choosing a token takes for each word of the vocabulary, in picoseconds: top-k and
    /// top-p, which most models' `generation_config.json` ask for, sort all words. Default: 250,
    /// fitted on H100s (docs/validation.md).
    #[serde(default = "per_logit")]
    pub sampling_ps_per_word: f64,
}

fn vllm() -> String {
    "vllm".to_owned()
}

fn power_law() -> String {
    "power_law_1.2".to_owned()
}

const fn one() -> u32 {
    1
}

const fn most_captured() -> u32 {
    512
}

const fn per_step() -> Duration {
    Duration(300_000)
}

const fn synchronous_scheduling() -> Duration {
    Duration(1_200_000)
}

const fn per_logit() -> f64 {
    250.0
}

impl OperatorsSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.tensor_parallel_size == 0 {
            problems.at("tensor_parallel_size", |p| p.error("there is at least 1 GPU"));
        }
        if !matches!(self.kv_cache_dtype, Precision::Bf16 | Precision::Fp16 | Precision::Fp8) {
            problems.at("kv_cache_dtype", |p| p.error("expected bf16 or fp8"));
        }
        for (field, time) in
            [("per_step", self.per_step), ("synchronous_scheduling", self.synchronous_scheduling)]
        {
            if time.0 > MOST_TICKS / TICKS_PER_NANO {
                problems.at(field, |p| p.error("a step takes at most 18 minutes"));
            }
        }
        if !(0.0..=1e6).contains(&self.sampling_ps_per_word) {
            problems.at("sampling_ps_per_word", |p| p.error("expected 0 to 1e6 picoseconds"));
        }
    }

    /// Reads model and tables.
    pub(super) fn load(&self, paths: &DataPaths) -> Result<Operators, Problem> {
        let at = Path::parse("operators");
        self.read(paths).map_err(|problem| problem.within(&at))
    }

    fn read(&self, paths: &DataPaths) -> Result<Operators, Problem> {
        let at = Path::parse;
        let model = ModelConfig::load(&self.model, paths, &at("model"))?;
        let parts = Decomposition::new(&model, self.parallelism())?;
        let name = self.tables.display();
        let place = paths
            .find(&self.tables, "gpu")
            .or_else(|_| paths.find_folder(&self.tables, "gpu"))
            .map_err(|missing| missing.at(at("tables")))?;
        let catalogue = Catalogue::open(&place).map_err(|why| {
            let help = "expected the wheel `aiconfigurator-core` (`pip download \
                        aiconfigurator-core --no-deps`), or a folder with tables: see \
                        docs/serving.md";
            Problem::error(at("tables"), format!("`{name}`: {why}")).help(help)
        })?;
        let tables = catalogue.of(self.gpu.as_deref(), &self.engine, self.version.as_deref())?;
        let dtypes = self.dtypes(&model, paths);
        let choice = Choice { distribution: &self.expert_distribution };
        let measured = Measured::read(&tables, &parts, &dtypes, choice)?;
        let beside = tables.figures();
        let mut figures = Figures::of(self.hardware.as_ref(), beside.as_deref(), tables.gpu())?;
        if let Some(each) = self.per_kernel {
            figures.kernel_us = each.0 as f64 / 1e3;
        }
        let small = Small::new(&model, &parts, &figures);
        Ok(Operators::new(self, &model, parts, measured, small, figures.gpu))
    }

    /// The kind of GPU, as far as its name tells.
    pub(super) fn gpu(&self) -> Option<GpuSpec> {
        let named = || figures::named(self.gpu.as_deref()?);
        self.hardware.clone().or_else(named)
    }

    fn parallelism(&self) -> Parallelism {
        Parallelism {
            enable_expert_parallel: self.enable_expert_parallel,
            ..Parallelism::tensor(self.tensor_parallel_size)
        }
    }

    fn dtypes(&self, model: &ModelConfig, paths: &DataPaths) -> Dtypes {
        let config = paths.find(&self.model, "gpu/models").ok();
        let config = config.and_then(|file| read_text(&file).ok().map(|(_, text)| text));
        let own = Dtypes::of(model, config.as_deref().unwrap_or_default(), self.kv_cache_dtype);
        Dtypes {
            gemm: self.gemm_dtype.clone().unwrap_or(own.gemm),
            moe: self.moe_dtype.clone().unwrap_or(own.moe),
            kv_cache: own.kv_cache,
        }
    }
}

#[cfg(test)]
mod tests;
