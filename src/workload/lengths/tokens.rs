//! Numbers of tokens.

use crate::spec::Problems;
use crate::workload::incoming::MAX_TOKENS;

/// The nearest whole number of tokens, at least 1.
#[inline]
pub(super) fn whole_tokens(tokens: f64) -> u32 {
    // The cast saturates, and takes NaN to zero.
    ((tokens + 0.5) as u32).clamp(1, MAX_TOKENS)
}

/// Reports a number of tokens that no request has.
pub(super) fn check_tokens(tokens: f64, problems: &mut Problems) {
    if !(1.0..=f64::from(MAX_TOKENS)).contains(&tokens) {
        problems.error_help(
            format!("{tokens} tokens are out of range"),
            format!("expected 1 to {MAX_TOKENS}"),
        );
    }
}
