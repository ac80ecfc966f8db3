//! Step time from the figures of model and GPU.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hardware::{GpuSpec, TransformerSpec};
use super::step_time::{Batch, Growth, MOST_TICKS, Pace, TICKS_PER_NANO};
use crate::kernel::Duration;
use crate::spec::{Fraction, Positive, Problems};

/// A step takes the longer of its arithmetic and its memory traffic, and a constant
/// (S. Williams, A. Waterman, D. Patterson: Roofline. CACM 52(4), 2009):
///
/// - arithmetic: 2 x weights for each token, and 4 x layers x heads x head size for
///   each pair of a token and one that it attends to;
/// - traffic: all weights once, and the keys and values of all contexts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RooflineSpec {
    /// The model. Default: `llama-3.1-8b`.
    pub model: TransformerSpec,
    /// The GPU. Default: `h100`.
    pub gpu: GpuSpec,
    /// GPUs that share each layer. Default: 1.
    pub tensor_parallel_size: u32,
    /// Bytes of a weight. Default: 2.
    pub weight_bytes: Positive,
    /// Bytes of a number in keys and values. Default: 2.
    pub kv_bytes: Positive,
    /// The share of the GPU's arithmetic that is reached. Default: 0.65, as in BLIS.
    pub compute_efficiency: Fraction,
    /// The share of the GPU's bandwidth that is reached. Default: 0.72, as in BLIS.
    pub bandwidth_efficiency: Fraction,
    /// What a step takes besides: launching, scheduling, sampling. Default: 500us, as
    /// in BLIS.
    pub per_step: Duration,
}

impl Default for RooflineSpec {
    fn default() -> Self {
        let two = Positive::try_from(2.0).expect("2 is greater than 0");
        RooflineSpec {
            model: TransformerSpec::default(),
            gpu: GpuSpec::default(),
            tensor_parallel_size: 1,
            weight_bytes: two,
            kv_bytes: two,
            compute_efficiency: Fraction::percent(65),
            bandwidth_efficiency: Fraction::percent(72),
            per_step: Duration(500_000),
        }
    }
}

impl RooflineSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.tensor_parallel_size == 0 {
            problems.at("tensor_parallel_size", |p| p.error("there is at least 1 GPU"));
        }
        for (field, share) in [
            ("compute_efficiency", self.compute_efficiency),
            ("bandwidth_efficiency", self.bandwidth_efficiency),
        ] {
            if share.get() == 0.0 {
                problems.at(field, |p| p.error("expected more than 0"));
            }
        }
        if self.kv_tokens(1.0) == 0 && self.tensor_parallel_size > 0 {
            problems.error_help(
                "the weights do not fit into the memory of the GPUs",
                "more GPUs (`tensor_parallel_size`) or smaller weights (`weight_bytes`)",
            );
        }
    }

    /// What the memory of the GPUs holds beside the weights.
    pub(super) fn kv_tokens(&self, utilization: f64) -> u64 {
        let memory = self.gpu.figures().memory_gb.get() * 1e9 * self.gpus() * utilization;
        // The cast takes what is negative to 0.
        ((memory - self.weights()) / self.kv_of_a_token()) as u64
    }

    fn gpus(&self) -> f64 {
        f64::from(self.tensor_parallel_size)
    }

    /// Bytes of all weights.
    fn weights(&self) -> f64 {
        self.model.figures().parameters_billion.get() * 1e9 * self.weight_bytes.get()
    }

    /// Bytes of the keys and values of a token.
    fn kv_of_a_token(&self) -> f64 {
        let model = self.model.figures();
        let numbers = f64::from(model.num_hidden_layers)
            * f64::from(model.num_key_value_heads)
            * f64::from(model.head_dim);
        2.0 * numbers * self.kv_bytes.get()
    }
}

/// The model at work, in ticks.
#[derive(Clone, Debug)]
pub(super) struct Roofline {
    /// Of each step, for launching and the like.
    per_step: u64,
    /// Arithmetic for each token, and for each pair of tokens in attention.
    per_token: u64,
    per_pair: u64,
    /// Traffic for the weights, and for each token of a context.
    weights: u64,
    per_context: u64,
}

impl Roofline {
    pub fn new(spec: &RooflineSpec) -> Self {
        let (model, gpu) = (spec.model.figures(), spec.gpu.figures());
        let flops = gpu.tflops.get() * 1e12 * spec.compute_efficiency.get() * spec.gpus();
        let bandwidth =
            gpu.bandwidth_gb_s.get() * 1e9 * spec.bandwidth_efficiency.get() * spec.gpus();
        let attention = 4.0
            * f64::from(model.num_hidden_layers)
            * f64::from(model.num_attention_heads)
            * f64::from(model.head_dim);
        Roofline {
            per_step: spec.per_step.0.saturating_mul(TICKS_PER_NANO).min(MOST_TICKS),
            per_token: ticks(2e9 * model.parameters_billion.get() / flops),
            per_pair: ticks(attention / flops),
            weights: ticks(spec.weights() / bandwidth),
            per_context: ticks(spec.kv_of_a_token() / bandwidth),
        }
    }

