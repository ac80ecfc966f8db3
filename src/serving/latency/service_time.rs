//! What a latency model is asked and what it says: a request's work and its service time.

use crate::kernel::Duration;

/// A request as a server sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Characters (Unicode scalar values) of the prompt.
    pub chars: u32,
    /// Tenths of an input token: 13 for each word of a text, 10 for each token
    /// that was counted.
    pub input_decitokens: u64,
    /// Of these, tenths that are in the prefix cache and need not be computed.
    pub cached_decitokens: u64,
    /// Until those are loaded from wherever they lie; then the work begins.
    pub loading: Duration,
    /// Tokens of the answer.
    pub output_tokens: u32,
}

impl Work {
    /// Tenths of an input token that must be computed.
    #[inline]
    pub fn computed_decitokens(&self) -> u64 {
        self.input_decitokens.saturating_sub(self.cached_decitokens)
    }
}

/// How long a server works on a request, without any wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Until the answer is whole.
    pub total: Duration,
    /// Until its first token, or until it is whole if it has none; never more
    /// than `total`.
    pub first_token: Duration,
}

/// `value` x `numerator` / `denominator`, rounded half up; the largest number
/// where that overflows.
#[inline]
pub(super) fn scale(value: u64, numerator: u64, denominator: u64) -> u64 {
    debug_assert!(denominator > 0, "a scale has a size");
    if let Some(sum) =
        value.checked_mul(numerator).and_then(|product| product.checked_add(denominator / 2))
    {
        return sum / denominator;
    }
    let product = u128::from(value) * u128::from(numerator) + u128::from(denominator / 2);
    u64::try_from(product / u128::from(denominator)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_rounded_half_up_and_never_wraps() {
        assert_eq!([scale(5, 1, 10), scale(4, 1, 10), scale(7, 1, 3)], [1, 0, 2]);
        assert_eq!(scale(u64::MAX, 3, 3), u64::MAX);
        assert_eq!(scale(u64::MAX, u64::MAX, 1), u64::MAX);
        assert_eq!(scale(1 << 40, 1 << 40, 1 << 30), 1 << 50);
    }
}
