//! What can go wrong with one request.

/// Why a request got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The client sent no prompt.
    #[error("Missing required field: prompt")]
    MissingPrompt,
    /// The prompt has more characters than `max_prompt_length`.
    #[error("Prompt exceeds maximum length of {limit} characters: it has {chars}")]
    PromptTooLong {
        /// Its characters (Unicode scalar values).
        chars: u32,
        /// The limit.
        limit: u32,
    },
    /// No model is within what is left of the user's budget.
    #[error("Insufficient budget for any available model")]
    InsufficientBudget,
    /// The chosen model's queue was full.
    #[error("The model's queue is full")]
    QueueFull,
}

impl RequestError {
    /// Whether anyone who asked the same now would get it too: it is the models',
    /// not the request's or its user's own.
    pub const fn is_everyones(self) -> bool {
        matches!(self, RequestError::QueueFull)
    }

    /// Whether the system turned a sound request away (`rejected`), rather than
    /// the request being wrong (`errors`).
    pub const fn is_rejection(self) -> bool {
        matches!(self, RequestError::InsufficientBudget | RequestError::QueueFull)
    }
}
