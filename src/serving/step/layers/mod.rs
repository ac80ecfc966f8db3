//! Step time composed of measured layers.

mod attention;
mod profile;
mod skew;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decomposition::{Decomposition, Parallelism};
use super::hardware::GpuSpec;
use super::interpolate::{Line, line_at};
use super::memory::Memory;
use super::model_config::ModelConfig;
use super::precision::WeightPrecision;
use super::step_time::{Batch, Growth, MOST_TICKS, Pace, TICKS_PER_NANO};
use crate::kernel::Duration;
use crate::spec::{Bandwidth, Path, Problem, Problems};
use crate::workload::DataPaths;
use attention::Shape;
use profile::Profile;
use skew::Spread;

/// A step is composed of its layers' times, which were measured on the GPU: embedding,
/// norms, projections and feed-forward layers by tokens; attention by the prompts' tokens,
/// their context, the decoding sequences and theirs, with a correction for contexts that
/// are not alike; experts by tokens and experts touched; head and sampler by sequences. The
/// folder is one that the profiler of `LLMServingSim` writes (Cho et al., 2.0, 2026).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayersSpec {
    /// The profile's folder, with a folder `tp<N>` for each size of tensor parallelism;
    /// looked for beside the experiment file.
    pub profile: PathBuf,
    /// The model's `config.json`, looked for beside the experiment file.
    pub model: PathBuf,
    /// GPUs that share each layer. Default: 1.
    #[serde(default = "one")]
    pub tensor_parallel_size: u32,
    /// Whether these GPUs have whole experts each, rather than a part of all. Default:
    /// false.
    #[serde(default)]
    pub enable_expert_parallel: bool,
    /// How the GPUs add up their parts. Default: over PCI Express 5.0, as fitted on two RTX PRO
    /// 6000 (docs/validation.md).
    #[serde(default)]
    pub all_reduce: AllReduceSpec,
    /// Bytes of a weight, of an activation and of a number in keys and values: 2 for bf16.
    /// They size what is exchanged and what the memory holds; times are the profile's.
    /// Default: 2.
    #[serde(default = "two")]
    pub bytes: u32,
    /// The GPU, for the size of its memory: tells how many blocks of keys and values there
    /// are. Needed where `num_gpu_blocks` does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<GpuSpec>,
}

/// The time in which GPUs add up their parts of an activation and each gets the sum: a
/// latency, and the activation's bytes by a bandwidth (R. Hockney, Parallel Computing 20,
/// 1994). Twice in each layer, and once after the embedding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AllReduceSpec {
    /// However small it is. Default: 40us.
    pub latency: Duration,
    /// The activation's bytes by the time that they add. Default: 19GB/s.
    pub bandwidth: Bandwidth,
}

impl Default for AllReduceSpec {
    fn default() -> Self {
        AllReduceSpec {
            latency: Duration(40_000),
            bandwidth: "19GB/s".parse().expect("a bandwidth"),
        }
    }
}

const fn one() -> u32 {
    1
}

const fn two() -> u32 {
    2
}

impl LayersSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.tensor_parallel_size == 0 {
            problems.at("tensor_parallel_size", |p| p.error("there is at least 1 GPU"));
        }
        if self.bytes == 0 {
            problems.at("bytes", |p| p.error("expected at least 1"));
        }
    }

    /// Reads model and profile.
    pub(super) fn load(&self, paths: &DataPaths) -> Result<Layers, Problem> {
        let at = |field: &str| Path::parse("layers").join(field);
        let model = ModelConfig::load(&self.model, paths, &at("model"))?;
        let size = self.tensor_parallel_size.max(1);
        let among = Parallelism {
            enable_expert_parallel: self.enable_expert_parallel,
            ..Parallelism::tensor(size)
        };
        let here = Path::parse("layers");
        let parts = Decomposition::new(&model, among).map_err(|wrong| wrong.within(&here))?;
        if parts.layers.len() > 1 || parts.layers[0].attention.window().is_some() {
            let message = format!(
                "`{}` has layers of several kinds or with a window, and a profile has one of \
                 one kind",
                self.model.display()
            );
            return Err(Problem::error(at("model"), message).help("`roofline` knows such models"));
        }
        let name = self.profile.display();
        let folder = paths
            .find_folder(&self.profile, "gpu/profiles")
            .map_err(|missing| missing.at(at("profile")))?;
        let profile = Profile::read(&folder, size, &model).map_err(|why| {
            let help = "expected dense.csv, per_sequence.csv, attention.csv, and moe.csv for a \
                        mixture of experts, in a folder `tp<N>`: see docs/serving.md";
            Problem::error(at("profile"), format!("`{name}`: {why}")).help(help)
        })?;
        Ok(Layers {
            all_reduce: (size > 1).then(|| self.all_reduce.clone()),
            activation_bytes: f64::from(model.hidden) * f64::from(self.bytes),
            expert_share: if self.enable_expert_parallel { f64::from(size) } else { 1.0 },
            memory: self.memory(parts),
            model,
            profile,
        })
    }

    /// The GPUs' memory, if they are named.
    fn memory(&self, parts: Decomposition) -> Option<Memory> {
        let gpu = self.gpu.clone()?;
        let bytes = f64::from(self.bytes);
        let weights = parts.weight_bytes(WeightPrecision::default());
        let weights = weights.into_iter().map(|two| two / 2.0 * bytes).collect();
        Some(Memory::new(parts, gpu, weights, bytes))
    }
}

