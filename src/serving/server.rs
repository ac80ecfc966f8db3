//! The `server` block of a model.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::balance::BalanceSpec;
use super::engine::EngineSpec;
use super::faults::FaultsSpec;
use super::fleet::{AutoscaleSpec, DisaggregateSpec, PolicySpec, QueueSpec};
use super::latency::{LatencySpec, SeedPipelineSpec, SeedSpec, TokensSpec};
use super::resilience::token_bucket;
use crate::cache::PrefixCacheSpec;
use crate::spec::Problems;

/// A model's server: how long answers take (one of `seed`, `seed_pipeline`,
/// `tokens` and `engine`), how many it makes at a time, and what it remembers of prompts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSpec {
    /// The seed's optimizer: a second for each 1000 tokens. The default, with
    /// speed 1.
    #[serde(deserialize_with = "chosen", skip_serializing_if = "Option::is_none")]
    pub seed: Option<SeedSpec>,
    /// The seed's pipeline: 0.1 s and a second for each 1000 characters.
    #[serde(deserialize_with = "chosen", skip_serializing_if = "Option::is_none")]
    pub seed_pipeline: Option<SeedPipelineSpec>,
    /// A hosted API: a time to the first token and a time for each further one.
    #[serde(deserialize_with = "chosen", skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokensSpec>,
    /// A batching engine such as vLLM, step by step, with its memory.
    #[serde(deserialize_with = "chosen", skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineSpec>,
    /// How many requests are worked on at a time; others wait in the order in
    /// which they came. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// How many requests may wait, in each queue; a further one is refused. 0: none
    /// waits. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_limit: Option<u32>,
    /// Beginnings of prompts that it need not compute again. Default: none.
    #[serde(deserialize_with = "chosen", skip_serializing_if = "Option::is_none")]
    pub prefix_cache: Option<PrefixCacheSpec>,
    /// How many replicas of the server there are. Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// Whether requests wait at each replica, `per_replica`, or before all of them in one
    /// queue, `shared`. Default: `per_replica`.
    #[serde(skip_serializing_if = "is_default")]
    pub queue: QueueSpec,
    /// Which of the requests that wait is next; an engine has a `policy` of its own.
    /// Default: `fcfs`.
    #[serde(skip_serializing_if = "is_default")]
    pub policy: PolicySpec,
    /// How requests are spread over them. Default: `round_robin`.
    #[serde(skip_serializing_if = "is_default")]
    pub balance: BalanceSpec,
    /// Prompts are computed on some of the replicas, answers made on the others; needs
    /// an `engine`. Default: each replica does both.
    #[serde(deserialize_with = "chosen", skip_serializing_if = "Option::is_none")]
    pub disaggregate: Option<DisaggregateSpec>,
    /// Replicas by load, instead of a fixed number. Default: none.
    #[serde(deserialize_with = "chosen", skip_serializing_if = "Option::is_none")]
    pub autoscale: Option<AutoscaleSpec>,
    /// GPUs of a replica, each of which costs `price.per_gpu_hour` while it is on.
    /// Default: those that the `step` of its `engine` runs on (`tensor_parallel_size`, a
    /// preset's number), else 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpus: Option<u32>,
    /// What goes wrong with it. Default: nothing.
    #[serde(deserialize_with = "chosen", skip_serializing_if = "Option::is_none")]
    pub faults: Option<FaultsSpec>,
    /// Requests a minute that the provider takes; further ones are refused (429).
    /// Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u64>,
    /// Tokens a minute that the provider takes, those of the prompt and the most
    /// that may come back. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u64>,
    /// Whether it stops working on a request whose client has gone (timeout, or
    /// another attempt was faster). If not, it works on, and charges for it.
    /// Default true.
    #[serde(skip_serializing_if = "is_default")]
    pub abort: Abort,
}

/// Whether a server stops working for a client that has gone: yes, unless it is
/// said not to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Abort(pub bool);

