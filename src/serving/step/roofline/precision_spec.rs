//! In how many bits a server keeps and multiplies numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::serving::step::hardware::GpuSpec;
use crate::serving::step::precision::{Precision, WeightPrecision};
use crate::spec::Problems;

/// In how many bits numbers are kept and multiplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrecisionSpec {
    /// Of weights: what they take in memory and traffic. Embedding, head and routers stay in
    /// 16 bits. Default: as the model's `config.json` says (`quantization_config`), else
    /// bf16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Precision>,
    /// Of what weights are multiplied by: the units that do it. Default: fp8 or int8 where
    /// weights are and the GPU has units for it, else bf16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activations: Option<Precision>,
    /// Of keys and values. Default: bf16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv_cache: Option<Precision>,
}

impl PrecisionSpec {
    /// Reports what the GPU cannot do; weights are `published` like that, if it is known.
    pub(super) fn check(
        self,
        gpu: &GpuSpec,
        published: Option<Precision>,
        problems: &mut Problems,
    ) {
        let (figures, weights) = (gpu.figures(), self.weights.or(published));
        if let Some(wanted) = self.activations {
            let (_, done) = figures.flops(wanted);
            if done.bytes() != wanted.bytes() {
                problems.at("activations", |p| {
                    p.warn(format!(
                        "{} has no units for {}: it multiplies in bf16",
                        gpu.name(),
                        wanted.name()
                    ));
                });
            }
            if weights.is_some_and(|weights| weights.bytes() > 1.1 * wanted.bytes()) {
                problems.at("activations", |p| {
                    p.error_help(
                        format!("{} for weights of more bits", wanted.name()),
                        "weights of as many bits or fewer: `weights` beside it",
                    );
                });
            }
        } else if let Some(weights @ (Precision::Fp8 | Precision::Int8)) = weights
            && figures.flops(weights).1 != weights
        {
            problems.at("weights", |p| {
                p.warn(format!(
                    "{} has no units for {}: it saves memory and traffic, and multiplies in bf16",
                    gpu.name(),
                    weights.name()
                ));
            });
        }
    }

    /// Those of weights, where a model's are published as `published`.
    pub(super) fn weights(self, published: WeightPrecision) -> WeightPrecision {
        self.weights.map_or(published, WeightPrecision::all)
    }

    /// That in which weights of `kept` are multiplied.
    pub(super) fn multiplied(self, kept: Precision) -> Precision {
        self.activations.unwrap_or(match kept {
            Precision::Fp8 | Precision::Int8 => kept,
            _ => Precision::Bf16,
        })
    }
}
