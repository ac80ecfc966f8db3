//! What a step latency model is asked and what it says: a batch and the pace of its steps.

use crate::kernel::Duration;

/// Ticks of a step's time in a nanosecond: coefficients are kept in 2^-20 ns.
pub const TICKS_PER_NANO: u64 = 1 << 20;

/// No step is longer: 2^60 ticks, some 18 minutes. Keeps sums from overflowing.
pub const MOST_TICKS: u64 = 1 << 60;

/// What a step works on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Prompt tokens computed.
    pub prefill_tokens: u64,
    /// Pairs of a computed prompt token and a token that it attends to, itself
    /// among them.
    pub prefill_pairs: u64,
    /// Sequences that compute one token.
    pub decode_seqs: u64,
    /// Tokens whose keys and values are read or written: for each sequence, all
    /// those up to the last that it computes.
    pub context_tokens: u64,
    /// Those among them of decoding sequences.
    pub decode_context: u64,
    /// Sequences whose prompts are computed.
    pub prefill_seqs: u64,
    /// Those of the decoding sequence that has the fewest, where the model
    /// [asks for it](super::StepModel::needs_spread).
    pub decode_shortest: u64,
    /// The same of the one that has the most.
    pub decode_longest: u64,
}

/// By how much a batch that goes on grows from one step to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// Of [`Batch::prefill_pairs`].
    pub prefill_pairs: u64,
    /// Of [`Batch::context_tokens`].
    pub context_tokens: u64,
    /// Of [`Batch::decode_context`].
    pub decode_context: u64,
}

/// The times of the next steps: step `k` from 0 takes `first + k x slope` ticks,
/// for `steps` steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Ticks of the first step.
    pub first: u64,
    /// Ticks by which each further one is longer.
    pub slope: i64,
    /// How many steps this holds for; at least 1.
    pub steps: u64,
}

impl Pace {
    /// Steps that all take as long.
    pub const fn constant(ticks: u64) -> Self {
        let first = if ticks < MOST_TICKS { ticks } else { MOST_TICKS };
        Pace { first, slope: 0, steps: u64::MAX }
    }

    /// The same steps, each longer by `ticks`.
    #[must_use]
    pub fn after(self, ticks: u64) -> Self {
        Pace::line(self.first.saturating_add(ticks), self.slope, self.steps)
    }

    /// At most `steps` steps in a line, as long as none is longer than any may be.
    pub(super) fn line(first: u64, slope: i64, steps: u64) -> Self {
        if first >= MOST_TICKS {
            return Pace { steps: 1, ..Pace::constant(first) };
        }
        let longest = match u64::try_from(slope) {
            Ok(rise) if rise > 0 => (MOST_TICKS - first) / rise + 1,
            _ => u64::MAX,
        };
        Pace { first, slope, steps: steps.min(longest) }
    }
}

/// What a request costs beside its steps, as fitted beside them: time before it
/// reaches the scheduler and after each token, which keeps no GPU busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overheads {
    /// Before a request can be scheduled.
    pub per_request: Duration,
    /// The same, for each token of its prompt.
    pub per_input_token: Duration,
    /// After each token of the answer.
    pub per_output_token: Duration,
}

impl Overheads {
    /// These and others.
    #[must_use]
    pub fn and(&self, other: &Overheads) -> Overheads {
        Overheads {
            per_request: self.per_request + other.per_request,
            per_input_token: self.per_input_token + other.per_input_token,
            per_output_token: self.per_output_token + other.per_output_token,
        }
    }

    /// From when a request comes until it can be scheduled.
    pub fn before(&self, input_tokens: u32) -> Duration {
        self.per_request + self.per_input_token * u64::from(input_tokens)
    }

    /// How much later than its step the `nth` token of an answer reaches the client.
    pub fn after(&self, nth: u32) -> Duration {
        self.per_output_token * u64::from(nth)
    }
}
