//! Models by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ModelConfig;

/// The list of models: what it is, its name, its file.
macro_rules! models {
    ($($(#[$meta:meta])* $variant:ident $name:literal;)*) => {
        /// Models whose figures are built in, from the `config.json` of their makers.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum KnownModel {
            $(
                $(#[$meta])*
                #[serde(rename = $name)]
                $variant,
            )*
        }

        impl KnownModel {
            /// All of them.
            pub const ALL: &[KnownModel] = &[$(KnownModel::$variant),*];

            /// Its name in a file.
            pub const fn name(self) -> &'static str {
                match self {
                    $(KnownModel::$variant => $name,)*
                }
            }

            /// The figures of its `config.json` that count.
            const fn text(self) -> &'static str {
                match self {
                    $(KnownModel::$variant => include_str!(concat!("known/", $name, ".json")),)*
                }
            }
        }
    };
}

models! {
    /// Llama 3.1 8B.
    #[default]
    Llama8b "llama-3.1-8b";
    /// Llama 3.1 70B (and 3.3).
    Llama70b "llama-3.1-70b";
    /// Llama 3.1 405B.
    Llama405b "llama-3.1-405b";
    /// Llama 4 Scout: 16 experts.
    Llama4Scout "llama-4-scout";
    /// Mistral 7B v0.3.
    Mistral7b "mistral-7b";
    /// Mixtral 8x7B.
    Mixtral8x7b "mixtral-8x7b";
    /// Qwen 2.5 7B.
    Qwen25x7b "qwen2.5-7b";
    /// Qwen 2.5 72B.
    Qwen25x72b "qwen2.5-72b";
    /// Qwen 3 8B.
    Qwen3x8b "qwen3-8b";
    /// Qwen 3 32B.
    Qwen3x32b "qwen3-32b";
    /// Qwen 3 30B-A3B: 128 experts.
    Qwen3x30bA3b "qwen3-30b-a3b";
    /// Qwen 3 235B-A22B: 128 experts.
    Qwen3x235bA22b "qwen3-235b-a22b";
    /// Gemma 3 27B, its decoder: five of six layers have a window.
    Gemma3x27b "gemma-3-27b";
    /// Phi 4 (14B).
    Phi4 "phi-4";
    /// gpt-oss 20B: 32 experts in MXFP4, a window in every other layer.
    GptOss20b "gpt-oss-20b";
    /// gpt-oss 120B: 128 experts in MXFP4, a window in every other layer.
    GptOss120b "gpt-oss-120b";
    /// `DeepSeek` V3 (and R1): latent attention, 256 experts, fp8.
    DeepSeekV3 "deepseek-v3";
    /// Kimi K2: latent attention, 384 experts, fp8.
    KimiK2 "kimi-k2";
    /// GLM 4.5: 160 experts.
    Glm45 "glm-4.5";
}

impl KnownModel {
    /// What its `config.json` says.
    ///
    /// # Panics
    /// Never: a test reads them all.
    pub fn config(self) -> ModelConfig {
        ModelConfig::read(self.text()).expect("a test reads them all")
    }
}
