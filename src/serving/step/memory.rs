//! How many blocks of keys and values the memory of a server's GPUs holds: as vLLM finds out
//! when it starts, by a first step of the largest size.

use super::decomposition::Decomposition;
use super::hardware::GpuSpec;
use crate::spec::{Path, Problem};

const GIB: f64 = (1u64 << 30) as f64;

/// What else takes memory: CUDA's own, and graphs of the steps.
const RESERVED: f64 = 0.5 * GIB;

/// Activations of a layer at their peak are more than what is in use at once, by the
/// allocator's rounding and copies.
const SLACK: f64 = 1.5;

/// Bytes for each word of the vocabulary and sequence while tokens are drawn: the logits in 16
/// and 32 bits, sorted with their places, their probabilities, and what is drawn.
const SAMPLER_BYTES: f64 = 26.0;

/// Tokens of a context by which layers with a window are counted, where no `max_model_len`
/// is said.
const USUAL_CONTEXT: f64 = 8192.0;

/// What of an engine's settings counts for its memory.
#[derive(Clone, Copy, Debug)]
pub struct MemorySettings {
    /// The share of each GPU's memory that the server takes.
    pub gpu_memory_utilization: f64,
    /// Sequences in a batch, at most.
    pub max_num_seqs: u32,
    /// Tokens computed in a step, at most.
    pub max_num_batched_tokens: u32,
    /// Tokens of prompt and answer together, at most.
    pub max_model_len: Option<u32>,
    /// Tokens of a block.
    pub block_size: u32,
}

/// A GPU's memory and what a model takes of it.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    gpu: GpuSpec,
    gpus: u32,
    /// Bytes of weights on a GPU of each stage.
    weights: Vec<f64>,
    /// Bytes of a number in keys and values.
    kv_bytes: f64,
    /// Bytes of activations for each token of the largest step.
    per_token: f64,
    /// Bytes for each sequence while tokens are drawn.
    per_seq: f64,
    parts: Decomposition,
}

/// What the memory of a GPU is taken by, in bytes.
struct Taken {
    weights: f64,
    activations: f64,
    left: f64,
}

impl Memory {
    /// Of a model in `parts`, with so many bytes of weights on a GPU of each stage.
    pub fn new(parts: Decomposition, gpu: GpuSpec, weights: Vec<f64>, kv_bytes: f64) -> Self {
        let widest = parts.layers.iter().map(activations).fold(0.0, f64::max);
        let words = f64::from(parts.head.n) * f64::from(parts.parallelism.tensor_parallel_size);
        Memory {
            gpu,
            gpus: parts.parallelism.gpus(),
            weights,
            kv_bytes,
            per_token: SLACK * 2.0 * widest,
            per_seq: SAMPLER_BYTES * words,
            parts,
        }
    }

    /// Blocks of keys and values that each GPU holds its part of:
    ///
    /// ```text
    /// (memory x gpu_memory_utilization - weights - activations - 0.5 GiB) / bytes of a block
    /// ```
    ///
    /// of the stage that holds the fewest.
    ///
    /// # Errors
    /// There is not room for one. The problem has no place.
    pub fn blocks(&self, settings: &MemorySettings) -> Result<u32, Problem> {
        let context = settings.max_model_len.map_or(USUAL_CONTEXT, |len| f64::from(len.max(1)));
        let of_context = self.parts.kv_numbers(context);
        let blocks = |(weights, numbers): (&f64, f64)| {
            let block = numbers / context * self.kv_bytes * f64::from(settings.block_size.max(1));
            (self.taken(*weights, settings).left / block).max(0.0)
        };
        let fewest = self.weights.iter().zip(of_context).map(blocks).fold(f64::INFINITY, f64::min);
        // The cast saturates.
        match fewest as u32 {
            0 => Err(self.lack(settings)),
            blocks => Ok(blocks),
        }
    }

    fn taken(&self, weights: f64, settings: &MemorySettings) -> Taken {
        let tokens = f64::from(settings.max_num_batched_tokens);
        let seqs = f64::from(settings.max_num_seqs.min(settings.max_num_batched_tokens));
        let activations = (tokens * self.per_token).max(seqs * self.per_seq) + RESERVED;
        let all = self.gpu.figures().memory_bytes() * settings.gpu_memory_utilization;
        Taken { weights, activations, left: all - weights - activations }
    }

    /// That the model does not fit.
    fn lack(&self, settings: &MemorySettings) -> Problem {
        let most = self.weights.iter().copied().fold(0.0, f64::max);
        let taken = self.taken(most, settings);
        let gib = |bytes: f64| format!("{:.1} GiB", bytes / GIB);
        let share = settings.gpu_memory_utilization;
        let gpus = if self.gpus == 1 {
            "the GPU".to_owned()
        } else {
            format!("each of the {} GPUs", self.gpus)
        };
        let message = format!(
            "the model does not fit: {gpus} ({}) has {}, of which `gpu_memory_utilization` takes \
             {share}; weights need {}, activations {}, and keys and values have no room",
            self.gpu.name(),
            gib(self.gpu.figures().memory_bytes()),
            gib(taken.weights),
            gib(taken.activations),
        );
        Problem::error(Path::default(), message).help(
            "more GPUs (`tensor_parallel_size`), larger ones, weights of fewer bits, or a smaller \
             `max_num_batched_tokens` and `max_num_seqs`",
        )
    }
}

