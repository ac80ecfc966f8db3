//! A row of a trace, whatever its format.

use crate::workload::incoming::PromptId;

/// A row as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// When, in nanoseconds of the format's own clock.
    pub stamp: u64,
    /// Tokens of the prompt.
    pub input_tokens: u32,
    /// Tokens of the answer, if they are known.
    pub output_tokens: Option<u32>,
    /// Which prompt it is, if the format knows that.
    pub prompt: Option<PromptId>,
    /// Who asks, as an index of the trace's users, if the format knows that.
    pub user: Option<u32>,
}
