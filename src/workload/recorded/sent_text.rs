//! The texts of prompts that were recorded.

use std::sync::Arc;

/// The text of a prompt, shared with the conversation that it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentText {
    /// All that is said in the conversation, of which it is the beginning.
    pub(in crate::workload) whole: Arc<str>,
    /// Where it ends, in bytes.
    pub(in crate::workload) end: usize,
    /// Characters (Unicode scalar values).
    pub chars: u32,
    /// Tenths of a token.
    pub decitokens: u64,
    /// Which of the requests of its conversation it is, from 0.
    pub turn: u32,
}

impl SentText {
    /// The text, without white space at its ends.
    pub fn as_str(&self) -> &str {
        &self.whole[..self.end]
    }
}
