//! A model's `config.json`, as Hugging Face has it.

mod known;
mod layer_kinds;
mod raw;

pub use known::KnownModel;

use std::path::PathBuf;

use super::precision::WeightPrecision;
use crate::spec::{Path, Problem};
use crate::workload::{DataPaths, read_text};

/// What a `config.json` says of a model: of the decoder; vision and audio encoders are left
/// out.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    /// Its architecture's class.
    pub architecture: String,
    /// Layers.
    pub layers: u32,
    /// Numbers that a token is between layers.
    pub hidden: u32,
    /// Heads that ask.
    pub heads: u32,
    /// Heads that keep keys and values.
    pub kv_heads: u32,
    /// Numbers in a head.
    pub head_dim: u32,
    /// Multi-head latent attention, if that is what it has.
    pub latent: Option<Latent>,
    /// Width of the dense feed-forward layers.
    pub intermediate: u32,
    /// Words.
    pub vocabulary: u32,
    /// Whether the head is the embedding.
    pub tied: bool,
    /// Experts of those layers that have them.
    pub experts: Option<Experts>,
    /// What each layer is, from the first to the last.
    pub kinds: Vec<LayerKind>,
    /// Tokens of a context that it was made for, if that is said.
    pub max_position: Option<u32>,
    /// How the published weights are kept.
    pub weights: WeightPrecision,
}

/// What one layer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerKind {
    /// How many tokens, itself among them, a token attends to; `None`: all before it.
    pub window: Option<u32>,
    /// Whether it has experts instead of a dense feed-forward layer.
    pub sparse: bool,
}

/// A mixture of experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Experts {
    /// Experts of a layer.
    pub count: u32,
    /// Those that a token goes to.
    pub per_token: u32,
    /// Width of each.
    pub intermediate: u32,
    /// Width of what every token goes through beside them (shared experts); 0: nothing.
    pub shared: u32,
}

/// Multi-head latent attention (`DeepSeek` V2, arXiv 2405.04434): keys and values of all
/// heads are made of one short vector, which is what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latent {
    /// Width that queries go through; `None`: they are made at once.
    pub q_rank: Option<u32>,
    /// Width of what is kept of a token, but for its turned part.
    pub kv_rank: u32,
    /// Numbers of a head's query and key that do not turn with the position.
    pub nope_dim: u32,
    /// Those that do; a token's are kept once for all heads.
    pub rope_dim: u32,
    /// Numbers of a head's value.
    pub value_dim: u32,
}

impl ModelConfig {
    /// Reads the file `name`, which is looked for in `paths`.
    ///
    /// # Errors
    /// If there is none, it is no `config.json`, or one of an architecture that is not
    /// known; the problem's place is `at`.
    pub fn load(name: &std::path::Path, paths: &DataPaths, at: &Path) -> Result<Self, Problem> {
        let file: PathBuf =
            paths.find(name, "gpu/models").map_err(|missing| missing.at(at.clone()))?;
        let shown = name.display();
        let problem = |why: String| {
            Problem::error(at.clone(), format!("`{shown}`: {why}"))
                .help("expected the `config.json` of a model on Hugging Face")
        };
        let (_, text) = read_text(&file).map_err(|error| problem(error.to_string()))?;
        ModelConfig::read(&text).map_err(problem)
    }

    /// Reads the text of a `config.json`.
    ///
    /// # Errors
    /// What is missing, wrong or not known.
    pub fn read(text: &str) -> Result<Self, String> {
        raw::read(text)
    }

    /// Itself, if it has sizes that a model can have, so that nothing made of them overflows.
    ///
    /// # Errors
    /// Which size is too large.
    pub fn checked(self) -> Result<Self, String> {
        let (experts, latent) = (self.experts, self.latent);
        let of_experts = |size: fn(Experts) -> u32| experts.map_or(0, size);
        let of_latent = |size: fn(Latent) -> u32| latent.map_or(0, size);
        for (name, size, most) in [
            ("num_hidden_layers", self.layers, 10_000),
            ("hidden_size", self.hidden, 1 << 28),
            ("num_attention_heads", self.heads, 1 << 16),
            ("num_key_value_heads", self.kv_heads, 1 << 16),
            ("head_dim", self.head_dim, 1 << 12),
            ("intermediate_size", self.intermediate, 1 << 30),
            ("vocab_size", self.vocabulary, 1 << 24),
            ("num_experts", of_experts(|it| it.count), 1 << 20),
            ("moe_intermediate_size", of_experts(|it| it.intermediate.max(it.shared)), 1 << 30),
            ("q_lora_rank", of_latent(|it| it.q_rank.unwrap_or(0)), 1 << 24),
            ("kv_lora_rank", of_latent(|it| it.kv_rank), 1 << 24),
            ("qk_nope_head_dim", of_latent(|it| it.nope_dim), 1 << 12),
            ("qk_rope_head_dim", of_latent(|it| it.rope_dim), 1 << 12),
            ("v_head_dim", of_latent(|it| it.value_dim), 1 << 12),
        ] {
            if size > most {
                return Err(format!("`{name}` is {size}, more than any model has ({most})"));
            }
        }
        Ok(self)
    }

    /// Whether its heads are normalised before they turn.
    pub fn has_qk_norm(&self) -> bool {
        self.architecture.starts_with("Qwen3") || self.architecture.starts_with("Gemma3")
    }
}

#[cfg(test)]
mod tests;