    /// Two arithmetic progressions, of which the greater counts until the other has
    /// overtaken it.
    #[inline]
    pub fn pace(&self, batch: &Batch, growth: &Growth) -> Pace {
        let tokens = batch.prefill_tokens + batch.decode_seqs;
        let pairs = batch.prefill_pairs + batch.decode_context;
        let work = self.per_token.saturating_mul(tokens);
        let work = work.saturating_add(self.per_pair.saturating_mul(pairs));
        let more_work = self.per_pair.saturating_mul(growth.prefill_pairs + growth.decode_context);
        let reading = self.per_context.saturating_mul(batch.context_tokens);
        let traffic = self.weights.saturating_add(reading);
        let more_traffic = self.per_context.saturating_mul(growth.context_tokens);
        let (now, slope, other, other_slope) = if work > traffic {
            (work, more_work, traffic, more_traffic)
        } else {
            (traffic, more_traffic, work, more_work)
        };
        let overtaken = match other_slope.checked_sub(slope) {
            None | Some(0) => u64::MAX,
            Some(nearer) => (now - other) / nearer + 1,
        };
        let slope = slope.min(MOST_TICKS) as i64;
        Pace::line(now.saturating_add(self.per_step), slope, overtaken)
    }
}

/// Seconds in ticks, rounded; the cast saturates.
fn ticks(secs: f64) -> u64 {
    (secs * 1e9 * TICKS_PER_NANO as f64 + 0.5) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(model: &Roofline, batch: &Batch) -> f64 {
        let pace = model.pace(batch, &Growth::default());
        pace.first as f64 / TICKS_PER_NANO as f64 / 1e6
    }

    #[test]
    fn few_sequences_wait_for_memory_and_long_prompts_for_arithmetic() {
        let model = Roofline::new(&RooflineSpec::default());
        // 16.06 GB at 72 % of 3350 GB/s is 6.658 ms, and the step's own 0.5 ms; 32
        // contexts of 1000 tokens of 131072 bytes add 1.739 ms.
        let decode = Batch {
            decode_seqs: 32,
            context_tokens: 32_000,
            decode_context: 32_000,
            ..Batch::default()
        };
        assert!((millis(&model, &decode) - (6.658 + 1.739 + 0.5)).abs() < 0.002);
        // 2048 tokens x 16.06 GFLOP at 65 % of 989.5 TFLOPS is 51.14 ms, attention among
        // them 4 x 32 x 4096 x 2048 x 2049 / 2 FLOP, or 1.71 ms.
        let prompt = Batch {
            prefill_tokens: 2048,
            prefill_pairs: 2048 * 2049 / 2,
            context_tokens: 2048,
            ..Batch::default()
        };
        assert!((millis(&model, &prompt) - (51.14 + 1.71 + 0.5)).abs() < 0.01);
    }

    #[test]
    fn memory_holds_what_the_weights_leave() {
        // 90 % of 80 GB less 16.06 GB, in tokens of 131072 bytes.
        assert_eq!(RooflineSpec::default().kv_tokens(0.9), 426_788);
        let small: RooflineSpec =
            serde_yaml::from_str("{ gpu: l4, model: llama-3.1-70b }").unwrap();
        assert_eq!(small.kv_tokens(0.9), 0);
        let mut problems = Problems::default();
        small.check(&mut problems);
        RooflineSpec { tensor_parallel_size: 0, ..RooflineSpec::default() }.check(&mut problems);
        let found: Vec<String> = problems.list().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(found, ["", "tensor_parallel_size"]);
    }

    proptest! {
        #[test]
        fn a_pace_holds_as_long_as_it_says(
            decode_seqs in 0u64..300, decode_context in 0u64..100_000,
            prefill_tokens in 0u64..3000, computed in 0u64..100_000, per_context in 0u64..1 << 30,
            per_pair in 0u64..1 << 24,
        ) {
            let mut model = Roofline::new(&RooflineSpec::default());
            (model.per_context, model.per_pair) = (per_context, per_pair);
            let growth = Growth {
                prefill_pairs: prefill_tokens * prefill_tokens,
                context_tokens: decode_seqs + prefill_tokens,
                decode_context: decode_seqs,
            };
            let batch = |step: u64| Batch {
                prefill_tokens,
                prefill_pairs: prefill_tokens * (computed + step * prefill_tokens),
                decode_seqs,
                context_tokens: decode_context + computed + step * growth.context_tokens,
                decode_context: decode_context + step * decode_seqs,
                ..Batch::default()
            };
            let pace = model.pace(&batch(0), &growth);
            let last = pace.steps.min(10_000);
            for step in (0..last.min(40)).chain([last / 2, last - 1]) {
                let later = model.pace(&batch(step), &growth);
                prop_assert_eq!(later.first as i64, pace.first as i64 + pace.slope * step as i64);
            }
            if pace.steps < 10_000 {
                let later = model.pace(&batch(pace.steps), &growth);
                let overtaken = later.slope > pace.slope || later.first == MOST_TICKS;
                prop_assert!(overtaken, "or no step is longer");
            }
        }
    }
}
