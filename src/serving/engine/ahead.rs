//! Scheduling one step ahead.
//!
//! While a step runs on the GPU, the next one is scheduled already (vLLM's asynchronous
//! scheduling, `v1/engine/core.py`: `step_with_batch_queue`). So who is admitted at the
//! beginning of a step computes with the one after it, and what ended with the step before
//! it is what is free then. Sequences that go on do so as ever. At an idle engine the first
//! step is scheduled and begins at once.

use super::Engine;
use super::run::Run;
use crate::serving::step::Batch;

/// A sequence that begins with the next step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead {
    slot: u32,
    /// Tokens that it computes then.
    chunk: u32,
}

impl Engine {
    /// Composes the step that begins, and admits to the one after it. Returns whether a
    /// sequence was preempted.
    pub(super) fn compose_ahead(&mut self, run: &mut Run, batch: &mut Batch) -> bool {
        let preempted = self.continue_running(run, batch);
        for nth in 0..self.ahead.len() {
            let Ahead { slot, chunk } = self.ahead[nth];
            self.compute(slot, chunk, run, batch);
        }
        self.ahead.clear();
        if run.seqs == 0 {
            self.admit_waiting(run, batch);
        }
        if !preempted {
            self.admit_to_next(run);
        }
        preempted
    }

    /// Lets those that wait begin with the step after the one that is composed.
    fn admit_to_next(&mut self, run: &Run) {
        let mut tokens = self.settings.max_tokens.saturating_sub(self.tokens_of_next(run));
        while tokens > 0 && self.may_begin() {
            let Some(slot) = self.waiting.first(&self.sequences) else { break };
            let Some(chunk) = self.admit(slot, tokens) else { break };
            tokens = tokens.saturating_sub(chunk);
            self.ahead.push(Ahead { slot, chunk });
        }
    }

    /// Tokens that those who run compute in the step after the one that is composed.
    fn tokens_of_next(&mut self, run: &Run) -> u32 {
        let ending = self.decoding.ending_next(&self.sequences);
        let begin = self.completing.iter().filter(|slot| {
            let sequence = &self.sequences[**slot];
            sequence.made + 1 < sequence.output
        });
        let decoding = self.decoding.count() - ending + begin.count() as u32;
        let part = run.partial.map_or(0, |(slot, chunk)| self.sequences[slot].remaining() - chunk);
        decoding.saturating_add(part)
    }

    /// A sequence that was to begin with the next step does not.
    pub(super) fn drop_ahead(&mut self, slot: u32) {
        if let Some(nth) = self.ahead.iter().position(|it| it.slot == slot) {
            // The blocks of what it would have computed.
            let Ahead { chunk, .. } = self.ahead.remove(nth);
            self.blocks.give(self.new_blocks(self.sequences[slot].computed, chunk));
        }
    }

    /// Whether a sequence begins with the next step.
    pub(super) fn begins_next(&self, slot: u32) -> bool {
        self.ahead.iter().any(|it| it.slot == slot)
    }
}
