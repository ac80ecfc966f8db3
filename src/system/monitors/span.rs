//! The times of a request that can be watched.

/// A time that requests take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// From arrival to the whole answer.
    E2e,
    /// From arrival to the first token.
    Ttft,
    /// Per token after the first.
    Tpot,
    /// Waiting for a model server.
    Queue,
    /// A model's work.
    Inference,
}

impl Span {
    /// All, in the order of their numbers.
    pub const ALL: [Span; 5] = [Span::E2e, Span::Ttft, Span::Tpot, Span::Queue, Span::Inference];
}
