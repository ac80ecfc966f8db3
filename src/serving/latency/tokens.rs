//! A hosted API as seen from outside, with constant figures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Service, Work, scale};
use crate::kernel::Duration;

/// A hosted API: the first token comes after `ttft` and `per_input_token` for
/// each token of the prompt that no prefix cache has, each further one `tpot` later. An answer of no
/// tokens takes as long as one of a single token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokensSpec {
    /// Time to first token. Default 300ms.
    pub ttft: Duration,
    /// Time per output token, after the first. Default 20ms.
    pub tpot: Duration,
    /// What each token of the prompt adds to the time to first token, unless it is
    /// in the prefix cache. Default 0us.
    pub per_input_token: Duration,
}

impl Default for TokensSpec {
    fn default() -> Self {
        TokensSpec {
            ttft: Duration::from_millis(300),
            tpot: Duration::from_millis(20),
            per_input_token: Duration::ZERO,
        }
    }
}

impl TokensSpec {
    #[inline]
    pub(super) fn service(&self, work: &Work) -> Service {
        let input = scale(self.per_input_token.as_nanos(), work.computed_decitokens(), 10);
        let first_token = self.ttft.as_nanos().saturating_add(input);
        let further = u64::from(work.output_tokens.saturating_sub(1));
        let total = first_token.saturating_add(self.tpot.as_nanos().saturating_mul(further));
        Service { total: Duration(total), first_token: Duration(first_token) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Total and first token in nanoseconds.
    fn service(spec: &TokensSpec, input_decitokens: u64, output_tokens: u32) -> (u64, u64) {
        let service = spec.service(&Work { input_decitokens, output_tokens, ..Work::default() });
        (service.total.as_nanos(), service.first_token.as_nanos())
    }

    #[test]
    fn each_token_after_the_first_takes_its_time() {
        let spec = TokensSpec::default();
        assert_eq!(service(&spec, 10_000, 101), (2_300_000_000, 300_000_000));
        assert_eq!(service(&spec, 0, 1), (300_000_000, 300_000_000));
        assert_eq!(service(&spec, 0, 0), (300_000_000, 300_000_000));
    }

    #[test]
    fn the_prompt_delays_the_first_token() {
        let spec: TokensSpec =
            serde_yaml::from_str("{ ttft: 100ms, tpot: 5ms, per_input_token: 150us }").unwrap();
        // 1155 tokens take 173.25 ms; 3.9 tokens 0.585 ms.
        assert_eq!(service(&spec, 11_550, 211), (1_323_250_000, 273_250_000));
        assert_eq!(service(&spec, 39, 2), (105_585_000, 100_585_000));
    }

    #[test]
    fn what_is_too_long_is_the_longest() {
        let spec = TokensSpec { tpot: Duration::MAX, ..TokensSpec::default() };
        assert_eq!(service(&spec, u64::MAX, u32::MAX).0, u64::MAX);
    }
}
