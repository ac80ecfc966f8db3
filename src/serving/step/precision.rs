//! In how many bits numbers are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How numbers are kept: of weights, of activations, of keys and values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 16 bits, with the exponent of 32.
    #[default]
    #[serde(alias = "bfloat16")]
    Bf16,
    /// 16 bits.
    #[serde(alias = "float16")]
    Fp16,
    /// 8 bits of floating point, with a scale for each tensor, channel or large block.
    Fp8,
    /// 8 bits, whole numbers with a scale for each channel.
    Int8,
    /// 4 bits, whole numbers; 128 share a scale of 16 bits and a zero of 4 (AWQ, GPTQ).
    Int4,
    /// 4 bits of floating point; 32 share a scale of 8 bits (MXFP4; an NVFP4 weight is 6 %
    /// larger).
    #[serde(alias = "mxfp4", alias = "nvfp4")]
    Fp4,
}

impl Precision {
    /// Bytes of a number, its part of the scales among them.
    pub const fn bytes(self) -> f64 {
        match self {
            Precision::Bf16 | Precision::Fp16 => 2.0,
            Precision::Fp8 | Precision::Int8 => 1.0,
            Precision::Int4 => 0.5 + 2.5 / 128.0,
            Precision::Fp4 => 0.5 + 1.0 / 32.0,
        }
    }

    /// Its name in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Precision::Bf16 => "bf16",
            Precision::Fp16 => "fp16",
            Precision::Fp8 => "fp8",
            Precision::Int8 => "int8",
            Precision::Int4 => "int4",
            Precision::Fp4 => "fp4",
        }
    }
}

/// How a model's weights are kept. Embedding, head, routers and norms stay in 16 bits, as in
/// the files that people publish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WeightPrecision {
    /// Projections of attention and of dense feed-forward layers.
    pub projections: Precision,
    /// Experts.
    pub experts: Precision,
}

impl WeightPrecision {
    /// All alike.
    pub const fn all(precision: Precision) -> Self {
        WeightPrecision { projections: precision, experts: precision }
    }
}
