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
    /// It waited too long for its turn at the gateway.
    #[error("Waited too long in the gateway's queue")]
    QueueExpired,
    /// The client asked for more than its limit.
    #[error("Rate limit of the client exceeded")]
    RateLimited,
    /// The model's provider takes no more (429).
    #[error("Too many requests for the model")]
    Throttled,
    /// Turned away so that others are served in time.
    #[error("Shed: the model is overloaded")]
    Shed,
    /// None of the model's replicas is up, or all have failed too often.
    #[error("No replica of the model is available")]
    Unavailable,
    /// The last attempt took too long.
    #[error("The model took too long")]
    Timeout,
    /// The model answered with an error (5xx).
    #[error("The model answered with an error")]
    ServerError,
    /// The request is too long for the model's memory or its limit.
    #[error("The request does not fit the model's server")]
    DoesNotFit,
    /// The replica crashed.
    #[error("The model's replica crashed")]
    Crashed,
    /// Its workflow does not wait for it any more.
    #[error("Called off by its workflow")]
    CalledOff,
}

impl RequestError {
    /// Whether anyone who asked the same now would get it too: it is the models',
    /// not the request's or its user's own.
    pub const fn is_everyones(self) -> bool {
        matches!(
            self,
            RequestError::QueueFull | RequestError::Throttled | RequestError::Unavailable
        )
    }

    /// Whether a sound request was turned away or failed (`rejected`), rather than
    /// being wrong (`errors`).
    pub const fn is_rejection(self) -> bool {
        !matches!(self, RequestError::MissingPrompt | RequestError::PromptTooLong { .. })
    }
}
