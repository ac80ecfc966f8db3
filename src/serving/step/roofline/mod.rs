//! Step time from the figures of model and GPU.

mod costs;
mod pace;
mod precision_spec;
mod window;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decomposition::{Decomposition, Parallelism};
use super::hardware::{GpuSpec, LinkSpec, TransformerSpec};
use super::memory::Memory;
use super::precision::{Precision, WeightPrecision};
use crate::kernel::Duration;
use crate::spec::{Fraction, Path, Positive, Problem, Problems};
use crate::workload::DataPaths;
use costs::Costs;
pub(super) use pace::Roofline;
pub use precision_spec::PrecisionSpec;

/// Each part of a step takes the longer of its arithmetic and its memory traffic (S. Williams,
/// A. Waterman, D. Patterson: Roofline. CACM 52(4), 2009); to these come what the GPUs send
/// each other and constants for each layer and step:
///
/// - projections, feed-forward layers and head: 2 operations for each weight and token (the
///   head: sequence); all weights are read;
/// - experts: the same for those that a token goes to; those are read that any goes to;
/// - attention: 4 x heads x head size for each pair of a token and one that it attends to;
///   keys and values of all contexts are read, of no more than its window where it has one;
/// - between these each token is read and written by norms, rotation and activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RooflineSpec {
    /// The model: by name, by the path of its `config.json`, or `custom`. Default:
    /// `llama-3.1-8b`.
    pub model: TransformerSpec,
    /// The GPU. Default: `h100`.
    pub gpu: GpuSpec,
    /// GPUs that share each layer. Default: 1.
    pub tensor_parallel_size: u32,
    /// Stages that have some of the layers each, on GPUs of their own. Default: 1.
    pub pipeline_parallel_size: u32,
    /// Engines that share the experts of a mixture, and nothing else; this is one of them,
    /// and the others are taken to have as much to do. Default: 1.
    pub data_parallel_size: u32,
    /// Whether GPUs have whole experts each, rather than a part of all. Default: false.
    pub enable_expert_parallel: bool,
    /// In how many bits numbers are kept and multiplied. Default: as the model's file says.
    pub precision: PrecisionSpec,
    /// Bytes of a weight, whichever it is, in place of what `precision` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_bytes: Option<Positive>,
    /// Bytes of a number in keys and values, in place of what `precision` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv_bytes: Option<Positive>,
    /// The share of the GPU's arithmetic that matrices reach. Default: 0.7.
    pub compute_efficiency: Fraction,
    /// The share of it that attention over prompts reaches. Default: 0.55.
    pub attention_efficiency: Fraction,
    /// The share of the GPU's bandwidth that is reached. Default: 0.8.
    pub bandwidth_efficiency: Fraction,
    /// What GPUs of a node are connected by. Default: the GPU's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkSpec>,
    /// What nodes are connected by, where more GPUs take part than a node has. Default: 20us
    /// and 40GB/s, as with an `InfiniBand` NDR adapter for each GPU.
    pub network: LinkSpec,
    /// What a layer takes besides: small kernels and the gaps between all.
    /// Default: 20us.
    pub per_layer: Duration,
    /// What a step takes besides: launching, scheduling, sampling. Default: 500us.
    pub per_step: Duration,
}

impl Default for RooflineSpec {
    fn default() -> Self {
        RooflineSpec {
            model: TransformerSpec::default(),
            gpu: GpuSpec::default(),
            tensor_parallel_size: 1,
            pipeline_parallel_size: 1,
            data_parallel_size: 1,
            enable_expert_parallel: false,
            precision: PrecisionSpec::default(),
            weight_bytes: None,
            kv_bytes: None,
            compute_efficiency: Fraction::percent(70),
            attention_efficiency: Fraction::percent(55),
            bandwidth_efficiency: Fraction::percent(80),
            link: None,
            network: LinkSpec::network(),
            per_layer: Duration(20_000),
            per_step: Duration(500_000),
        }
    }
}

impl RooflineSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        for (field, share) in [
            ("compute_efficiency", self.compute_efficiency),
            ("attention_efficiency", self.attention_efficiency),
            ("bandwidth_efficiency", self.bandwidth_efficiency),
        ] {
            if share.get() == 0.0 {
                problems.at(field, |p| p.error("expected more than 0"));
            }
        }
        if self.gpu.figures().node == 0 {
            problems.at("gpu", |p| p.error("`node` is 0: a node has at least 1 GPU"));
        }
        let published = match &self.model {
            TransformerSpec::Known(model) => Some(model.config().weights.projections),
            TransformerSpec::Custom(_) => Some(Precision::default()),
            TransformerSpec::File(_) => None,
        };
        let published = published.filter(|_| self.weight_bytes.is_none());
        problems.at("precision", |p| self.precision.check(&self.gpu, published, p));
        if self.weight_bytes.is_some() && self.precision.weights.is_some() {
            problems.at("weight_bytes", |p| p.error("`precision.weights` says it already"));
        }
        if self.kv_bytes.is_some() && self.precision.kv_cache.is_some() {
            problems.at("kv_bytes", |p| p.error("`precision.kv_cache` says it already"));
        }
    }

    /// GPUs of an engine.
    pub(super) fn gpus(&self) -> u32 {
        self.parallelism().gpus()
    }

    fn parallelism(&self) -> Parallelism {
        Parallelism {
            tensor_parallel_size: self.tensor_parallel_size,
            pipeline_parallel_size: self.pipeline_parallel_size,
            data_parallel_size: self.data_parallel_size,
            enable_expert_parallel: self.enable_expert_parallel,
        }
    }

    /// Reads the model, and divides it.
    pub(super) fn load(&self, paths: &DataPaths) -> Result<Roofline, Problem> {
        let here = Path::parse("roofline");
        let model = self.model.config(paths, &here.join("model"))?;
        let parts = Decomposition::new(&model, self.parallelism());
        let parts = parts.map_err(|problem| problem.within(&here))?;
        let weights = self.precision.weights(model.weights);
        let bytes = match self.weight_bytes {
            None => parts.weight_bytes(weights),
            Some(each) => {
                let two = parts.weight_bytes(WeightPrecision::default());
                two.into_iter().map(|bytes| bytes / 2.0 * each.get()).collect()
            }
        };
        let costs = Costs::new(self, weights);
        let kv_bytes = costs.kv_bytes;
        let memory = Memory::new(parts.clone(), self.gpu.clone(), bytes, kv_bytes);
        Ok(costs.roofline(&parts, memory))
    }
}

#[cfg(test)]
mod tests;
