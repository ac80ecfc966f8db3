//! How a model is divided among GPUs.

use crate::serving::step::model_config::ModelConfig;
use crate::spec::{Path, Problem};

/// How a model is divided among GPUs; vLLM's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serving::step) struct Parallelism {
    /// GPUs that share each layer.
    pub tensor_parallel_size: u32,
    /// Parts that the layers are in, one after another.
    pub pipeline_parallel_size: u32,
    /// Engines that have attention for themselves and experts together.
    pub data_parallel_size: u32,
    /// Whether a GPU has whole experts, rather than a part of each.
    pub enable_expert_parallel: bool,
}

impl Default for Parallelism {
    fn default() -> Self {
        Parallelism {
            tensor_parallel_size: 1,
            pipeline_parallel_size: 1,
            data_parallel_size: 1,
            enable_expert_parallel: false,
        }
    }
}

impl Parallelism {
    /// Only so many GPUs for each layer.
    pub fn tensor(size: u32) -> Self {
        Parallelism { tensor_parallel_size: size, ..Parallelism::default() }
    }

    /// GPUs of an engine.
    pub fn gpus(&self) -> u32 {
        self.tensor_parallel_size.saturating_mul(self.pipeline_parallel_size)
    }

    /// GPUs that share a layer's experts.
    pub fn expert_gpus(&self) -> u32 {
        self.tensor_parallel_size.saturating_mul(self.data_parallel_size)
    }

    /// Whether the model can be divided like this. A problem's place is the field.
    pub fn check(&self, model: &ModelConfig) -> Result<(), Problem> {
        let wrong = |field: &str, message: String, help: &str| {
            Err(Problem::error(Path::parse(field), message).help(help))
        };
        for (field, size) in [
            ("tensor_parallel_size", self.tensor_parallel_size),
            ("pipeline_parallel_size", self.pipeline_parallel_size),
            ("data_parallel_size", self.data_parallel_size),
        ] {
            if size == 0 || size > 4096 {
                return wrong(field, "expected 1 to 4096".to_owned(), "1: nothing is divided");
            }
        }
        let size = self.tensor_parallel_size;
        let tensor = "tensor_parallel_size";
        if !model.heads.is_multiple_of(size) {
            let message = format!("{size} GPUs cannot share {} heads alike", model.heads);
            return wrong(tensor, message, "it must divide the model's `num_attention_heads`");
        }
        let kv_heads = model.kv_heads;
        let kv_alike = kv_heads.is_multiple_of(size) || size.is_multiple_of(kv_heads);
        if model.latent.is_none() && !kv_alike {
            let message = format!("{size} GPUs cannot share {kv_heads} heads of keys and values");
            let help = "it must divide the model's `num_key_value_heads`, or be a multiple of them";
            return wrong(tensor, message, help);
        }
        let dense = model.kinds.iter().any(|kind| !kind.sparse);
        if dense && !model.intermediate.is_multiple_of(size) {
            let message = format!(
                "{size} GPUs cannot share feed-forward layers of {} alike",
                model.intermediate
            );
            return wrong(tensor, message, "it must divide the model's `intermediate_size`");
        }
        let stages = self.pipeline_parallel_size;
        if stages > model.layers {
            let message = format!("{stages} stages, but {} layers", model.layers);
            return wrong("pipeline_parallel_size", message, "a stage has at least one layer");
        }
        self.check_experts(model)
    }

    fn check_experts(&self, model: &ModelConfig) -> Result<(), Problem> {
        let wrong = |field: &str, message: String, help: &str| {
            Err(Problem::error(Path::parse(field), message).help(help))
        };
        let Some(experts) = model.experts else {
            if self.enable_expert_parallel {
                let message = "the model has no experts".to_owned();
                return wrong("enable_expert_parallel", message, "leave it out");
            }
            if self.data_parallel_size > 1 {
                let message = "the model has no experts that engines could share".to_owned();
                let help = "engines that share nothing are `replicas` of the server";
                return wrong("data_parallel_size", message, help);
            }
            return Ok(());
        };
        let gpus = self.expert_gpus();
        if self.enable_expert_parallel {
            if !experts.count.is_multiple_of(gpus) {
                let message = format!("{gpus} GPUs cannot have {} experts alike", experts.count);
                let help = "`tensor_parallel_size` x `data_parallel_size` must divide the number \
                            of experts";
                return wrong("enable_expert_parallel", message, help);
            }
        } else if !experts.intermediate.is_multiple_of(gpus) {
            let message =
                format!("{gpus} GPUs cannot share experts of {} alike", experts.intermediate);
            let help = "`enable_expert_parallel: true` gives each GPU whole experts";
            return wrong("tensor_parallel_size", message, help);
        }
        if !experts.shared.is_multiple_of(self.tensor_parallel_size) {
            let message = format!(
                "{} GPUs cannot share a shared expert of {} alike",
                self.tensor_parallel_size, experts.shared
            );
            return wrong("tensor_parallel_size", message, "it must divide its width");
        }
        Ok(())
    }
}
