//! Texts, of which tokens and blocks are counted by words.

use crate::workload::incoming::{MAX_TOKENS, PromptId};
use crate::workload::text;
use crate::workload::trace::identity::TextHash;

/// Tokens of a block of text, as vLLM's blocks have by default.
pub const BLOCK_TOKENS: u32 = 16;

/// Tenths of a token to a word.
const PER_WORD: u64 = 13;

/// The text of a conversation, and its measures, as it grows.
#[derive(Debug, Default)]
pub(in crate::workload::trace) struct GrowingText {
    pub text: String,
    hash: TextHash,
    /// Characters (Unicode scalar values).
    pub chars: u32,
    words: u64,
    /// Names of the full blocks, each of which tells all before it too.
    pub blocks: Vec<u64>,
}

impl GrowingText {
    /// Adds a stripped message on a line of its own.
    pub fn add(&mut self, message: &str) {
        if !self.text.is_empty() {
            self.push('\n');
        }
        let mut in_word = false;
        for c in message.chars() {
            if text::is_space(c) {
                if in_word {
                    self.end_word();
                }
                in_word = false;
            } else {
                in_word = true;
            }
            self.push(c);
        }
        self.end_word();
    }

    fn push(&mut self, c: char) {
        self.text.push(c);
        self.hash.add(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.chars = self.chars.saturating_add(1);
    }

    /// A word has ended, and with it perhaps a block, whose name is a hash of all
    /// that it and those before it hold.
    fn end_word(&mut self) {
        self.words += 1;
        let full = self.words * PER_WORD / (u64::from(BLOCK_TOKENS) * 10);
        if full > self.blocks.len() as u64 {
            self.blocks.push(self.hash.value());
        }
    }

    /// The prompt that is the text so far.
    pub fn prompt(&self) -> PromptId {
        self.hash.prompt()
    }

    /// Its length in tenths of a token.
    pub fn decitokens(&self) -> u64 {
        self.words * PER_WORD
    }
}

/// The tokens of an answer, of which only the text is known.
pub(in crate::workload::trace) fn tokens_of(answer: &str) -> u32 {
    ((text::words(answer) * PER_WORD + 5) / 10).min(u64::from(MAX_TOKENS)) as u32
}
