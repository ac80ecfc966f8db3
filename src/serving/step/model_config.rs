//! A model's `config.json`, as Hugging Face has it.

use std::path::PathBuf;

use serde::Deserialize;

use crate::spec::{Path, Problem};
use crate::workload::DataPaths;

/// The architectures that are known: decoders with grouped attention, dense or with
/// experts in every layer.
const ARCHITECTURES: [&str; 7] = [
    "LlamaForCausalLM",
    "MistralForCausalLM",
    "MixtralForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen2MoeForCausalLM",
    "Qwen3ForCausalLM",
    "Qwen3MoeForCausalLM",
];

/// What a `config.json` says of a model.
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
    /// Width of the dense feed-forward layer.
    pub intermediate: u32,
    /// Words.
    pub vocabulary: u32,
    /// Whether the head is the embedding.
    pub tied: bool,
    /// Experts, if there are any.
    pub experts: Option<Experts>,
}

/// A mixture of experts in each layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Experts {
    /// Experts of a layer.
    pub count: u32,
    /// Those that a token goes to.
    pub per_token: u32,
    /// Width of each.
    pub intermediate: u32,
}

#[derive(Deserialize)]
struct Raw {
    architectures: Option<Vec<String>>,
    num_hidden_layers: u32,
    hidden_size: u32,
    num_attention_heads: u32,
    num_key_value_heads: Option<u32>,
    head_dim: Option<u32>,
    intermediate_size: u32,
    vocab_size: u32,
    tie_word_embeddings: Option<bool>,
    num_experts: Option<u32>,
    num_local_experts: Option<u32>,
    num_experts_per_tok: Option<u32>,
    moe_intermediate_size: Option<u32>,
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
        let text = std::fs::read_to_string(&file).map_err(|error| problem(error.to_string()))?;
        ModelConfig::read(&text).map_err(problem)
    }

    /// Reads the text of a `config.json`.
    fn read(text: &str) -> Result<Self, String> {
        let raw: Raw = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let architecture = raw.architectures.unwrap_or_default().into_iter().next();
        let architecture = architecture.ok_or("it names no architecture")?;
        if !ARCHITECTURES.contains(&architecture.as_str()) {
            let known = ARCHITECTURES.join(", ");
            return Err(format!("the architecture {architecture} is not known; known are {known}"));
        }
        let kv_heads = raw.num_key_value_heads.unwrap_or(raw.num_attention_heads);
        for (name, figure) in [
            ("num_hidden_layers", raw.num_hidden_layers),
            ("hidden_size", raw.hidden_size),
            ("num_attention_heads", raw.num_attention_heads),
            ("num_key_value_heads", kv_heads),
            ("vocab_size", raw.vocab_size),
        ] {
            if figure == 0 {
                return Err(format!("`{name}` is 0"));
            }
        }
        let experts = raw.num_experts.or(raw.num_local_experts).filter(|count| *count > 0);
        let experts = match experts {
            None => None,
            Some(count) => {
                let per_token = raw.num_experts_per_tok.filter(|it| (1..=count).contains(it));
                Some(Experts {
                    count,
                    per_token: per_token
                        .ok_or("`num_experts_per_tok` must be from 1 to the number of experts")?,
                    intermediate: raw.moe_intermediate_size.unwrap_or(raw.intermediate_size),
                })
            }
        };
        Ok(ModelConfig {
            architecture,
            layers: raw.num_hidden_layers,
            hidden: raw.hidden_size,
            heads: raw.num_attention_heads,
            kv_heads,
            head_dim: raw.head_dim.unwrap_or(raw.hidden_size / raw.num_attention_heads),
            intermediate: raw.intermediate_size,
            vocabulary: raw.vocab_size,
            tied: raw.tie_word_embeddings.unwrap_or(false),
            experts,
        })
    }

    /// Whether its heads are normalised before they turn (Qwen 3).
    pub fn has_qk_norm(&self) -> bool {
        self.architecture.starts_with("Qwen3")
    }

    /// Its weights: of attention, of the feed-forward layers or all their experts, of
    /// embedding and head. Norms and biases are left out, which are less than 0.1 %.
    pub fn parameters(&self) -> f64 {
        let f = f64::from;
        let hidden = f(self.hidden);
        let attention = hidden * f(self.head_dim) * 2.0 * (f(self.heads) + f(self.kv_heads));
        let feed_forward = match self.experts {
            Some(experts) => f(experts.count) * (3.0 * hidden * f(experts.intermediate) + hidden),
            None => 3.0 * hidden * f(self.intermediate),
        };
        let ends = f(self.vocabulary) * hidden * if self.tied { 1.0 } else { 2.0 };
        f(self.layers) * (attention + feed_forward) + ends
    }

    /// Numbers that are kept of a token: keys and values of all layers.
    pub fn kv_numbers(&self) -> f64 {
        2.0 * f64::from(self.layers) * f64::from(self.kv_heads) * f64::from(self.head_dim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LLAMA: &str = r#"{ "architectures": ["LlamaForCausalLM"], "num_hidden_layers": 32,
        "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
        "intermediate_size": 14336, "vocab_size": 128256, "rope_theta": 500000.0 }"#;

    #[test]
    fn figures_are_those_of_the_model_card() {
        let llama = ModelConfig::read(LLAMA).unwrap();
        // Llama 3.1 8B: 8.03 billion weights, 131,072 bytes of keys and values a token.
        assert!((llama.parameters() / 1e9 - 8.03).abs() < 0.01, "{}", llama.parameters());
        assert_eq!((llama.kv_numbers() * 2.0, llama.head_dim), (131_072.0, 128));
        let mixtral = LLAMA
            .replace("Llama", "Mixtral")
            .replace("128256", "32000, \"num_local_experts\": 8, \"num_experts_per_tok\": 2");
        let mixtral = ModelConfig::read(&mixtral).unwrap();
        assert!((mixtral.parameters() / 1e9 - 46.7).abs() < 0.1, "{}", mixtral.parameters());
    }

    #[test]
    fn what_is_not_known_is_said() {
        let read = |text: &str| ModelConfig::read(text).unwrap_err();
        assert!(read(&LLAMA.replace("Llama", "Mamba")).contains("MambaForCausalLM is not known"));
        assert!(read(&LLAMA.replace("\"hidden_size\": 4096,", "")).contains("hidden_size"));
        assert!(read("[]").contains("invalid"));
        assert!(read(&LLAMA.replace(": 8,", ": 0,")).contains("`num_key_value_heads` is 0"));
    }
}
