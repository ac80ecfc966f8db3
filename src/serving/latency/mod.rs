//! How long answers take: latency models, one file each.
//!
//! | model | total time |
//! |---|---|
//! | [`seed`](SeedSpec) | a second for each 1000 tokens over the speed, at most 1 s (the seed's optimizer) |
//! | [`seed_pipeline`](SeedPipelineSpec) | 0.1 s and a second for each 1000 characters, at most 2 s (the seed's pipeline) |
//! | [`tokens`](TokensSpec) | a time to the first token and one for each further token, both fixed or drawn (a hosted API) |
//!
//! Another one is a file with a spec and its arithmetic, a line in each of the
//! two enums below and a field in [`ServerSpec`](super::ServerSpec). What all share
//! is in `service_time`, below them. All arithmetic is in whole nanoseconds, rounded
//! half up.

mod seed;
mod seed_pipeline;
mod service_time;
mod tokens;

pub use seed::SeedSpec;
pub use seed_pipeline::SeedPipelineSpec;
pub use service_time::{Service, Work};
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::Streams;

    fn latency(spec: &LatencySpec) -> Latency {
        Latency::new(spec, Streams::new(1, 0).stream("latency"))
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
