//! What layers with a window see of a batch.

use crate::serving::step::step_time::Batch;

/// Parts of a token in which [`Seen`] counts.
pub(super) const PARTS: u128 = 2 * SHARE;
/// Parts of which shares are kept.
const SHARE: u128 = 4096;

/// Tokens that decoding sequences see of their contexts, in parts of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub first: u128,
    /// By how much they are more with each step.
    pub slope: u128,
    /// For how many steps.
    pub steps: u64,
}

/// What decoding sequences see within `window`, when all contexts grow by a token a step, if
/// they are `growing`.
///
/// Exact where no context is longer than the window, or none shorter. Between, only their sum,
/// the shortest and the longest are known. As min(context, window) is concave, the sum is at
/// least that of contexts which are all either the shortest or the longest, and at most that
/// of contexts which are alike; half way between is taken.
pub(super) fn seen(batch: &Batch, window: u64, growing: bool) -> Seen {
    let Some(mean) = batch.decode_context.checked_div(batch.decode_seqs) else {
        return Seen { first: 0, slope: 0, steps: u64::MAX };
    };
    let (shortest, longest) = (batch.decode_shortest.min(mean), batch.decode_longest.max(mean));
    let [seqs, sum, width] = [batch.decode_seqs, batch.decode_context, window].map(u128::from);
    let seen = if longest <= window {
        Seen { first: sum * PARTS, slope: seqs * PARTS, steps: window - longest + 1 }
    } else if shortest >= window {
        Seen { first: seqs * width * PARTS, slope: 0, steps: u64::MAX }
    } else {
        // The share of the longest, which stays while all grow.
        let over = sum.saturating_sub(seqs * u128::from(shortest));
        let share = over * SHARE / u128::from(longest - shortest);
        let least = seqs * u128::from(shortest) * SHARE + share * u128::from(window - shortest);
        let (alike, more) = if sum <= seqs * width { (sum, seqs) } else { (seqs * width, 0) };
        let until_alike = if more > 0 { (seqs * width - sum) / seqs + 1 } else { u128::MAX };
        Seen {
            first: least + alike * SHARE,
            slope: (seqs * SHARE).saturating_sub(share) + more * SHARE,
            steps: u64::try_from(until_alike).unwrap_or(u64::MAX).min(window - shortest),
        }
    };
    if growing { seen } else { Seen { slope: 0, steps: u64::MAX, ..seen } }
}

/// Pairs of prompts' tokens and those that they see within `window`, and tokens of which keys
/// and values are read. Several prompts are taken to be alike.
pub(super) fn prompts(batch: &Batch, window: u64) -> (f64, f64) {
    if batch.prefill_tokens == 0 {
        return (0.0, 0.0);
    }
    let (tokens, prompts) = (batch.prefill_tokens as f64, batch.prefill_seqs.max(1) as f64);
    let chunk = tokens / prompts;
    let before = (batch.prefill_pairs as f64 - tokens * (chunk + 1.0) / 2.0) / tokens;
    let (before, width) = (before.max(0.0), window as f64);
    let up_to = |context: f64| {
        let rising = context.min(width);
        rising * (rising + 1.0) / 2.0 + (context - rising) * width
    };
    let pairs = up_to(before + chunk) - up_to(before);
    (prompts * pairs, prompts * (before + chunk).min(chunk + width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(contexts: &[u64]) -> Batch {
        Batch {
            decode_seqs: contexts.len() as u64,
            decode_context: contexts.iter().sum(),
            decode_shortest: contexts.iter().copied().min().unwrap_or(u64::MAX),
            decode_longest: contexts.iter().copied().max().unwrap_or(0),
            ..Batch::default()
        }
    }

    fn tokens(contexts: &[u64], window: u64) -> f64 {
        seen(&batch(contexts), window, true).first as f64 / PARTS as f64
    }

    #[test]
    fn contexts_below_and_above_the_window_are_exact() {
        assert_eq!(tokens(&[10, 90, 100], 100), 200.0);
        assert_eq!(tokens(&[100, 250, 9000], 100), 300.0);
        assert_eq!(tokens(&[], 100), 0.0);
        // Two contexts are all that is known of them; rounding is by 1/4096 of a token.
        let two = tokens(&[50, 150], 100);
        assert!((two - 175.0).abs() < 0.1, "{two}: between 150 and 200");
        let long = seen(&batch(&[150, 120]), 100, true);
        assert_eq!((long.slope, long.steps), (0, u64::MAX));
        assert_eq!(seen(&batch(&[50, 60]), 100, true).steps, 41);
    }

    #[test]
    fn it_goes_on_in_lines() {
        let mut contexts = vec![3, 40, 77, 90, 160];
        let mut next = seen(&batch(&contexts), 100, true);
        let mut left = next.steps;
        for _ in 0..200 {
            for context in &mut contexts {
                *context += 1;
            }
            let now = seen(&batch(&contexts), 100, true);
            left -= 1;
            if left == 0 {
                left = now.steps;
            } else {
                assert_eq!(now.first, next.first + next.slope, "{contexts:?}");
            }
            next = now;
        }
        assert_eq!((next.first, next.slope), (500 * PARTS, 0));
    }

    #[test]
    fn prompts_see_no_more_than_the_window() {
        let of = |tokens: u64, before: u64, window| {
            let prefill_pairs = tokens * before + tokens * (tokens + 1) / 2;
            let prompt = Batch {
                prefill_tokens: tokens,
                prefill_seqs: 1,
                prefill_pairs,
                ..Batch::default()
            };
            prompts(&prompt, window)
        };
        assert_eq!(of(100, 0, 1000), (5050.0, 100.0), "all of it");
        assert_eq!(of(100, 0, 10), (55.0 + 900.0, 100.0));
        assert_eq!(of(100, 500, 10), (1000.0, 110.0));
    }
}
