//! Kinds of numbers, in the words that tables have for them.

use serde_json::Value;

use crate::serving::step::model_config::ModelConfig;
use crate::serving::step::precision::Precision;

/// What is not quantised, whatever the model is.
pub(super) const PLAIN: &str = "bfloat16";

/// Which numbers a model's parts have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dtypes {
    /// Weights and activations of projections (`gemm_dtype`).
    pub gemm: String,
    /// Those of experts (`moe_dtype`).
    pub moe: String,
    /// Keys and values (`kv_cache_dtype`).
    pub kv_cache: String,
}

impl Dtypes {
    /// Those of a model by its `config.json`, whose text is `config`.
    pub fn of(model: &ModelConfig, config: &str, kv_cache: Precision) -> Self {
        let value: Value = serde_json::from_str(config).unwrap_or_default();
        let quantization = value.get("quantization_config").unwrap_or(&Value::Null);
        let blocks = quantization.get("weight_block_size").is_some_and(Value::is_array);
        let mx = quantization.get("quant_method").and_then(Value::as_str) == Some("mxfp4");
        let word = |precision: Precision| match precision {
            Precision::Bf16 | Precision::Fp16 => PLAIN,
            Precision::Fp8 if blocks => "fp8_block",
            Precision::Fp8 => "fp8",
            Precision::Int8 => "int8_wo",
            Precision::Int4 => "int4_wo",
            Precision::Fp4 if mx => "w4a16_mxfp4",
            Precision::Fp4 => "nvfp4",
        };
        let kv_cache = match kv_cache {
            Precision::Bf16 | Precision::Fp16 => PLAIN,
            other => other.name(),
        };
        Dtypes {
            gemm: word(model.weights.projections).to_owned(),
            moe: word(model.weights.experts).to_owned(),
            kv_cache: kv_cache.to_owned(),
        }
    }
}
