//! Figures of well-known models and GPUs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::Positive;

/// A model whose figures are known, or `custom` ones. All are dense transformers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum TransformerSpec {
    /// Llama 3.1 8B.
    #[default]
    #[serde(rename = "llama-3.1-8b")]
    Llama8b,
    /// Llama 3.1 70B (and 3.3).
    #[serde(rename = "llama-3.1-70b")]
    Llama70b,
    /// Llama 3.1 405B.
    #[serde(rename = "llama-3.1-405b")]
    Llama405b,
    /// Qwen 2.5 7B.
    #[serde(rename = "qwen2.5-7b")]
    Qwen7b,
    /// Qwen 2.5 72B.
    #[serde(rename = "qwen2.5-72b")]
    Qwen72b,
    /// Mistral 7B.
    #[serde(rename = "mistral-7b")]
    Mistral7b,
    /// Another one.
    #[serde(rename = "custom")]
    Custom(TransformerFigures),
}

/// What the roofline needs to know of a model. The names are those of its
/// `config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TransformerFigures {
    /// Weights, in billions. Default: 8.03.
    pub parameters_billion: Positive,
    /// Layers. Default: 32.
    pub num_hidden_layers: u32,
    /// Heads that ask. Default: 32.
    pub num_attention_heads: u32,
    /// Heads that keep keys and values. Default: 8.
    pub num_key_value_heads: u32,
    /// Numbers in a head. Default: 128.
    pub head_dim: u32,
}

impl TransformerFigures {
    fn of(billion: f64, layers: u32, heads: u32, kv_heads: u32) -> Self {
        TransformerFigures {
            parameters_billion: Positive::try_from(billion).expect("models have weights"),
            num_hidden_layers: layers,
            num_attention_heads: heads,
            num_key_value_heads: kv_heads,
            head_dim: 128,
        }
    }
}

impl Default for TransformerFigures {
    fn default() -> Self {
        TransformerSpec::Llama8b.figures()
    }
}

impl TransformerSpec {
    /// The figures, from the models' `config.json`: docs/serving.md has the sources.
    pub fn figures(&self) -> TransformerFigures {
        match self {
            TransformerSpec::Llama8b => TransformerFigures::of(8.03, 32, 32, 8),
            TransformerSpec::Llama70b => TransformerFigures::of(70.6, 80, 64, 8),
            TransformerSpec::Llama405b => TransformerFigures::of(405.9, 126, 128, 8),
            TransformerSpec::Qwen7b => TransformerFigures::of(7.62, 28, 28, 4),
            TransformerSpec::Qwen72b => TransformerFigures::of(72.7, 80, 64, 8),
            TransformerSpec::Mistral7b => TransformerFigures::of(7.25, 32, 32, 8),
            TransformerSpec::Custom(figures) => figures.clone(),
        }
    }
}

/// A GPU whose figures are known, or `custom` ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum GpuSpec {
    /// NVIDIA A100 SXM, 80 GB.
    #[serde(rename = "a100")]
    A100,
    /// NVIDIA H100 SXM, 80 GB.
    #[default]
    #[serde(rename = "h100")]
    H100,
    /// NVIDIA H200 SXM, 141 GB.
    #[serde(rename = "h200")]
    H200,
    /// NVIDIA B200, 180 GB.
    #[serde(rename = "b200")]
    B200,
    /// NVIDIA L4, 24 GB.
    #[serde(rename = "l4")]
    L4,
    /// NVIDIA L40S, 48 GB.
    #[serde(rename = "l40s")]
    L40s,
    /// AMD Instinct MI300X, 192 GB.
    #[serde(rename = "mi300x")]
    Mi300x,
    /// Another one.
    #[serde(rename = "custom")]
    Custom(GpuFigures),
}

/// What the roofline needs to know of a GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GpuFigures {
    /// Arithmetic of dense matrices at the weights' precision, in 10^12 operations
    /// a second. Default: 989.5.
    pub tflops: Positive,
    /// Memory traffic in 10^9 bytes a second. Default: 3350.
    pub bandwidth_gb_s: Positive,
    /// Memory in 10^9 bytes. Default: 80.
    pub memory_gb: Positive,
}

impl GpuFigures {
    fn of(tflops: f64, bandwidth: f64, memory: f64) -> Self {
        let positive = |figure| Positive::try_from(figure).expect("GPUs do something");
        GpuFigures {
            tflops: positive(tflops),
            bandwidth_gb_s: positive(bandwidth),
            memory_gb: positive(memory),
        }
    }
}

impl Default for GpuFigures {
    fn default() -> Self {
        GpuSpec::H100.figures()
    }
}

impl GpuSpec {
    /// The figures of the makers' data sheets, BF16 without sparsity: docs/serving.md has
    /// the sources.
    pub fn figures(&self) -> GpuFigures {
        match self {
            GpuSpec::A100 => GpuFigures::of(312.0, 2039.0, 80.0),
            GpuSpec::H100 => GpuFigures::of(989.5, 3350.0, 80.0),
            GpuSpec::H200 => GpuFigures::of(989.5, 4800.0, 141.0),
            GpuSpec::B200 => GpuFigures::of(2250.0, 8000.0, 180.0),
            GpuSpec::L4 => GpuFigures::of(121.0, 300.0, 24.0),
            GpuSpec::L40s => GpuFigures::of(362.05, 864.0, 48.0),
            GpuSpec::Mi300x => GpuFigures::of(1307.4, 5300.0, 192.0),
            GpuSpec::Custom(figures) => figures.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights are counted from what else is in each `config.json`: the sizes of the
    /// vocabulary, the hidden and the intermediate layer, and whether attention has a bias.
    #[test]
    fn weights_are_what_the_layers_add_up_to() {
        for (model, vocabulary, hidden, intermediate, bias) in [
            (TransformerSpec::Llama8b, 128_256, 4096, 14_336, false),
            (TransformerSpec::Llama70b, 128_256, 8192, 28_672, false),
            (TransformerSpec::Llama405b, 128_256, 16_384, 53_248, false),
            (TransformerSpec::Qwen7b, 152_064, 3584, 18_944, true),
            (TransformerSpec::Qwen72b, 152_064, 8192, 29_568, true),
            (TransformerSpec::Mistral7b, 32_768, 4096, 14_336, false),
        ] {
            let figures = model.figures();
            let [layers, heads, kv_heads, size] = [
                figures.num_hidden_layers,
                figures.num_attention_heads,
                figures.num_key_value_heads,
                figures.head_dim,
            ]
            .map(u64::from);
            assert_eq!(heads * size, hidden, "{model:?}");
            let attention = 2 * hidden * (heads + kv_heads) * size;
            let biases = u64::from(bias) * (heads + 2 * kv_heads) * size;
            let layer = attention + biases + 3 * hidden * intermediate + 2 * hidden;
            // Words come in and go out by tables of their own.
            let all = 2 * vocabulary * hidden + layers * layer + hidden;
            let billion = figures.parameters_billion.get();
            assert!((billion * 1e9 / all as f64 - 1.0).abs() < 1e-3, "{model:?}: {all}");
        }
    }
}