/// Numbers that a layer holds of a token at once.
fn activations(layer: &super::decomposition::Layer) -> f64 {
    let f = f64::from;
    let width = |name| layer.gemms.iter().find(|gemm| gemm.name == name).map_or(0.0, |it| f(it.n));
    // What goes in and what was added up, gate and up, and their product.
    let dense = width("gate_up_proj") * 1.5;
    let experts = layer.experts.map_or(0.0, |experts| {
        f(experts.per_token) * (3.0 * f(experts.intermediate) + f(experts.hidden))
    });
    3.0 * width("o_proj") + dense.max(experts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving::step::decomposition::Parallelism;
    use crate::serving::step::model_config::KnownModel;
    use crate::serving::step::precision::{Precision, WeightPrecision};

    fn memory(model: KnownModel, gpu: GpuSpec, among: Parallelism, bits: Precision) -> Memory {
        let parts = Decomposition::new(&model.config(), among).unwrap();
        let weights = parts.weight_bytes(WeightPrecision::all(bits));
        Memory::new(parts, gpu, weights, 2.0)
    }

    fn settings(seqs: u32, tokens: u32) -> MemorySettings {
        MemorySettings {
            gpu_memory_utilization: 0.9,
            max_num_seqs: seqs,
            max_num_batched_tokens: tokens,
            max_model_len: None,
            block_size: 16,
        }
    }

    fn near(found: u32, known: f64, within: f64) {
        let error = f64::from(found) / known - 1.0;
        assert!(error.abs() < within, "{found}, known {known}: {error:+.3}");
    }

    /// What vLLM said when it started.
    #[test]
    fn blocks_are_as_many_as_vllm_found() {
        let of = |model, gpu, among, settings: &MemorySettings| {
            memory(model, gpu, among, Precision::Bf16).blocks(settings).unwrap()
        };
        let (llama, one) = (KnownModel::Llama8b, Parallelism::default());
        // vLLM 0.19, as LLMServingSim 2.0 has it: 2588 blocks.
        near(of(llama, GpuSpec::Rtx4090, one, &settings(256, 2048)), 2588.0, 0.02);
        // vllm-project/vllm#10511, December 2024: 53.29 GiB beside 14.96 GiB of weights.
        let blocks = 53.29 * GIB / (16.0 * 131_072.0);
        near(of(llama, GpuSpec::H100, one, &settings(256, 8192)), blocks, 0.035);
        // BLIS reckons 29,205: 90 % of 80 GiB less the weights and nothing else.
        near(of(llama, GpuSpec::H100, one, &settings(256, 2048)), 29_205.0, 0.08);
        // vllm-project/vllm#13061, February 2025: two GPUs, 98 % of each, 8.69 GiB.
        let qwen14b = include_str!("model_config/known/qwen2.5-7b.json")
            .replace("\"num_hidden_layers\": 28", "\"num_hidden_layers\": 48")
            .replace("3584", "5120")
            .replace("\"num_attention_heads\": 28", "\"num_attention_heads\": 40")
            .replace("\"num_key_value_heads\": 4", "\"num_key_value_heads\": 8")
            .replace("18944", "13824");
        let model = crate::serving::step::model_config::ModelConfig::read(&qwen14b).unwrap();
        let parts = Decomposition::new(&model, Parallelism::tensor(2)).unwrap();
        let weights = parts.weight_bytes(WeightPrecision::default());
        let two = Memory::new(parts, GpuSpec::Rtx4090, weights, 2.0);
        let most = MemorySettings { gpu_memory_utilization: 0.98, ..settings(256, 2048) };
        near(two.blocks(&most).unwrap(), 8.69 * GIB / (16.0 * 98_304.0), 0.09);
    }

    #[test]
    fn gpus_that_share_a_model_have_its_weights_and_keys_in_parts() {
        let of = |gpus| {
            let among = Parallelism::tensor(gpus);
            memory(KnownModel::Llama70b, GpuSpec::H100, among, Precision::Bf16)
                .blocks(&settings(256, 2048))
        };
        // By hand: 90 % of 79.2 GiB, a quarter of 70.55e9 weights of 2 bytes, 256 x 128,256 x
        // 26 bytes and half a GiB; 16 tokens of 81,920 bytes on each GPU.
        let left = 0.9 * 79.2 * GIB - 2.0 * 70.55e9 / 4.0 - 256.0 * 128_256.0 * 26.0 - 0.5 * GIB;
        near(of(4).unwrap(), left / (16.0 * 81_920.0), 0.001);
        let problem = of(1).unwrap_err();
        assert!(problem.message.contains("the GPU (h100) has 79.2 GiB"), "{}", problem.message);
        assert!(problem.message.contains("weights need 131.4 GiB"), "{}", problem.message);
    }

    #[test]
    fn layers_with_a_window_take_less_of_long_contexts() {
        let of = |max_model_len| {
            let one = Parallelism::default();
            let memory = memory(KnownModel::Gemma3x27b, GpuSpec::H200, one, Precision::Bf16);
            memory.blocks(&MemorySettings { max_model_len, ..settings(256, 2048) }).unwrap()
        };
        let share = |len: f64| (10.0 + 52.0 * (1024.0 / len).min(1.0)) / 62.0;
        let ratio = f64::from(of(Some(32_768))) / f64::from(of(Some(1024)));
        assert!((ratio - 1.0 / share(32_768.0)).abs() < 0.01, "{ratio}");
        assert_eq!(of(None), of(Some(8192)));
    }
}
