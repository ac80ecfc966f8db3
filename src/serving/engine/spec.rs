//! The `engine` block of a model's server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults::BatchLimits;
use crate::serving::step::{MemorySettings, OverheadsSpec, StepModel, StepSpec};
use crate::spec::{Fraction, Path, Problem, Problems};

/// A batching engine. Fields that vLLM has bear its names, and the defaults of version 0.33
/// for an online server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "vLLM's flags")]
pub struct EngineSpec {
    /// How long a step takes: `linear`, `roofline`, `table`, `layers` or `operators`. Default:
    /// `linear`, for Llama 3.1 8B on one H100.
    pub step: StepSpec,
    /// Costs beside a step's own time, whatever the model of steps. Default: none.
    pub overheads: OverheadsSpec,
    /// Sequences in a batch, at most. Default: as vLLM has it for the GPU of `step`: 1024, or
    /// 256 where its memory is below 70 GiB and on an A100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_num_seqs: Option<u32>,
    /// Tokens computed in a step, at most: one for each decoding sequence, then
    /// those of prompts. Default: as vLLM has it for the GPU of `step`: 8192, 16384 where its
    /// memory is 160 GiB or more, 2048 where it is below 70 GiB and on an A100; without
    /// chunked prefill at least `max_model_len`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_num_batched_tokens: Option<u32>,
    /// Tokens of a prompt computed in a step, at most, where other requests are there: so
    /// that a long one leaves room for others. 0 sets no limit. Default: 0.
    pub long_prefill_token_threshold: u32,
    /// Whether a prompt may be computed over several steps. If not, it waits for a step that
    /// has room for all of it, beside those that decode. Default: true.
    pub enable_chunked_prefill: bool,
    /// Whether a step is scheduled while the one before it runs, as vLLM does by itself
    /// since 0.14: who comes at a busy engine waits about a step more, and seats and blocks
    /// come free a step later. `false` is `--no-async-scheduling`, and older versions.
    /// Default: true.
    pub async_scheduling: bool,
    /// Whether a request begins only if blocks for its whole prompt are free, rather than for
    /// the first part of it (vLLM's default since March 2026). Default: true.
    pub scheduler_reserve_full_isl: bool,
    /// Tokens of a block of keys and values. Default: 16.
    pub block_size: u32,
    /// Blocks of keys and values that the memory holds. Default: what `step` knows
    /// of its server (a preset's figure, or the memory of the GPUs); a `table` knows nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_gpu_blocks: Option<u32>,
    /// The share of the GPUs' memory for weights, activations, keys and values, where `step`
    /// names its GPU. Default: 0.9.
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
            max_num_seqs: None,
            max_num_batched_tokens: None,
            long_prefill_token_threshold: 0,
            enable_chunked_prefill: true,
            async_scheduling: true,
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
    /// Blocks of keys and values that the memory holds; `step` is the model of `self.step`.
    ///
    /// # Errors
    /// They are not said and `step` does not know them, or its model does not fit into the
    /// memory of its GPUs; the problem's place is relative to this.
    pub fn blocks(&self, step: &StepModel) -> Result<u32, Problem> {
        let of_memory =
            || step.blocks(&self.memory()).map_err(|it| it.within(&Path::parse("step")));
        self.num_gpu_blocks.map_or_else(of_memory, Ok)
    }

    /// What the memory that is left for keys and values depends on.
    fn memory(&self) -> MemorySettings {
        MemorySettings {
            gpu_memory_utilization: self.gpu_memory_utilization.get(),
            max_num_seqs: self.seats(),
            max_num_batched_tokens: self.tokens_per_step(),
            max_model_len: self.max_model_len,
            block_size: self.block_size,
        }
    }

    /// Sequences in a batch, at most.
    pub fn seats(&self) -> u32 {
        let most = || BatchLimits::of(&self.step).seqs;
        let fit = |seqs: u32| self.max_num_batched_tokens.map_or(seqs, |tokens| seqs.min(tokens));
        self.max_num_seqs.unwrap_or_else(|| fit(most()))
    }

    /// Tokens computed in a step, at most.
    pub fn tokens_per_step(&self) -> u32 {
        self.max_num_batched_tokens.unwrap_or_else(|| {
            let most = BatchLimits::of(&self.step).tokens;
            let whole = self.max_model_len.filter(|_| !self.enable_chunked_prefill);
            most.max(whole.unwrap_or(0))
        })
    }

    /// Tokens that one id in a chain of blocks stands for.
    pub fn tokens_per_id(&self) -> u32 {
        self.hash_block_size.unwrap_or(self.block_size)
    }

    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        problems.at("step", |p| self.step.check(p));
        problems.at("overheads", |p| self.overheads.check(p));
        let (seats, tokens) = (self.seats(), self.tokens_per_step());
        if self.max_num_batched_tokens == Some(0) {
            problems.at("max_num_batched_tokens", |p| p.error("expected at least 1"));
        } else if seats == 0 || seats > MOST_SEQS {
            problems.at("max_num_seqs", |p| {
                p.error(format!("expected 1 to {MOST_SEQS} sequences"));
            });
        } else if tokens < seats {
            let each = "each sequence of a batch computes at least one token";
            if self.max_num_batched_tokens.is_some() {
                let message = format!("less than `max_num_seqs` ({seats})");
                problems.at("max_num_batched_tokens", |p| p.error_help(message, each));
            } else {
                let message = format!("more than `max_num_batched_tokens` ({tokens})");
                problems.at("max_num_seqs", |p| p.error_help(message, each));
            }
        }
        if let Some(most) = self.max_model_len
            && self.long_prefill_token_threshold > most
        {
            problems.at("long_prefill_token_threshold", |p| {
                p.error_help(
                    format!("more than `max_model_len` ({most}): it would hold nothing back"),
                    "leave it out, or say fewer tokens than a long prompt has",
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
        if self.gpu_memory_utilization.get() == 0.0 {
            problems.at("gpu_memory_utilization", |p| p.error("expected more than 0"));
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
    /// Tokens of a prompt in a step, beside others; 0 for no limit.
    pub long_prefill: u32,
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
        let max_seqs = spec.seats().clamp(1, MOST_SEQS);
        let block_size = spec.block_size.max(1);
        Settings {
            chunked: spec.enable_chunked_prefill,
            ahead: spec.async_scheduling,
            long_prefill: spec.long_prefill_token_threshold,
            whole_prompts: spec.scheduler_reserve_full_isl,
            caching: spec.enable_prefix_caching,
            policy: spec.policy,
            max_seqs,
            max_tokens: spec.tokens_per_step().max(max_seqs),
            max_model_len: spec.max_model_len.map_or(u64::MAX, u64::from),
            queue_limit: spec.queue_limit.unwrap_or(u32::MAX),
            block_size,
            per_id: (spec.tokens_per_id() / block_size).max(1) * block_size,
        }
    }
}
