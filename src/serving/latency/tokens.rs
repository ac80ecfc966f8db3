//! A hosted API as seen from outside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::service_time::{Service, Work, scale};
use crate::kernel::{Duration, Stream};
use crate::spec::Problems;
use crate::workload::duration_distribution::{Span, SpanSpec};

/// A hosted API: the first token comes after `ttft` and `per_input_token` for
/// each token of the prompt that no prefix cache has, each further one `tpot` later. An answer of no
/// tokens takes as long as one of a single token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokensSpec {
    /// Time to first token, or a distribution of it, drawn for each answer:
    /// `{ lognormal: { mean: 400ms, p99: 2s } }`. Default 300ms.
    pub ttft: SpanSpec,
    /// Time per output token, after the first, or a distribution of it, drawn once
    /// for each answer. Default 20ms.
    pub tpot: SpanSpec,
    /// What each token of the prompt adds to the time to first token, unless it is
    /// in the prefix cache. Default 0us.
    pub per_input_token: Duration,
}

impl Default for TokensSpec {
    fn default() -> Self {
        TokensSpec {
            ttft: SpanSpec::Constant(Duration::from_millis(300)),
            tpot: SpanSpec::Constant(Duration::from_millis(20)),
            per_input_token: Duration::ZERO,
        }
    }
}

impl TokensSpec {
    /// Reports what is no distribution.
    pub fn check(&self, problems: &mut Problems) {
        problems.at("ttft", |p| self.ttft.check(p));
        problems.at("tpot", |p| self.tpot.check(p));
    }
}

#[derive(Clone, Debug)]
pub(super) struct Tokens {
    ttft: Span,
    tpot: Span,
    per_input_token: Duration,
}

impl Tokens {
    pub fn new(spec: &TokensSpec) -> Self {
        let per_input_token = spec.per_input_token;
        Tokens { ttft: spec.ttft.distribution(), tpot: spec.tpot.distribution(), per_input_token }
    }

    #[inline]
    pub fn service(&self, work: &Work, stream: &mut Stream) -> Service {
        let input = scale(self.per_input_token.as_nanos(), work.computed_decitokens(), 10);
        let first_token = self.ttft.draw(stream).as_nanos().saturating_add(input);
        let further = u64::from(work.output_tokens.saturating_sub(1));
        let tpot = self.tpot.draw(stream).as_nanos();
        let total = first_token.saturating_add(tpot.saturating_mul(further));
        Service { total: Duration(total), first_token: Duration(first_token) }
    }

    pub fn per_input_token(&self) -> Duration {
        self.per_input_token
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    /// Total and first token in nanoseconds.
    fn service(spec: &TokensSpec, input_decitokens: u64, output_tokens: u32) -> (u64, u64) {
        let work = Work { input_decitokens, output_tokens, ..Work::default() };
        let mut stream = Streams::new(1, 0).stream("latency");
        let service = Tokens::new(spec).service(&work, &mut stream);
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
        let spec = TokensSpec { tpot: SpanSpec::Constant(Duration::MAX), ..TokensSpec::default() };
        assert_eq!(service(&spec, u64::MAX, u32::MAX).0, u64::MAX);
    }

    #[test]
    fn times_that_are_drawn_have_their_mean() {
        let spec: TokensSpec = serde_yaml::from_str(
            "{ ttft: { exponential: { mean: 400ms } }, tpot: { uniform: { min: 10ms, max: 30ms } } }",
        )
        .unwrap();
        let tokens = Tokens::new(&spec);
        let mut stream = Streams::new(1, 0).stream("latency");
        let work = Work { output_tokens: 11, ..Work::default() };
        let count = 40_000;
        let (mut first, mut whole) = (0.0, 0.0);
        for _ in 0..count {
            let service = tokens.service(&work, &mut stream);
            first += service.first_token.as_secs_f64() / f64::from(count);
            whole += service.total.as_secs_f64() / f64::from(count);
        }
        assert!((first - 0.4).abs() < 0.008, "{first}");
        assert!((whole - first - 0.2).abs() < 0.002, "{whole}");
    }
}
