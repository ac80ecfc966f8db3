//! What is asked: the prompts of one run, and how long they are.

use super::incoming::{IntentId, PromptId, PromptSize};
use super::lengths::PromptLengths;
use super::prompts::Prompts;
use crate::kernel::Stream;

/// How many prompts are drawn at a time. The tables of a million prompts do not
/// fit into the nearer caches; drawn together, their misses overlap (half the
/// time a request at 10^6 prompts, see `benches/workload.rs`).
const BATCH: usize = 32;

/// Draws prompts, a batch ahead of their use. As they have streams of their own,
/// nobody can tell.
#[derive(Debug)]
pub(super) struct PromptSampler {
    prompts: Prompts,
    stream: Stream,
    /// `None` where lengths come from elsewhere.
    lengths: Option<PromptLengths>,
    batch: [(PromptId, u32); BATCH],
    used: usize,
}

impl PromptSampler {
    pub fn new(prompts: Prompts, stream: Stream, lengths: Option<PromptLengths>) -> Self {
        PromptSampler { prompts, stream, lengths, batch: [(PromptId(0), 0); BATCH], used: BATCH }
    }

    /// The next prompt and its tokens (0 where lengths come from elsewhere).
    #[inline]
    pub fn draw(&mut self) -> (PromptId, u32) {
        if self.used == BATCH {
            self.refill();
        }
        self.used += 1;
        self.batch[self.used - 1]
    }

    /// The variate that picked the length of a prompt, where lengths are drawn.
    #[inline]
    pub fn length_uniform(&self, prompt: PromptId) -> Option<f64> {
        self.lengths.as_ref().map(|lengths| lengths.uniform(prompt))
    }

    /// What a prompt means.
    pub fn intent(&self, prompt: PromptId) -> IntentId {
        self.prompts.intent(prompt)
    }

    /// Characters and tenths of a token of a prompt, where its text is real.
    #[inline]
    pub fn size(&self, prompt: PromptId) -> Option<PromptSize> {
        self.prompts.size(prompt)
    }

    #[inline(never)]
    fn refill(&mut self) {
        for (prompt, _) in &mut self.batch {
            *prompt = self.prompts.draw(&mut self.stream);
        }
        if let Some(lengths) = &mut self.lengths {
            for (prompt, tokens) in &mut self.batch {
                *tokens = lengths.of(*prompt);
            }
        }
        self.used = 0;
    }
}
