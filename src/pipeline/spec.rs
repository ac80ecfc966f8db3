//! The `pipeline:` block.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stage::Stage;
use crate::kernel::Duration;
use crate::spec::Problems;
use crate::workload::PyNumber;

/// Validation, preprocessing and the time that each stage takes. Left out, no
/// request is refused and no parameter changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PipelineSpec {
    /// Longer prompts are refused; in characters (Unicode scalar values).
    /// Default 4000.
    pub max_prompt_length: u32,
    /// What a request gets for parameters it does not name.
    pub defaults: DefaultsSpec,
    /// More output tokens are never asked of a model. Default 512.
    pub max_tokens_cap: u32,
    /// Virtual time that each stage takes. Default none.
    pub stages: StagesSpec,
    /// The request log, which keeps the last entries only.
    pub log: LogSpec,
}

impl Default for PipelineSpec {
    fn default() -> Self {
        PipelineSpec {
            max_prompt_length: 4000,
            defaults: DefaultsSpec::default(),
            max_tokens_cap: 512,
            stages: StagesSpec::default(),
            log: LogSpec::default(),
        }
    }
}

impl PipelineSpec {
    /// Checks what needs more than one field.
    pub fn check(&self, problems: &mut Problems) {
        if self.max_prompt_length == 0 {
            problems.at("max_prompt_length", |p| p.error("expected at least 1 character"));
        }
        if self.max_tokens_cap == 0 {
            problems.at("max_tokens_cap", |p| p.error("expected at least 1 token"));
        }
        if self.defaults.max_tokens > self.max_tokens_cap {
            problems.at("defaults", |p| {
                p.at("max_tokens", |p| {
                    p.warn(format!(
                        "the default of {} tokens is above max_tokens_cap and will be cut to {}",
                        self.defaults.max_tokens, self.max_tokens_cap
                    ));
                });
            });
        }
    }
}

/// Parameters of a request that names none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DefaultsSpec {
    /// Output tokens at most. Default 100.
    pub max_tokens: u32,
    /// Sampling temperature. Default 0.7.
    pub temperature: PyNumber,
    /// Nucleus sampling. Default 0.9.
    pub top_p: PyNumber,
}

impl Default for DefaultsSpec {
    fn default() -> Self {
        DefaultsSpec {
            max_tokens: 100,
            temperature: PyNumber::Float(0.7),
            top_p: PyNumber::Float(0.9),
        }
    }
}

/// Virtual time of each stage; the caches' and the servers' own times come on
/// top.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StagesSpec {
    /// Checking the request. Default 0s.
    pub validate: Duration,
    /// Filling in and bounding parameters. Default 0s.
    pub preprocess: Duration,
    /// Making the cache key. Default 0s.
    pub key: Duration,
    /// Choosing a model. Default 0s.
    pub select: Duration,
    /// Cleaning a model's answer, before it is stored. Default 0s.
    pub postprocess: Duration,
    /// Formatting the response. Default 0s.
    pub format: Duration,
}

impl StagesSpec {
    /// The time of `stage` by itself.
    pub fn time(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Validate => self.validate,
            Stage::Preprocess => self.preprocess,
            Stage::Key => self.key,
            Stage::Select => self.select,
            Stage::Postprocess => self.postprocess,
            Stage::Format => self.format,
            Stage::Cache | Stage::Semantic | Stage::Inference => Duration::ZERO,
        }
    }
}

/// The bounded request log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogSpec {
    /// Entries kept; older ones are dropped. Default 1000.
    pub capacity: usize,
}

impl Default for LogSpec {
    fn default() -> Self {
        LogSpec { capacity: 1000 }
    }
}
