//! How long answers are where the workload does not say.

/// The seed's output length: floor(`max_tokens` x `quality` x U(0.7, 1.0)), with
/// `u` uniform on (0, 1).
///
/// As in the seed there is no least length: an answer of a model of quality 0,
/// or of at most one token, is empty (its charge is then for the input alone).
#[inline]
pub fn seed_output_tokens(max_tokens: u32, quality: f64, u: f64) -> u32 {
    // The order of the operations is the notebook's; the cast is the floor.
    (f64::from(max_tokens) * quality * (0.7 + (1.0 - 0.7) * u)) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_are_70_to_100_percent_of_max_tokens_x_quality() {
        assert_eq!(seed_output_tokens(500, 0.95, 1e-16), 332);
        assert_eq!(seed_output_tokens(500, 0.95, 0.5), 403);
        assert_eq!(seed_output_tokens(500, 0.95, 0.999_999), 474);
    }

    #[test]
    fn only_next_to_nothing_is_empty() {
        assert_eq!(seed_output_tokens(0, 1.0, 0.5), 0);
        assert_eq!(seed_output_tokens(1, 1.0, 0.999), 0);
        assert_eq!(seed_output_tokens(2, 1.0, 0.001), 1);
        assert_eq!(seed_output_tokens(100, 0.0, 0.5), 0);
    }

    proptest! {
        #[test]
        fn no_answer_is_longer_than_it_may_be(max_tokens: u32, quality in 0.0..=1.0, u in 0.0..1.0) {
            let tokens = seed_output_tokens(max_tokens, quality, u);
            prop_assert!(tokens <= max_tokens);
            prop_assert!(f64::from(tokens) + 1.0 > 0.7 * f64::from(max_tokens) * quality - 1e-6);
        }
    }
}
