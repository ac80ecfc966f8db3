//! The `engine` block of a model's server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::serving::step::{OverheadsSpec, StepModel, StepSpec};
use crate::spec::{Fraction, Problems};

/// A batching engine. Fields that vLLM has bear its names, and its defaults for an
/// online server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EngineSpec {
    /// How long a step takes: `linear`, `roofline`, `table`, `layers` or `operators`. Default:
    /// `linear`, for Llama 3.1 8B on one H100.
    pub step: StepSpec,
    /// Costs beside a step's own time, whatever the model of steps. Default: none.
    pub overheads: OverheadsSpec,
    /// Sequences in a batch, at most. Default: 256.
    pub max_num_seqs: u32,
    /// Tokens computed in a step, at most: one for each decoding sequence, then
    /// those of prompts. Default: 2048.
    pub max_num_batched_tokens: u32,
    /// Whether a prompt may be computed over several steps, beside decoding
    /// sequences. If not, a step computes either whole prompts, which go first, or
    /// decodes. Default: true.
    pub enable_chunked_prefill: bool,
    /// Whether a step is scheduled while the one before it runs, as vLLM does by itself
    /// since 0.14: who comes at a busy engine waits about a step more, and seats come free a
    /// step later. Only with chunked prefill. Default: true where `step` is `layers` or
    /// `operators`, which are measured on such versions; else false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub async_scheduling: Option<bool>,
    /// Whether a request begins only if blocks for its whole prompt are free, rather than for
    /// the first part of it (vLLM's default since March 2026). Default: true.
    pub scheduler_reserve_full_isl: bool,
    /// Tokens of a block of keys and values. Default: 16.
    pub block_size: u32,
    /// Blocks of keys and values that the memory holds. Default: what `step` knows
    /// of its server (a preset's figure, or the memory of the GPUs).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_gpu_blocks: Option<u32>,
    /// The share of the GPUs' memory for weights, keys and values, where `step` is a
    /// `roofline`. Default: 0.9.
    pub gpu_memory_utilization: Fraction,
    /// Whether beginnings of prompts that were computed before are used again.
    /// Default: true.
    pub enable_prefix_caching: bool,
    /// Tokens that one id in a prompt's chain of blocks stands for: a multiple of
    /// `block_size`. Default: `block_size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_block_size: Option<u32>,
    /// Who is next, and who goes when memory runs out. Default: `fcfs`.
    pub policy: QueuePolicy,
    /// Tokens of prompt and answer together, at most; longer requests are refused.
    /// Default: what the memory holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_model_len: Option<u32>,
    /// Requests that may wait for their first step; a further one is refused.
    /// Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_limit: Option<u32>,
}

/// Who is next, and who goes when memory runs out: the last in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueuePolicy {
    /// First come, first served.
    #[default]
    Fcfs,
    /// Shortest job first, by tokens of prompt and answer together: knows how long
    /// answers will be, as no real server can.
    Sjf,
    /// Smallest priority value first; among equals, first come, first served.
    Priority,
}

impl Default for EngineSpec {
    fn default() -> Self {
        EngineSpec {
            step: StepSpec::default(),
            overheads: OverheadsSpec::default(),
            max_num_seqs: 256,
            max_num_batched_tokens: 2048,
            enable_chunked_prefill: true,
            async_scheduling: None,
            scheduler_reserve_full_isl: true,
            block_size: 16,
            num_gpu_blocks: None,
            gpu_memory_utilization: Fraction::percent(90),
            enable_prefix_caching: true,
            hash_block_size: None,
            policy: QueuePolicy::default(),
            max_model_len: None,
            queue_limit: None,
        }
    }
}

/// As many sequences as an engine can have in a batch.
const MOST_SEQS: u32 = 1 << 20;

impl EngineSpec {
    /// Blocks of keys and values that the memory holds; at least 1.
    pub fn blocks(&self) -> u32 {
        self.blocks_of(self.step.kv_tokens(self.gpu_memory_utilization.get()))
    }

    /// The same, where `step`, the model of `self.step`, may know more from its files.
    pub(super) fn blocks_with(&self, step: &StepModel) -> u32 {
        let known = step.kv_tokens(self.gpu_memory_utilization.get());
        known.map_or_else(|| self.blocks(), |tokens| self.blocks_of(tokens))
    }

