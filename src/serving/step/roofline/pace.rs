//! The time of a step, and how it goes on.

use super::window::{PARTS, prompts, seen};
use crate::serving::step::decomposition::Rows;
use crate::serving::step::memory::Memory;
use crate::serving::step::step_time::{Batch, Growth, MOST_TICKS, Pace};

/// The model at work, in ticks.
#[derive(Clone, Debug)]
pub(in crate::serving::step) struct Roofline {
    /// Of each step.
    pub(super) constant: u64,
    /// What GPUs send each other for each token and each sequence.
    pub(super) per_token: u64,
    pub(super) per_seq: u64,
    pub(super) products: Vec<ProductCost>,
    pub(super) experts: Vec<ExpertsCost>,
    pub(super) attention: Vec<AttentionCost>,
    /// Parts of a batch that are under way at once, one in each stage of the pipeline.
    pub(super) stages: u64,
    pub(super) memory: Memory,
}

/// A matrix, in all layers that have it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProductCost {
    pub rows: Rows,
    /// Arithmetic of a row.
    pub work: u64,
    /// Reading the matrix.
    pub weights: u64,
    /// Reading and writing a row.
    pub traffic: u64,
}

/// The experts of all layers that have them.
#[derive(Clone, Debug)]
pub(super) struct ExpertsCost {
    /// Arithmetic of a token.
    pub work: u64,
    /// Reading and writing it.
    pub traffic: u64,
    /// Reading the experts that so many tokens go to; the last: all of them.
    pub read: Vec<u64>,
}

/// Attention of all layers of a kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttentionCost {
    pub window: Option<u64>,
    /// Arithmetic of a pair of a prompt's token and one that it attends to.
    pub pair: u64,
    /// Arithmetic of a token that a prompt's part finds computed before.
    pub again: u64,
    /// Reading keys and values of a prompt's token.
    pub read: u64,
    /// A token in the context of a decoding sequence.
    pub decode: u64,
}

/// Ticks of a part of a step, by how much they grow, and for how many steps.
struct Line {
    first: u128,
    slope: u128,
    steps: u64,
}

impl Roofline {
    /// A sum of parts, of which each is a line or the higher of two, which counts until the
    /// other has overtaken it.
    pub fn pace(&self, batch: &Batch, growth: &Growth) -> Pace {
        // In each stage there is a part of the batch.
        let tokens = (batch.prefill_tokens + batch.decode_seqs).div_ceil(self.stages);
        let seqs = (batch.prefill_seqs + batch.decode_seqs).div_ceil(self.stages);
        let mut first =
            u128::from(self.constant) + times(self.per_token, tokens) + times(self.per_seq, seqs);
        for product in &self.products {
            let rows = match product.rows {
                Rows::Tokens => tokens,
                Rows::Sequences => seqs,
            };
            let traffic = times(product.traffic, rows).saturating_add(product.weights.into());
            first = first.saturating_add(times(product.work, rows).max(traffic));
        }
        for experts in &self.experts {
            let last = experts.read.len() as u64 - 1;
            let read = experts.read[tokens.min(last) as usize];
            let traffic = times(experts.traffic, tokens).saturating_add(read.into());
            first = first.saturating_add(times(experts.work, tokens).max(traffic));
        }
        let (mut slope, mut steps) = (0_u128, u64::MAX);
        for attention in &self.attention {
            for line in [attention.decodes(batch, growth), attention.prompts(batch, growth)] {
                first = first.saturating_add(line.first);
                slope = slope.saturating_add(line.slope);
                steps = steps.min(line.steps);
            }
        }
        let first = u64::try_from(first).unwrap_or(u64::MAX);
        Pace::line(first, slope.min(u128::from(MOST_TICKS)) as i64, steps)
    }

    /// Whether some layers have a window.
    pub fn has_windows(&self) -> bool {
        self.attention.iter().any(|attention| attention.window.is_some())
    }

    /// The memory of the GPUs.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }
}

impl AttentionCost {
    fn decodes(&self, batch: &Batch, growth: &Growth) -> Line {
        let Some(window) = self.window else {
            return Line {
                first: times(self.decode, batch.decode_context),
                slope: times(self.decode, growth.decode_context),
                steps: u64::MAX,
            };
        };
        let seen = seen(batch, window, growth.decode_context > 0);
        // Whole ticks for each part of a token.
        let part = u128::from(self.decode) / PARTS;
        let (first, slope) = (part.saturating_mul(seen.first), part.saturating_mul(seen.slope));
        Line { first, slope, steps: seen.steps }
    }

    fn prompts(&self, batch: &Batch, growth: &Growth) -> Line {
        let more = growth.context_tokens.saturating_sub(growth.decode_context);
        if let Some(window) = self.window {
            let (pairs, context) = prompts(batch, window);
            let first = (self.pair as f64 * pairs).max(self.read as f64 * context);
            let goes_on = more > 0 || growth.prefill_pairs > 0;
            let steps = if goes_on { 1 } else { u64::MAX };
            return Line { first: first as u128, slope: 0, steps };
        }
        let context = batch.context_tokens.saturating_sub(batch.decode_context);
        let before = context.saturating_sub(batch.prefill_tokens);
        let work = times(self.pair, batch.prefill_pairs).saturating_add(times(self.again, before));
        let more_work =
            times(self.pair, growth.prefill_pairs).saturating_add(times(self.again, more));
        let (traffic, more_traffic) = (times(self.read, context), times(self.read, more));
        let (first, slope, other, other_slope) = if work > traffic {
            (work, more_work, traffic, more_traffic)
        } else {
            (traffic, more_traffic, work, more_work)
        };
        let steps = match other_slope.checked_sub(slope) {
            None | Some(0) => u64::MAX,
            Some(nearer) => u64::try_from((first - other) / nearer).unwrap_or(u64::MAX - 1) + 1,
        };
        Line { first, slope, steps }
    }
}

fn times(ticks: u64, number: u64) -> u128 {
    u128::from(ticks) * u128::from(number)
}
