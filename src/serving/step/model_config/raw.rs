//! The fields of a `config.json`.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::layer_kinds::layer_kinds;
use super::{Experts, Latent, ModelConfig};
use crate::serving::step::precision::{Precision, WeightPrecision};
use crate::workload::{TracePosition, read_unique};

/// The architectures that are known. Those with encoders are taken for their decoder, whose
/// fields are in `text_config`.
const ARCHITECTURES: [&str; 22] = [
    "LlamaForCausalLM",
    "Llama4ForCausalLM",
    "Llama4ForConditionalGeneration",
    "MistralForCausalLM",
    "Mistral3ForConditionalGeneration",
    "MixtralForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen2MoeForCausalLM",
    "Qwen2_5_VLForConditionalGeneration",
    "Qwen3ForCausalLM",
    "Qwen3MoeForCausalLM",
    "Qwen3VLForConditionalGeneration",
    "Qwen3VLMoeForConditionalGeneration",
    "GemmaForCausalLM",
    "Gemma2ForCausalLM",
    "Gemma3ForCausalLM",
    "Gemma3ForConditionalGeneration",
    "Phi3ForCausalLM",
    "GptOssForCausalLM",
    "DeepseekV2ForCausalLM",
    "DeepseekV3ForCausalLM",
    "Glm4MoeForCausalLM",
];

/// The fields that count, of whatever architecture.
#[derive(Deserialize)]
pub(super) struct Raw {
    pub num_hidden_layers: u32,
    hidden_size: u32,
    num_attention_heads: Option<u32>,
    num_key_value_heads: Option<u32>,
    head_dim: Option<u32>,
    intermediate_size: u32,
    /// Llama 4: of the dense layers, where `intermediate_size` is an expert's.
    intermediate_size_mlp: Option<u32>,
    vocab_size: Option<u32>,
    tie_word_embeddings: Option<bool>,
    max_position_embeddings: Option<u32>,
    pub sliding_window: Option<u32>,
    pub use_sliding_window: Option<bool>,
    pub max_window_layers: Option<u32>,
    #[serde(alias = "_sliding_window_pattern")]
    pub sliding_window_pattern: Option<u32>,
    pub layer_types: Option<Vec<String>>,
    pub attention_chunk_size: Option<u32>,
    pub no_rope_layers: Option<Vec<u32>>,
    num_experts: Option<u32>,
    num_local_experts: Option<u32>,
    n_routed_experts: Option<u32>,
    #[serde(alias = "experts_per_token")]
    num_experts_per_tok: Option<u32>,
    moe_intermediate_size: Option<u32>,
    n_shared_experts: Option<u32>,
    shared_expert_intermediate_size: Option<u32>,
    pub first_k_dense_replace: Option<u32>,
    pub moe_layer_freq: Option<u32>,
    pub decoder_sparse_step: Option<u32>,
    pub interleave_moe_layer_step: Option<u32>,
    pub mlp_only_layers: Option<Vec<u32>>,
    q_lora_rank: Option<u32>,
    kv_lora_rank: Option<u32>,
    qk_nope_head_dim: Option<u32>,
    qk_rope_head_dim: Option<u32>,
    v_head_dim: Option<u32>,
}

/// Reads a model's `config.json`.
pub(super) fn read(text: &str) -> Result<ModelConfig, String> {
    let position = TracePosition::before(Path::new("config.json"));
    let whole: Value = read_unique(text, &position).map_err(|error| error.to_string())?;
    let Some(fields) = whole.as_object() else {
        return Err("invalid: expected fields in braces".to_owned());
    };
    let named = fields.get("architectures").and_then(|names| names.get(0)?.as_str());
    let architecture = named.ok_or("it names no architecture (`architectures`)")?;
    if !ARCHITECTURES.contains(&architecture) {
        let known = ARCHITECTURES.join(", ");
        return Err(format!("the architecture {architecture} is not known; known are {known}"));
    }
    let decoder = fields.get("text_config").filter(|inner| inner.is_object()).unwrap_or(&whole);
    let raw = Raw::deserialize(decoder).map_err(|error| error.to_string())?;
    let quantization = fields.get("quantization_config").filter(|it| !it.is_null());
    let quantization = quantization.or_else(|| decoder.get("quantization_config"));
    let weights =
        quantization.filter(|it| !it.is_null()).map_or(Ok(WeightPrecision::default()), weights)?;
    config(&raw, architecture, weights)
}