    /// The blocks that are said, or those of so many tokens.
    fn blocks_of(&self, tokens: u64) -> u32 {
        self.num_gpu_blocks.unwrap_or_else(|| {
            let blocks = tokens / u64::from(self.block_size.max(1));
            u32::try_from(blocks).unwrap_or(u32::MAX).max(1)
        })
    }

    /// Whether a step is scheduled while the one before it runs.
    pub fn asynchronous(&self) -> bool {
        let layers = || matches!(self.step, StepSpec::Layers(_) | StepSpec::Operators(_));
        self.enable_chunked_prefill && self.async_scheduling.unwrap_or_else(layers)
    }

    /// Tokens that one id in a chain of blocks stands for.
    pub fn tokens_per_id(&self) -> u32 {
        self.hash_block_size.unwrap_or(self.block_size)
    }

    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        problems.at("step", |p| self.step.check(p));
        problems.at("overheads", |p| self.overheads.check(p));
        if self.max_num_seqs == 0 || self.max_num_seqs > MOST_SEQS {
            problems.at("max_num_seqs", |p| {
                p.error(format!("expected 1 to {MOST_SEQS} sequences"));
            });
        }
        if self.max_num_batched_tokens < self.max_num_seqs {
            problems.at("max_num_batched_tokens", |p| {
                p.error_help(
                    format!("less than `max_num_seqs` ({})", self.max_num_seqs),
                    "each sequence of a batch computes at least one token",
                );
            });
        }
        if self.block_size == 0 {
            problems.at("block_size", |p| p.error("a block has at least 1 token"));
        } else if self.tokens_per_id() == 0 || !self.tokens_per_id().is_multiple_of(self.block_size)
        {
            problems.at("hash_block_size", |p| {
                p.error(format!("expected a multiple of `block_size` ({})", self.block_size));
            });
        }
        for (field, at_least_one) in [
            ("num_gpu_blocks", self.num_gpu_blocks),
            ("max_model_len", self.max_model_len),
            ("queue_limit", self.queue_limit),
        ] {
            if at_least_one == Some(0) {
                problems.at(field, |p| p.error("expected at least 1"));
            }
        }
        let room = |share| self.step.kv_tokens(share) >= u64::from(self.block_size);
        if self.gpu_memory_utilization.get() == 0.0 {
            problems.at("gpu_memory_utilization", |p| p.error("expected more than 0"));
        } else if self.num_gpu_blocks.is_none()
            && room(1.0)
            && !room(self.gpu_memory_utilization.get())
        {
            problems.at("gpu_memory_utilization", |p| {
                p.error("the weights leave no room for a single block of keys and values");
            });
        }
    }
}

/// A spec as the engine needs it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "vLLM's flags")]
pub(super) struct Settings {
    pub chunked: bool,
    /// Whether steps are scheduled one ahead.
    pub ahead: bool,
    /// Whether a prompt must fit whole to begin.
    pub whole_prompts: bool,
    pub caching: bool,
    pub policy: QueuePolicy,
    pub max_seqs: u32,
    /// At least one for each sequence.
    pub max_tokens: u32,
    pub max_model_len: u64,
    pub queue_limit: u32,
    pub block_size: u32,
    /// Tokens that an id of a chain stands for: whole blocks.
    pub per_id: u32,
}

impl Settings {
    pub fn new(spec: &EngineSpec) -> Self {
        let max_seqs = spec.max_num_seqs.clamp(1, MOST_SEQS);
        let block_size = spec.block_size.max(1);
        Settings {
            chunked: spec.enable_chunked_prefill,
            ahead: spec.asynchronous(),
            whole_prompts: spec.scheduler_reserve_full_isl,
            caching: spec.enable_prefix_caching,
            policy: spec.policy,
            max_seqs,
            max_tokens: spec.max_num_batched_tokens.max(max_seqs),
            max_model_len: spec.max_model_len.map_or(u64::MAX, u64::from),
            queue_limit: spec.queue_limit.unwrap_or(u32::MAX),
            block_size,
            per_id: (spec.tokens_per_id() / block_size).max(1) * block_size,
        }
    }
}