/// The model at work.
#[derive(Debug)]
pub(super) struct Layers {
    model: ModelConfig,
    profile: Profile,
    all_reduce: Option<AllReduceSpec>,
    /// Of a token, between layers.
    activation_bytes: f64,
    /// GPUs among which experts are divided.
    expert_share: f64,
    memory: Option<Memory>,
}

/// Times are whole multiples of this, so that shares of their differences in 4096ths are
/// whole ticks.
const QUANTUM: i128 = 4096;
/// Of a microsecond.
const QUANTA_PER_MICRO: f64 = (1000 * TICKS_PER_NANO) as f64 / QUANTUM as f64;

impl Layers {
    /// The memory of the GPUs, if they are named.
    pub fn memory(&self) -> Option<&Memory> {
        self.memory.as_ref()
    }

    /// Decoding sequences' contexts are straight lines between those measured, with a
    /// whole number of ticks for each token.
    pub fn pace(&self, batch: &Batch, growth: &Growth) -> Pace {
        let fixed = quanta(self.fixed_us(batch)) * QUANTUM;
        let shape = shape(batch);
        let (first, slope, steps) = if batch.decode_seqs == 0 {
            let us = self.profile.attention.micros(&shape, 0);
            (quanta(us * f64::from(self.model.layers)) * QUANTUM, 0, u64::MAX)
        } else {
            self.decoding(&shape, batch)
        };
        let first = fixed + first;
        let decodes = growth.decode_context > 0;
        // A prompt's next part has another context.
        let parts = growth.context_tokens > growth.decode_context;
        let slope = if decodes { slope } else { 0 };
        let steps = if parts || first < 0 { 1 } else { steps.max(1) };
        let most = i128::from(MOST_TICKS);
        Pace::line(first.clamp(0, most) as u64, slope.clamp(-most, most) as i64, steps)
    }

    /// Microseconds of all but attention.
    fn fixed_us(&self, batch: &Batch) -> f64 {
        let tokens = batch.prefill_tokens + batch.decode_seqs;
        let layers = f64::from(self.model.layers);
        let mut us = self.profile.dense_us(tokens, batch.prefill_seqs + batch.decode_seqs);
        if let Some(experts) = self.model.experts {
            // Each token chooses as if by lot.
            let count = f64::from(experts.count);
            let missed = libm::pow(1.0 - f64::from(experts.per_token) / count, tokens as f64);
            let touched = (count * (1.0 - missed)).max(f64::from(experts.per_token));
            let share = self.expert_share;
            us += layers * self.profile.experts_us(tokens as f64 / share, touched / share);
        }
        if let Some(spec) = &self.all_reduce {
            let bytes = tokens as f64 * self.activation_bytes;
            let each = spec.latency.0 as f64 / 1e3 + bytes / spec.bandwidth.bytes_per_sec() * 1e6;
            us += (2.0 * layers + 1.0) * each;
        }
        us
    }

    /// Attention in ticks, where sequences decode.
    fn decoding(&self, shape: &Shape, batch: &Batch) -> (i128, i128, u64) {
        let mean = batch.decode_context / batch.decode_seqs;
        let line = self.line(shape, mean);
        let spread = Spread {
            chunk: shape.chunk,
            prompt_context: shape.context,
            seqs: shape.seqs,
            shortest: batch.decode_shortest.min(mean),
            mean,
            longest: batch.decode_longest.max(mean),
        };
        let alpha = self.profile.skew.alpha(&spread);
        if alpha == 0.0 {
            return (line.first * QUANTUM, line.slope * QUANTUM, line.tokens);
        }
        let longest = self.line(shape, spread.longest);
        // Rounded, as the time is: a share in 4096ths of a difference in quanta.
        let alpha = libm::floor(alpha * QUANTUM as f64 + 0.5) as i128;
        let blend = |mean: i128, longest: i128| mean * QUANTUM + alpha * (longest - mean);
        let alike = self.profile.skew.steps_alike(spread.longest);
        (
            blend(line.first, longest.first),
            blend(line.slope, longest.slope),
            line.tokens.min(longest.tokens).min(alike),
        )
    }

    /// The line, in quanta, that attention's time is on at the context `kv` of all sequences.
    fn line(&self, shape: &Shape, kv: u64) -> Line {
        let attention = &self.profile.attention;
        let layers = f64::from(self.model.layers);
        let contexts = &attention.contexts;
        line_at(contexts, kv, |nth| quanta(attention.micros(shape, contexts[nth]) * layers))
    }
}

/// What attention works on. Several prompts have as many pairs as one with that context
/// would have, which is below zero if they are many.
fn shape(batch: &Batch) -> Shape {
    let chunk = batch.prefill_tokens;
    let context = if chunk == 0 {
        0.0
    } else {
        let own = chunk as f64 * (chunk as f64 + 1.0) / 2.0;
        (batch.prefill_pairs as f64 - own) / chunk as f64
    };
    Shape { chunk, context, seqs: batch.decode_seqs }
}

/// Microseconds in quanta, rounded; the cast saturates.
fn quanta(us: f64) -> i128 {
    i128::from((us * QUANTA_PER_MICRO + 0.5) as u64)
}

#[cfg(test)]
mod tests;
