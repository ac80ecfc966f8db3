//! A model: what it costs, how good it is, and the server that runs it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ServerSpec;
use super::latency::SeedPipelineSpec;
use crate::cache::prompt::{
    Lifetime, PromptCacheSpec, PromptRules, preset_or_block, preset_or_block_schema,
};
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
    /// What its provider keeps of prompts, and for how long: the name of a provider's rules
    /// (`anthropic_5m`, `openai`, ...) or a block. Default: nothing.
    #[serde(deserialize_with = "preset_or_block", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "preset_or_block_schema")]
    pub prompt_cache: Option<PromptCacheSpec>,
}

impl Default for ModelSpec {
    fn default() -> Self {
        ModelSpec {
            price: PriceSpec::FREE,
            quality: Fraction::try_from(1.0).expect("1 is from 0 to 1"),
            server: ServerSpec::default(),
            prompt_cache: None,
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

    /// Whether beginnings of prompts are kept, by its servers or its provider.
    pub fn keeps_prompts(&self) -> bool {
        self.prompt_cache.is_some() || self.server.keeps_prefixes()
    }

    /// Checks price, server and prompt cache.
    pub fn check(&self, problems: &mut Problems) {
        problems.at("price", |p| self.price.check(p));
        if self.price.has_cached_price() && !self.keeps_prompts() {
            problems.at("price", |p| {
                let field =
                    if self.price.cached_input.is_some() { "cached_input" } else { "cache_write" };
                p.at(field, |p| {
                    p.warn(
                        "no input is ever cached: it has no `prompt_cache`, nor its server a \
                         `prefix_cache`",
                    );
                });
            });
        }
        problems.at("server", |p| self.server.check(p));
        if let Some(prompts) = &self.prompt_cache {
            problems.at("prompt_cache", |p| self.check_prompt_cache(prompts, p));
        }
    }

    fn check_prompt_cache(&self, prompts: &PromptCacheSpec, problems: &mut Problems) {
        prompts.check(problems);
        let own = if self.server.engine.is_some() { "engine" } else { "prefix_cache" };
        if self.server.engine.is_some() || self.server.prefix_cache.is_some() {
            problems.error_help(
                format!(
                    "a hosted model's prompts are kept by its provider, and not by its `{own}`"
                ),
                format!("leave out `prompt_cache`, or `server.{own}`"),
            );
        }
        if self.price.litellm.is_none() && self.price != PriceSpec::FREE {
            self.check_prompt_prices(prompts, problems);
        }
        let assumed = prompts.preset.filter(|preset| preset.assumes_ttl());
        if assumed.is_some() && prompts.ttl.is_none() && prompts.lifetimes.is_empty() {
            let ttl = prompts.rules().lifetimes[0].ttl;
            problems.warn(format!(
                "its documents name no lifetime, and {ttl} is an assumption: say `ttl`"
            ));
        }
    }

    /// Reports lifetimes whose writes have no price, once the model's price is known.
    pub fn check_prompt_prices(&self, prompts: &PromptCacheSpec, problems: &mut Problems) {
        let PromptRules { lifetimes, .. } = prompts.rules();
        let several = lifetimes.len() > 1;
        let lacks = |lifetime: &Lifetime| {
            let hour = lifetime.is_hour();
            let field = if hour { "cache_write_1h" } else { "cache_write" };
            let missing = if hour { self.price.cache_write_1h } else { self.price.cache_write };
            // Where writing costs nothing of its own, one lifetime needs no price.
            (missing.is_none() && (several || hour && self.price.cache_write.is_some()))
                .then_some(field)
        };
        for lifetime in &lifetimes {
            let Some(field) = lacks(lifetime) else { continue };
            let message = format!("the lifetime of {} has no write price", lifetime.name);
            let help = format!("set `price.{field}`");
            match (&prompts.ttl, prompts.lifetimes.is_empty()) {
                (Some(_), _) => problems.at("ttl", |p| p.error_help(message, help)),
                (None, false) => problems.at("lifetimes", |p| {
                    p.at(lifetime.name.as_str(), |p| p.error_help(message, help));
                }),
                (None, true) => problems.error_help(message, help),
            }
        }
        if self.price.cached_input.is_none() {
            problems.warn(
                "reading costs as much as any other input: set `price.cached_input`, or it saves \
                 nothing but time",
            );
        }
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