impl Default for Abort {
    fn default() -> Self {
        Abort(true)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Each replica has a row in the results, and tables of its own.
const MOST_REPLICAS: u32 = 10_000;

impl ServerSpec {
    /// The latency model that was chosen: the seed's if none was, the first in
    /// the order of the fields if several were (which
    /// [`check`](ServerSpec::check) refuses).
    pub fn latency(&self) -> LatencySpec {
        self.choices()
            .into_iter()
            .flatten()
            .next()
            .map_or_else(LatencySpec::default, |(_, chosen)| chosen)
    }

    /// Reports blocks of another size than those of a trace.
    pub fn check_trace(&self, block_tokens: u32, problems: &mut Problems) {
        if let Some(cache) = &self.prefix_cache {
            problems.at("prefix_cache", |p| cache.check_trace(block_tokens, p));
        }
        let engine = self.engine.as_ref().filter(|engine| engine.enable_prefix_caching);
        if engine.is_some_and(|engine| engine.tokens_per_id() != block_tokens) {
            problems.at("engine", |p| {
                p.error_help(
                    format!("the blocks of the trace have {block_tokens} tokens"),
                    format!("set hash_block_size: {block_tokens}"),
                );
            });
        }
    }

    /// How many replicas it begins with, and how many there may be.
    pub fn replica_bounds(&self) -> (u32, u32) {
        let Some(autoscale) = &self.autoscale else {
            let replicas = self.replicas.unwrap_or(1).max(1);
            return (replicas, replicas);
        };
        let most = autoscale.max.max(autoscale.min).max(1);
        let first = self.replicas.unwrap_or(autoscale.min);
        (first.clamp(autoscale.min.min(most), most), most)
    }

    /// Whether beginnings of prompts are kept.
    pub fn keeps_prefixes(&self) -> bool {
        self.prefix_cache.is_some()
            || self.engine.as_ref().is_some_and(|engine| engine.enable_prefix_caching)
    }

    /// GPUs of a replica.
    pub fn gpus_each(&self) -> u32 {
        let of_engine = || self.engine.as_ref().map_or(1, |engine| engine.step.gpus());
        self.gpus.unwrap_or_else(of_engine)
    }

    /// Whether it is more than one server with a queue: several replicas, faults
    /// or limits of its provider.
    pub fn is_fleet(&self) -> bool {
        self.replica_bounds() != (1, 1)
            || self.queue == QueueSpec::Shared
            || self.autoscale.is_some()
            || self.gpus.is_some()
            || self.engine.is_some()
            || self.faults.is_some()
            || self.rpm.is_some()
            || self.tpm.is_some()
    }

    /// Checks that at most one latency model is chosen, and that the limits
    /// make sense.
    pub fn check(&self, problems: &mut Problems) {
        let engine = self.engine.as_ref().map(|_| "engine");
        let chosen: Vec<&str> =
            self.choices().into_iter().flatten().map(|(name, _)| name).chain(engine).collect();
        if chosen.len() > 1 {
            problems.error_help(
                format!("a server has one latency model, not {}", chosen.join(" and ")),
                "keep one of them",
            );
        }
        match (self.concurrency, self.queue_limit) {
            (Some(0), _) => problems.at("concurrency", |p| {
                p.error_help(
                    "a server takes at least 1 request at a time",
                    "leave it out for no limit",
                );
            }),
            (None, Some(_)) if self.engine.is_none() => problems.at("queue_limit", |p| {
                p.warn("nothing ever waits for a server whose `concurrency` has no limit");
            }),
            (None, None) if self.engine.is_none() && self.queue == QueueSpec::Shared => {
                problems.at("queue", |p| {
                    p.warn("nothing ever waits for a server whose `concurrency` has no limit");
                });
            }
            _ => {}
        }
        match self.latency() {
            LatencySpec::Seed(_) => {}
            LatencySpec::Tokens(spec) => problems.at("tokens", |p| spec.check(p)),
            LatencySpec::SeedPipeline(spec) => problems.at("seed_pipeline", |p| spec.check(p)),
        }
        if let Some(prefix_cache) = &self.prefix_cache {
            problems.at("prefix_cache", |p| self.check_prefix_cache(prefix_cache, p));
        }
        self.check_engine(problems);
        self.check_fleet(problems);
    }

    /// An engine has limits, a queue and a cache of its own.
    fn check_engine(&self, problems: &mut Problems) {
        let Some(engine) = &self.engine else { return };
        problems.at("engine", |p| engine.check(p));
        for (name, set, own) in [
            ("concurrency", self.concurrency.is_some(), "max_num_seqs"),
            (
                "queue_limit",
                self.queue_limit.is_some() && self.queue == QueueSpec::PerReplica,
                "queue_limit",
            ),
            ("prefix_cache", self.prefix_cache.is_some(), "enable_prefix_caching"),
            (
                "policy",
                self.policy != PolicySpec::Fcfs && self.queue == QueueSpec::PerReplica,
                "policy",
            ),
        ] {
            if set {
                problems.at(name, |p| {
                    p.error_help("an engine does not look at it", format!("set engine.{own}"));
                });
            }
        }
    }

    fn check_fleet(&self, problems: &mut Problems) {
        let (_, most) = self.replica_bounds();
        if self.replicas == Some(0) {
            problems.at("replicas", |p| p.error("expected at least 1 replica"));
        }
        if most > MOST_REPLICAS {
            let place = if self.autoscale.is_some() { "autoscale" } else { "replicas" };
            problems.at(place, |p| p.error(format!("expected at most {MOST_REPLICAS} replicas")));
        }
        problems.at("balance", |p| {
            self.balance.check(p);
            if most == 1 && self.balance != BalanceSpec::default() {
                p.warn("there is nothing to balance: set `replicas`");
            }
            if self.balance.needs().matched && self.prefix_cache.is_none() && self.engine.is_none()
            {
                p.warn("no replica has a prefix: set `prefix_cache`");
            }
        });
        let bounded = self.concurrency.is_some() || self.engine.is_some();
        if let Some(autoscale) = &self.autoscale {
            problems.at("autoscale", |p| autoscale.check(bounded, p));
        }
        self.check_split(most, problems);
        if let Some(faults) = &self.faults {
            problems.at("faults", |p| faults.check(most, p));
        }
        token_bucket::check(self.rpm, self.tpm, problems);
    }

    fn check_split(&self, replicas: u32, problems: &mut Problems) {
        let Some(split) = &self.disaggregate else { return };
        problems.at("disaggregate", |p| {
            split.check(replicas, p);
            if self.engine.is_none() {
                p.error_help("only engines have keys and values to move", "set `engine`");
            }
            if self.autoscale.is_some() {
                p.error_help(
                    "the two sides have a fixed number of replicas",
                    "leave out `autoscale`",
                );
            }
        });
    }

    fn check_prefix_cache(&self, prefix_cache: &PrefixCacheSpec, problems: &mut Problems) {
        prefix_cache.check(problems);
        if self.latency().per_input_token().is_zero() {
            problems.warn(
                "it saves no time, as input tokens take none here: set `per_input_token` of \
                 `tokens`",
            );
        }
    }

    /// Each latency model that is set, with its name in the file.
    fn choices(&self) -> [Option<(&'static str, LatencySpec)>; 3] {
        [
            self.seed.clone().map(|spec| ("seed", LatencySpec::Seed(spec))),
            self.seed_pipeline
                .clone()
                .map(|spec| ("seed_pipeline", LatencySpec::SeedPipeline(spec))),
            self.tokens.clone().map(|spec| ("tokens", LatencySpec::Tokens(spec))),
        ]
    }
}

/// A key without settings (`seed:`) chooses that latency model with its
/// defaults, rather than none.
fn chosen<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Some(Option::deserialize(deserializer)?.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> ServerSpec {
        serde_yaml::from_str(yaml).unwrap()
    }

    fn problems(yaml: &str) -> Vec<(String, String)> {
        let mut problems = Problems::default();
        read(yaml).check(&mut problems);
        let all = problems.into_list().into_iter();
        all.map(|problem| (problem.path.to_string(), problem.message)).collect()
    }

    #[test]
    fn latency_and_limits_stand_side_by_side() {
        let server = read("{ seed: { speed: 2.0 }, concurrency: 8, queue_limit: 100 }");
        assert!(matches!(server.latency(), LatencySpec::Seed(seed) if seed.speed.get() > 1.9));
        assert_eq!((server.concurrency, server.queue_limit), (Some(8), Some(100)));
        assert_eq!(problems("{ seed: { speed: 2.0 }, concurrency: 8, queue_limit: 0 }"), []);
        let text = serde_yaml::to_string(&server).unwrap();
        assert_eq!(read(&text), server, "{text}");
    }

    #[test]
    fn the_seed_at_speed_1_is_the_default() {
        assert_eq!(read("{}").latency(), LatencySpec::default());
        assert_eq!(read("{ seed: {} }").latency(), LatencySpec::default());
    }

    #[test]
    fn a_key_without_settings_is_a_choice() {
        assert_eq!(read("{ tokens: }").latency(), LatencySpec::Tokens(TokensSpec::default()));
        assert!(matches!(read("seed_pipeline:").latency(), LatencySpec::SeedPipeline(_)));
    }

    #[test]
    fn a_prefix_cache_that_saves_no_time_is_questioned() {
        for (yaml, found) in [
            ("{ prefix_cache: , seed: }", None),
            ("{ prefix_cache: { capacity: 10 }, tokens: { per_input_token: 1us } }", None),
            ("{ prefix_cache: { capacity: 10 }, tokens: }", Some("prefix_cache")),
            ("{ prefix_cache: , seed_pipeline: }", Some("prefix_cache")),
            ("{ prefix_cache: { block_tokens: 0 } }", Some("prefix_cache.block_tokens")),
        ] {
            let places: Vec<String> = problems(yaml).into_iter().map(|(place, _)| place).collect();
            assert_eq!(places, found.into_iter().collect::<Vec<_>>(), "{yaml}");
        }
    }

    #[test]
    fn two_latency_models_are_one_too_many() {
        let found = problems("{ seed: {}, tokens: { ttft: 1s } }");
        let message = "a server has one latency model, not seed and tokens".to_owned();
        assert_eq!(found, [(String::new(), message)]);
    }

    #[test]
    fn a_server_that_takes_nothing_and_a_queue_that_never_fills_are_found() {
        assert_eq!(problems("{ concurrency: 0 }")[0].0, "concurrency");
        assert_eq!(problems("{ queue_limit: 5 }")[0].0, "queue_limit");
    }

    #[test]
    fn what_is_computed_apart_needs_engines_and_a_fixed_number_of_them() {
        let places = |yaml: &str| -> Vec<String> {
            problems(yaml).into_iter().map(|(place, _)| place).collect()
        };
        assert_eq!(places("{ engine: , replicas: 4, disaggregate: { prefill: 1 } }"), [""; 0]);
        assert_eq!(places("{ replicas: 4, disaggregate: }"), ["disaggregate"]);
        assert_eq!(places("{ engine: , disaggregate: }"), ["disaggregate.prefill"]);
        let scaled = "{ engine: , autoscale: { min: 2, max: 4 }, disaggregate: }";
        assert_eq!(places(scaled), ["disaggregate"]);
    }

    #[test]
    fn a_shared_queue_is_a_fleet_s_and_may_stand_before_engines() {
        assert!(read("queue: shared").is_fleet() && !read("queue: per_replica").is_fleet());
        assert_eq!(problems("{ queue: shared, concurrency: 1, replicas: 4, queue_limit: 9 }"), []);
        assert_eq!(problems("{ queue: shared, engine: , replicas: 4, queue_limit: 9 }"), []);
        assert_eq!(problems("{ engine: , replicas: 4, queue_limit: 9 }")[0].0, "queue_limit");
        assert_eq!(problems("{ queue: shared, replicas: 4 }")[0].0, "queue");
    }

    #[test]
    fn strange_settings_are_refused() {
        for (yaml, complaint) in [
            ("{ sed: {} }", "unknown field `sed`"),
            ("{ seed: { speed: 0 } }", "0 is out of range: expected a number greater than 0"),
            ("{ seed: { pace: 1 } }", "unknown field `pace`"),
            ("{ tokens: { ttft: -1s } }", "`-1s` is negative"),
            ("{ concurrency: -1 }", "expected u32"),
        ] {
            let error = serde_yaml::from_str::<ServerSpec>(yaml).unwrap_err().to_string();
            assert!(error.contains(complaint), "{yaml}: {error}");
        }
    }
}