fn config(raw: &Raw, architecture: &str, weights: WeightPrecision) -> Result<ModelConfig, String> {
    let gemma = architecture.starts_with("Gemma");
    let gemma3 = architecture.starts_with("Gemma3");
    // The files of Gemma 3 with an encoder leave out what the class has as its default.
    let left_out = |figure: Option<u32>, name: &str, default: u32| {
        figure.or(gemma3.then_some(default)).ok_or(format!("missing field `{name}`"))
    };
    let heads = left_out(raw.num_attention_heads, "num_attention_heads", 8)?;
    let vocabulary = left_out(raw.vocab_size, "vocab_size", 262_208)?;
    let kv_heads = raw.num_key_value_heads.unwrap_or(if gemma3 { 4 } else { heads });
    for (name, figure) in [
        ("num_hidden_layers", raw.num_hidden_layers),
        ("hidden_size", raw.hidden_size),
        ("num_attention_heads", heads),
        ("num_key_value_heads", kv_heads),
        ("vocab_size", vocabulary),
        ("head_dim", raw.head_dim.unwrap_or(1)),
    ] {
        if figure == 0 {
            return Err(format!("`{name}` is 0"));
        }
    }
    if raw.num_hidden_layers > 10_000 {
        return Err("`num_hidden_layers` is more than any model has (10000)".to_owned());
    }
    if !heads.is_multiple_of(kv_heads) {
        return Err(format!(
            "`num_attention_heads` ({heads}) is no multiple of `num_key_value_heads` ({kv_heads})"
        ));
    }
    let latent = latent(raw, architecture)?;
    let experts = experts(raw)?;
    let usual = if gemma3 { 256 } else { raw.hidden_size / heads };
    ModelConfig {
        architecture: architecture.to_owned(),
        layers: raw.num_hidden_layers,
        hidden: raw.hidden_size,
        heads,
        kv_heads,
        head_dim: raw.head_dim.unwrap_or(usual),
        latent,
        intermediate: raw.intermediate_size_mlp.unwrap_or(raw.intermediate_size),
        vocabulary,
        tied: raw.tie_word_embeddings.unwrap_or(gemma),
        experts,
        kinds: layer_kinds(raw, architecture, experts.as_ref())?,
        max_position: raw.max_position_embeddings,
        weights,
    }
    .checked()
}

fn latent(raw: &Raw, architecture: &str) -> Result<Option<Latent>, String> {
    if !architecture.starts_with("Deepseek") {
        return Ok(None);
    }
    let need = |figure: Option<u32>, name: &str| {
        figure.filter(|it| *it > 0).ok_or(format!("missing field `{name}`"))
    };
    Ok(Some(Latent {
        q_rank: raw.q_lora_rank,
        kv_rank: need(raw.kv_lora_rank, "kv_lora_rank")?,
        nope_dim: need(raw.qk_nope_head_dim, "qk_nope_head_dim")?,
        rope_dim: need(raw.qk_rope_head_dim, "qk_rope_head_dim")?,
        value_dim: need(raw.v_head_dim, "v_head_dim")?,
    }))
}

fn experts(raw: &Raw) -> Result<Option<Experts>, String> {
    let count = raw.num_experts.or(raw.num_local_experts).or(raw.n_routed_experts);
    let Some(count) = count.filter(|count| *count > 0) else { return Ok(None) };
    let per_token = raw.num_experts_per_tok.filter(|it| (1..=count).contains(it));
    let per_token =
        per_token.ok_or("`num_experts_per_tok` must be from 1 to the number of experts")?;
    let intermediate = raw.moe_intermediate_size.unwrap_or(raw.intermediate_size);
    // Llama 4 has one shared expert and no field for it.
    let llama4 = raw.interleave_moe_layer_step.map(|_| raw.intermediate_size);
    let of_number = raw.n_shared_experts.map(|shared| shared.saturating_mul(intermediate));
    let shared = raw.shared_expert_intermediate_size.or(of_number).or(llama4).unwrap_or(0);
    Ok(Some(Experts { count, per_token, intermediate, shared }))
}

/// How weights are kept, by a `quantization_config`.
fn weights(quantization: &Value) -> Result<WeightPrecision, String> {
    let word = |name: &str| quantization.get(name).and_then(Value::as_str).unwrap_or_default();
    let bits = |of: &Value| of.get("bits").or_else(|| of.get("num_bits")).and_then(Value::as_u64);
    let of_bits = |bits: Option<u64>, float: bool| match (bits, float) {
        (Some(4), false) => Some(Precision::Int4),
        (Some(4), true) => Some(Precision::Fp4),
        (Some(8), false) => Some(Precision::Int8),
        (Some(8), true) => Some(Precision::Fp8),
        _ => None,
    };
    let method = word("quant_method");
    let found = match method {
        "fp8" | "fbgemm_fp8" => Some(Precision::Fp8),
        "awq" | "gptq" | "auto-round" => of_bits(bits(quantization).or(Some(4)), false),
        "bitsandbytes" => {
            let four = quantization.get("load_in_4bit").and_then(Value::as_bool) == Some(true);
            Some(if four { Precision::Int4 } else { Precision::Int8 })
        }
        // Only gpt-oss has it, and for its experts alone.
        "mxfp4" => {
            return Ok(WeightPrecision { projections: Precision::Bf16, experts: Precision::Fp4 });
        }
        "modelopt" => match word("quant_algo") {
            "FP8" => Some(Precision::Fp8),
            "NVFP4" => Some(Precision::Fp4),
            _ => None,
        },
        "compressed-tensors" => {
            let groups = quantization.get("config_groups").and_then(Value::as_object);
            let weights = groups.and_then(|groups| groups.values().next()?.get("weights"));
            weights.and_then(|of| {
                let float = of.get("type").and_then(Value::as_str) == Some("float");
                of_bits(bits(of), float)
            })
        }
        _ => None,
    };
    found.map(WeightPrecision::all).ok_or(format!(
        "the quantization `{method}` is not known or of bits that are not; known are fp8, \
         fbgemm_fp8, awq, gptq, auto-round, bitsandbytes, mxfp4, modelopt, compressed-tensors of 4 or 8 bits"
    ))
}
