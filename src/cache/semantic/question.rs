//! What a semantic cache is asked.

use crate::workload::{IntentId, PromptId};

/// What a semantic cache is asked, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The prompt.
    pub prompt: PromptId,
    /// What it means: that judges an answer, and has no part in finding it.
    pub intent: IntentId,
    /// Whose answers may serve it: those of the same scope.
    pub scope: u32,
}

impl Question {
    /// A question to a cache that is everybody's.
    pub const fn new(prompt: PromptId, intent: IntentId) -> Self {
        Question { prompt, intent, scope: 0 }
    }
}
