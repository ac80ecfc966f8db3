//! The model at work: what a step of a batch takes.

use super::OperatorsSpec;
use super::small::Small;
use super::tables::Measured;
use crate::kernel::Duration;
use crate::serving::step::axis::{Axis, Below};
use crate::serving::step::decomposition::{Decomposition, Exchange, ExchangeKind, Rows};
use crate::serving::step::hardware::GpuSpec;
use crate::serving::step::interpolate::Line;
use crate::serving::step::memory::Memory;
use crate::serving::step::model_config::ModelConfig;
use crate::serving::step::step_time::{Batch, Growth, MOST_TICKS, Pace, TICKS_PER_NANO};

/// Measured operators, composed to steps.
#[derive(Debug)]
pub(in crate::serving::step) struct Operators {
    measured: Measured,
    small: Small,
    /// What GPUs exchange in a step, and how often.
    exchanges: Vec<(f64, Exchange)>,
    /// Of each step.
    per_step_us: f64,
    /// Of each step that is not scheduled while the one before it runs.
    synchronous: Duration,
    /// Of each sequence: choosing its token.
    per_sequence_us: f64,
    /// Tokens of the largest CUDA graph.
    most_captured: u64,
    memory: Memory,
}

impl Operators {
    pub(super) fn new(
        spec: &OperatorsSpec,
        model: &ModelConfig,
        parts: Decomposition,
        measured: Measured,
        small: Small,
        gpu: GpuSpec,
    ) -> Self {
        let mut exchanges: Vec<(f64, Exchange)> =
            parts.exchanges.iter().map(|exchange| (1.0, *exchange)).collect();
        for layer in &parts.layers {
            let count = f64::from(layer.count);
            exchanges.extend(layer.exchanges.iter().map(|exchange| (count, *exchange)));
        }
        let weights = parts.weight_bytes(model.weights);
        let memory = Memory::new(parts, gpu, weights, spec.kv_cache_dtype.bytes());
        Operators {
            measured,
            small,
            exchanges,
            per_step_us: spec.per_step.0 as f64 / 1e3,
            synchronous: spec.synchronous_scheduling,
            per_sequence_us: f64::from(model.vocabulary) * spec.sampling_ps_per_word / 1e6,
            most_captured: u64::from(spec.max_cudagraph_capture_size),
            memory,
        }
    }

    /// What a step takes besides, if it is not scheduled while the one before it runs.
    pub const fn synchronous(&self) -> Duration {
        self.synchronous
    }

    /// The memory of the GPUs.
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Decoding sequences' contexts are straight lines between those measured, with a whole
    /// number of ticks for each token.
    pub fn pace(&self, batch: &Batch, growth: &Growth) -> Pace {
        let mut line = Line { first: ticks(self.fixed_us(batch)), slope: 0, tokens: u64::MAX };
        if let Some(mean) = batch.decode_context.checked_div(batch.decode_seqs) {
            for layer in &self.measured.layers {
                let whole = |us: f64| ticks(us * layer.count);
                let own = layer.decodes.line(batch.decode_seqs, mean, layer.window, whole);
                line.first += own.first;
                line.slope += own.slope;
                line.tokens = line.tokens.min(own.tokens);
            }
        }
        let decodes = growth.decode_context > 0;
        // A prompt's next part has another context.
        let parts = growth.context_tokens > growth.decode_context;
        let slope = if decodes { line.slope } else { 0 };
        let steps = if parts { 1 } else { line.tokens.max(1) };
        let most = i128::from(MOST_TICKS);
        Pace::line(line.first.clamp(0, most) as u64, slope.clamp(-most, most) as i64, steps)
    }

    /// Microseconds of all but attention of decoding sequences.
    fn fixed_us(&self, batch: &Batch) -> f64 {
        let tokens = batch.prefill_tokens + batch.decode_seqs;
        let sequences = (batch.prefill_seqs + batch.decode_seqs).max(1) as f64;
        let graph = tokens <= self.most_captured;
        let rows = if graph { captured(tokens).min(self.most_captured) } else { tokens } as f64;
        let value = |axis: &Axis<f64>, x: f64| axis.value(x, Below::Level, |us| *us);
        let mut us = self.per_step_us
            + value(&self.measured.dense, rows)
            + value(&self.measured.head, sequences)
            + self.small.fixed_us
            + self.small.per_token_us * rows
            + self.per_sequence_us * sequences;
        for layer in &self.measured.layers {
            let mut own = layer.experts.as_ref().map_or(0.0, |axis| value(axis, rows));
            if batch.prefill_tokens > 0 {
                let most = layer.window.map_or(f64::INFINITY, |window| {
                    batch.prefill_tokens as f64 * f64::from(window)
                });
                let pairs = (batch.prefill_pairs as f64).min(most);
                own += layer.prompts.micros(batch.prefill_seqs, pairs);
            }
            us += own * layer.count;
        }
        us + self.exchanges_us(rows, sequences, graph)
    }

    fn exchanges_us(&self, tokens: f64, sequences: f64, graph: bool) -> f64 {
        let Some(all_reduce) = &self.measured.all_reduce else { return 0.0 };
        let each = |(times, exchange): &(f64, Exchange)| {
            let rows = match exchange.rows {
                Rows::Tokens => tokens,
                Rows::Sequences => sequences,
            };
            let numbers = rows * f64::from(exchange.numbers);
            times
                * match exchange.kind {
                    ExchangeKind::AllReduce => all_reduce.micros(numbers, graph),
                    // In a ring it is half of an all-reduce. The head's is in no graph.
                    ExchangeKind::AllGather => all_reduce.micros(numbers, false) / 2.0,
                    // Only of engines or stages, of which there is one.
                    ExchangeKind::AllToAll | ExchangeKind::Send => 0.0,
                }
        };
        self.exchanges.iter().map(each).sum()
    }
}

/// The size of the CUDA graph that so many tokens are filled up to (vLLM's
/// `cudagraph_capture_sizes`).
fn captured(tokens: u64) -> u64 {
    match tokens {
        0..=2 => tokens,
        3..=4 => 4,
        5..=256 => tokens.next_multiple_of(8),
        _ => tokens.next_multiple_of(16),
    }
}

/// Microseconds in ticks, rounded; the cast saturates.
fn ticks(us: f64) -> i128 {
    i128::from((us * (1000 * TICKS_PER_NANO) as f64 + 0.5) as u64)
}
