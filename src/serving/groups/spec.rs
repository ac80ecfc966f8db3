//! The `groups` block of an experiment.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::latency_based::LatencyBasedSpec;
use crate::kernel::Duration;
use crate::serving::resilience::token_bucket;
use crate::spec::{NonNegative, Problems};

/// As many deployments as a request can remember.
const MOST: usize = 64;

/// Deployments that are asked under one name: models of the file, each with its own
/// provider, price, server and limits. Who chooses a model chooses the group (its price is
/// the highest of its deployments', its quality the lowest); which of them answers is
/// decided for each attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupSpec {
    /// The models that it is made of, by name, and what the gateway knows of each:
    /// `deployments: { azure-4o: { weight: 2 }, openai-4o: {} }`.
    pub deployments: IndexMap<String, DeploymentSpec>,
    /// Which of them gets a request. Default: `simple_shuffle`.
    pub strategy: StrategySpec,
    /// Whether a retry goes to a deployment that has not failed the request, as long as
    /// there is one. `LiteLLM` chooses among all (`false`). Default true.
    pub exclude_failed: bool,
}

impl Default for GroupSpec {
    fn default() -> Self {
        GroupSpec {
            deployments: IndexMap::new(),
            strategy: StrategySpec::default(),
            exclude_failed: true,
        }
    }
}

/// What the gateway knows of a deployment. What its provider takes is said at its model
/// (`server.rpm`, `server.tpm`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeploymentSpec {
    /// Its share under `simple_shuffle`. Where any deployment has a weight, those without
    /// one get nothing; where none has, `rpm` is the weight, then `tpm`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<NonNegative>,
    /// Requests of each minute of the clock: a weight under `simple_shuffle`, a limit
    /// under the other strategies. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u64>,
    /// The same of tokens of prompts and answers, which are counted once they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u64>,
    /// So many requests at a time; a further one fails at once, as with a 429. Default: no
    /// limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel_requests: Option<u32>,
    /// How long an attempt there may take. Default: `resilience.timeout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Deployments of a higher order get requests while those of a lower one are left out.
    /// Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<u32>,
    /// How long it is left out after failures. Default: `resilience.cooldown_time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown_time: Option<Duration>,
}

/// Which deployment of a group gets a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrategySpec {
    /// Any, by weight.
    #[default]
    SimpleShuffle,
    /// The one with the fewest requests under way, the first of these.
    LeastBusy,
    /// The one with the fewest tokens in this minute of the clock, of equals any. As with
    /// `LiteLLM` (`usage-based-routing-v2`), the last request of `rpm` is not let through
    /// unless it is the first.
    UsageBased,
    /// The one that was fastest per token of the answer of late; those that were not asked
    /// yet come first.
    LatencyBased(LatencyBasedSpec),
    /// The one with the lowest price of a token of prompt and one of answer, the first of
    /// equals.
    CostBased,
}

impl GroupSpec {
    /// Reports what is wrong; `models` are those of the file, of which `taken` are another
    /// group's.
    pub fn check(&self, models: &[&str], taken: &[&str], problems: &mut Problems) {
        problems.at("deployments", |p| {
            if self.deployments.is_empty() || self.deployments.len() > MOST {
                p.error_help(
                    format!("expected 1 to {MOST} deployments"),
                    "name models of the file: `deployments: { azure-4o: {}, openai-4o: {} }`",
                );
            }
            for (name, deployment) in &self.deployments {
                if !models.contains(&name.as_str()) {
                    p.unknown("model", name, models.iter().copied());
                } else if taken.contains(&name.as_str()) {
                    p.at(name.as_str(), |p| {
                        p.error_help(
                            "it is a deployment of another group",
                            "give each group models of its own",
                        );
                    });
                }
                p.at(name.as_str(), |p| deployment.check(p));
            }
            let weights = || self.deployments.values().filter_map(|it| it.weight);
            if weights().count() > 0 && weights().all(|weight| weight.get() <= 0.0) {
                p.warn("all weights are 0, so that they are left aside");
            }
        });
        if let StrategySpec::LatencyBased(spec) = &self.strategy {
            problems.at("strategy", |p| p.at("latency_based", |p| spec.check(p)));
        }
    }
}

impl DeploymentSpec {
    fn check(&self, problems: &mut Problems) {
        token_bucket::check(self.rpm, self.tpm, problems);
        if self.max_parallel_requests == Some(0) {
            problems.at("max_parallel_requests", |p| {
                p.error_help("nothing would ever get through", "leave it out for no limit");
            });
        }
        if self.timeout.is_some_and(Duration::is_zero) {
            problems.at("timeout", |p| {
                p.error_help("nothing is answered in no time", "leave it out for no limit");
            });
        }
    }
}
