//! A model: what it costs, how good it is, and the server that runs it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ServerSpec;
use super::latency::SeedPipelineSpec;
use crate::cost::PriceSpec;
use crate::spec::{Fraction, Problems};

/// A language model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSpec {
    /// What its tokens cost. Default: nothing.
    pub price: PriceSpec,
    /// How good its answers are, from 0 to 1. Default 1.
    pub quality: Fraction,
    /// How its server works, and how many requests it takes at a time.
    /// Default: `seed` at speed 1, with no limit.
    pub server: ServerSpec,
}

impl Default for ModelSpec {
    fn default() -> Self {
        ModelSpec {
            price: PriceSpec::FREE,
            quality: Fraction::try_from(1.0).expect("1 is from 0 to 1"),
            server: ServerSpec::default(),
        }
    }
}

impl ModelSpec {
    /// The model of a file that names none: the seed's pipeline, whose answers
    /// cost nothing and take as long as the prompt is.
    pub fn pipeline_only() -> Self {
        let server = ServerSpec {
            seed_pipeline: Some(SeedPipelineSpec::default()),
            ..ServerSpec::default()
        };
        ModelSpec { server, ..ModelSpec::default() }
    }

    /// Whether it runs on GPUs of one's own, as far as the file says: it has batching
    /// engines, a number of GPUs or a price for them.
    pub fn has_gpus(&self) -> bool {
        self.server.engine.is_some()
            || self.server.gpus.is_some()
            || self.price.per_gpu_hour.is_some()
    }

    /// Checks price and server.
    pub fn check(&self, problems: &mut Problems) {
        problems.at("price", |p| self.price.check(p));
        if self.price.has_cached_price() && !self.server.keeps_prefixes() {
            problems.at("price", |p| {
                let field =
                    if self.price.cached_input.is_some() { "cached_input" } else { "cache_write" };
                p.at(field, |p| {
                    p.warn("no input is ever cached, for its server has no `prefix_cache`");
                });
            });
        }
        problems.at("server", |p| self.server.check(p));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving::LatencySpec;

    #[test]
    fn a_file_s_model_is_read() {
        let yaml =
            "{ price: { per_token: 0.00003 }, quality: 0.95, server: { seed: { speed: 2.0 } } }";
        let model: ModelSpec = serde_yaml::from_str(yaml).unwrap();
        assert_eq!(model.price.per_token.map(|it| it.to_string()).as_deref(), Some("$0.00003"));
        assert_eq!(model.quality.get().to_bits(), 0.95_f64.to_bits());
        let LatencySpec::Seed(seed) = model.server.latency() else { panic!("{model:?}") };
        assert_eq!(seed.speed.get().to_bits(), 2.0_f64.to_bits());
    }

    #[test]
    fn a_model_without_settings_is_free_and_perfect() {
        let model: ModelSpec = serde_yaml::from_str("{}").unwrap();
        assert_eq!(model, ModelSpec::default());
        assert_eq!(
            (model.price, model.quality.get().to_bits()),
            (PriceSpec::FREE, 1.0_f64.to_bits())
        );
        let pipeline = ModelSpec::pipeline_only();
        assert!(matches!(pipeline.server.latency(), LatencySpec::SeedPipeline(_)));
    }

    #[test]
    fn problems_of_price_and_server_are_found_in_their_places() {
        let yaml =
            "{ price: { per_token: 5000 }, server: { seed: {}, tokens: {}, concurrency: 0 } }";
        let mut problems = Problems::default();
        serde_yaml::from_str::<ModelSpec>(yaml).unwrap().check(&mut problems);
        let paths: Vec<String> =
            problems.list().iter().map(|problem| problem.path.to_string()).collect();
        assert_eq!(paths, ["price.per_token", "server", "server.concurrency"]);
    }
}
