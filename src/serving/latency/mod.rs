//! How long answers take: latency models, one file each.
//!
//! | model | total time |
//! |---|---|
//! | [`seed`](SeedSpec) | a second for each 1000 tokens over the speed, at most 1 s (the seed's optimizer) |
//! | [`seed_pipeline`](SeedPipelineSpec) | 0.1 s and a second for each 1000 characters, at most 2 s (the seed's pipeline) |
//! | [`tokens`](TokensSpec) | a time to the first token and one for each further token, both fixed or drawn (a hosted API) |
//!
//! Another one is a file with a spec and its arithmetic, a line in each of the
//! two enums below and a field in [`ServerSpec`](super::ServerSpec). All
//! arithmetic is in whole nanoseconds, rounded half up.

mod seed;
mod seed_pipeline;
mod tokens;

pub use seed::SeedSpec;
pub use seed_pipeline::SeedPipelineSpec;
pub use tokens::TokensSpec;

use crate::kernel::{Duration, Stream};
use seed::Seed;
use tokens::Tokens;

/// A latency model and its settings.
#[derive(Clone, Debug, PartialEq)]
pub enum LatencySpec {
    /// The seed's optimizer.
    Seed(SeedSpec),
    /// The seed's pipeline.
    SeedPipeline(SeedPipelineSpec),
    /// A hosted API.
    Tokens(TokensSpec),
}

impl Default for LatencySpec {
    fn default() -> Self {
        LatencySpec::Seed(SeedSpec::default())
    }
}

impl LatencySpec {
    /// How long it takes to compute a token of a prompt.
    pub fn per_input_token(&self) -> Duration {
        match self {
            LatencySpec::Seed(spec) => Seed::new(spec).per_input_token(),
            LatencySpec::SeedPipeline(_) => Duration::ZERO,
            LatencySpec::Tokens(spec) => spec.per_input_token,
        }
    }
}

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

/// A latency model at work.
#[derive(Clone, Debug)]
pub struct Latency {
    kind: Kind,
    /// For times that are drawn.
    stream: Stream,
}

#[derive(Clone, Debug)]
enum Kind {
    Seed(Seed),
    SeedPipeline(SeedPipelineSpec),
    Tokens(Tokens),
}

impl Latency {
    /// The latency model of `spec`, which has passed its check.
    pub fn new(spec: &LatencySpec, stream: Stream) -> Self {
        let kind = match spec {
            LatencySpec::Seed(spec) => Kind::Seed(Seed::new(spec)),
            LatencySpec::SeedPipeline(spec) => Kind::SeedPipeline(spec.clone()),
            LatencySpec::Tokens(spec) => Kind::Tokens(Tokens::new(spec)),
        };
        Latency { kind, stream }
    }

    /// How long `work` takes.
    #[inline]
    pub fn service(&mut self, work: &Work) -> Service {
        let service = match &self.kind {
            Kind::Seed(seed) => seed.service(work),
            Kind::SeedPipeline(spec) => spec.service(work),
            Kind::Tokens(tokens) => tokens.service(work, &mut self.stream),
        };
        debug_assert!(
            service.first_token <= service.total,
            "the first token is part of the answer"
        );
        let after = |span: Duration| span + work.loading;
        Service { total: after(service.total), first_token: after(service.first_token) }
    }

    /// How long it takes to compute a token of a prompt.
    pub fn per_input_token(&self) -> Duration {
        match &self.kind {
            Kind::Seed(seed) => seed.per_input_token(),
            Kind::SeedPipeline(_) => Duration::ZERO,
            Kind::Tokens(tokens) => tokens.per_input_token(),
        }
    }
}

/// `value` x `numerator` / `denominator`, rounded half up; the largest number
/// where that overflows.
#[inline]
fn scale(value: u64, numerator: u64, denominator: u64) -> u64 {
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
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::Streams;

    fn latency(spec: &LatencySpec) -> Latency {
        Latency::new(spec, Streams::new(1, 0).stream("latency"))
    }

    #[test]
    fn a_scale_is_rounded_half_up_and_never_wraps() {
        assert_eq!([scale(5, 1, 10), scale(4, 1, 10), scale(7, 1, 3)], [1, 0, 2]);
        assert_eq!(scale(u64::MAX, 3, 3), u64::MAX);
        assert_eq!(scale(u64::MAX, u64::MAX, 1), u64::MAX);
        assert_eq!(scale(1 << 40, 1 << 40, 1 << 30), 1 << 50);
    }

    #[test]
    fn cached_input_takes_no_time_but_that_of_loading_it() {
        let work = Work {
            input_decitokens: 10_000,
            cached_decitokens: 7000,
            loading: Duration::from_millis(40),
            output_tokens: 11,
            ..Work::default()
        };
        let millis = |service: Service| {
            [service.first_token, service.total].map(|span| span.as_nanos() / 1_000_000)
        };
        let tokens: TokensSpec =
            serde_yaml::from_str("{ ttft: 100ms, tpot: 5ms, per_input_token: 1ms }").unwrap();
        let mut tokens = latency(&LatencySpec::Tokens(tokens));
        assert_eq!(millis(tokens.service(&work)), [440, 490], "40 + 100 + 300, then 10 x 5");
        assert_eq!(tokens.per_input_token(), Duration::from_millis(1));
        let mut seed = latency(&LatencySpec::default());
        assert_eq!(millis(seed.service(&work)), [341, 351], "40 + 300 + 1, then 10");
        assert_eq!(seed.per_input_token(), Duration::from_millis(1));
    }

    proptest! {
        #[test]
        fn no_latency_model_fails_or_puts_the_first_token_last(
            chars: u32, input_decitokens: u64, cached_decitokens: u64, output_tokens: u32,
            loading: u64,
        ) {
            let loading = Duration(loading);
            let work = Work { chars, input_decitokens, cached_decitokens, loading, output_tokens };
            for spec in [
                LatencySpec::Seed(SeedSpec::default()),
                LatencySpec::SeedPipeline(SeedPipelineSpec::default()),
                LatencySpec::Tokens(TokensSpec::default()),
            ] {
                let service = latency(&spec).service(&work);
                prop_assert!(service.first_token <= service.total, "{spec:?}");
            }
        }
    }
}
