//! The `resilience` block of an experiment.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::admission::AdmissionSpec;
use super::backoff::BackoffSpec;
use super::failure::PerFailureSpec;
use super::hedge::HedgeSpec;
use super::retry_budget::RetryBudgetSpec;
use super::token_bucket;
use crate::kernel::Duration;
use crate::spec::{Problems, is_default};

/// What the gateway does about slow, failing and overloaded models. Left out, a
/// request asks its model once and waits for as long as it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResilienceSpec {
    /// How long an attempt may take, its wait included. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// How often a failed request is tried again with the same model or group. Default 0.
    pub num_retries: u32,
    /// Other numbers for some kinds of failures. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<PerFailureSpec>,
    /// How long it waits before it is tried again.
    pub backoff: BackoffSpec,
    /// How many retries and hedges there may be in all. Default: as many as
    /// requests want.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_budget: Option<RetryBudgetSpec>,
    /// A second attempt beside one that takes long. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hedge: Option<HedgeSpec>,
    /// Models or groups to ask in turn where one has failed for good:
    /// `fallbacks: { gpt-4: [gpt-3.5, local-llama] }`. Where none of a model's replicas or a
    /// group's deployments may be asked, they are asked at once.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub fallbacks: IndexMap<String, Vec<String>>,
    /// The same for requests that are too long for a model, which are asked at once. Default:
    /// those of `fallbacks`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub context_window_fallbacks: IndexMap<String, Vec<String>>,
    /// The same for models and groups that `fallbacks` does not name. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_fallbacks: Vec<String>,
    /// Whether the fallbacks of a fallback that has failed are asked before the next of the
    /// chain, as `LiteLLM` does; none is asked twice. Default false.
    #[serde(skip_serializing_if = "is_default")]
    pub nested_fallbacks: bool,
    /// With `nested_fallbacks`: so many hops from the first model on, a fallback's own
    /// fallbacks are not asked any more. Default: no limit. `LiteLLM`'s is 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_fallbacks: Option<u32>,
    /// Failures of a replica within a minute that are borne; at one more it is
    /// left out for `cooldown_time`. In a group it is the deployment that fails and is left
    /// out. Default: it never is, but by `cooldown: litellm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_fails: Option<u32>,
    /// With `cooldown: litellm`, other numbers for some kinds of failures. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_fails_policy: Option<PerFailureSpec>,
    /// How long a failing replica is left out; then one request tries whether it
    /// is sound again. Default 5s.
    pub cooldown_time: Duration,
    /// How failures count, and how a replica comes back. Default: `half_open`.
    #[serde(skip_serializing_if = "is_default")]
    pub cooldown: CooldownSpec,
    /// How much a client may ask. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimitSpec>,
    /// When requests are turned away so that the others are served in time.
    /// Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission: Option<AdmissionSpec>,
}

impl Default for ResilienceSpec {
    fn default() -> Self {
        ResilienceSpec {
            timeout: None,
            num_retries: 0,
            retry_policy: None,
            backoff: BackoffSpec::default(),
            retry_budget: None,
            hedge: None,
            fallbacks: IndexMap::new(),
            context_window_fallbacks: IndexMap::new(),
            default_fallbacks: Vec::new(),
            nested_fallbacks: false,
            max_fallbacks: None,
            allowed_fails: None,
            allowed_fails_policy: None,
            cooldown_time: Duration::from_secs(5),
            cooldown: CooldownSpec::HalfOpen,
            rate_limit: None,
            admission: None,
        }
    }
}

/// How failures count, and how what was left out comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CooldownSpec {
    /// Failures of the last minute count, once `allowed_fails` is given; after the cooldown
    /// one request tries whether all is well.
    #[default]
    HalfOpen,
    /// As `LiteLLM` does: failures count for `cooldown_time` from the first on, after which
    /// all requests come back at once. Where `allowed_fails` is left out, a 429 is enough, or
    /// more than half of 5 or more requests of a minute of the clock that failed. A model
    /// with one replica stays, and a group of one deployment.
    Litellm,
}

/// Requests and tokens that a client may ask for in a minute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitSpec {
    /// Requests a minute. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u64>,
    /// Tokens a minute: those of the prompt and the most that may come back.
    /// Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u64>,
    /// Who shares a limit: each `user` has one (the default), each SLO `class`,
    /// or `all` together.
    pub per: Per,
}

/// Who shares a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Each user has a limit.
    #[default]
    User,
    /// Each SLO class has one.
    Class,
    /// There is one.
    All,
}

impl ResilienceSpec {
    /// Checks names against `models`, groups among them, and settings against each other.
    pub fn check(&self, models: &[&str], problems: &mut Problems) {
        if self.timeout.is_some_and(Duration::is_zero) {
            problems.at("timeout", |p| {
                p.error_help("nothing is answered in no time", "leave it out for no limit");
            });
        }
        problems.at("backoff", |p| self.backoff.check(p));
        if let Some(hedge) = &self.hedge
            && let Some(after) = hedge.after.time()
            && self.timeout.is_some_and(|timeout| after >= timeout)
        {
            problems.at("hedge", |p| {
                p.at("after", |p| p.warn("it never happens, as `timeout` comes first"));
            });
        }
        self.check_fallbacks(models, problems);
        if self.allowed_fails_policy.is_some() && self.cooldown == CooldownSpec::HalfOpen {
            problems.at("allowed_fails_policy", |p| {
                p.warn("it has no effect without `cooldown: litellm`");
            });
        }
        if let Some(limit) = &self.rate_limit {
            problems.at("rate_limit", |p| {
                if limit.rpm.is_none() && limit.tpm.is_none() {
                    p.warn("it limits nothing: set `rpm` or `tpm`");
                }
                token_bucket::check(limit.rpm, limit.tpm, p);
            });
        }
        if let Some(admission) = &self.admission {
            problems.at("admission", |p| admission.check(p));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_found_in_its_place() {
        let spec: ResilienceSpec = serde_yaml::from_str(
            "{ timeout: 0s, hedge: { after: 1s }, fallbacks: { big: [small, big, smal], none: [] },
               rate_limit: { per: class }, backoff: { base: 2s, max: 1s },
               admission: { max_outstanding: 0 } }",
        )
        .unwrap();
        let mut problems = Problems::default();
        spec.check(&["big", "small"], &mut problems);
        let places: Vec<String> =
            problems.list().iter().map(|problem| problem.path.to_string()).collect();
        assert_eq!(
            places,
            [
                "timeout",
                "backoff.max",
                "hedge.after",
                "fallbacks.big.1",
                "fallbacks.big.2",
                "fallbacks",
                "rate_limit",
                "admission.max_outstanding",
            ]
        );
    }

    #[test]
    fn the_names_of_litellm_are_ours() {
        let spec: ResilienceSpec = serde_yaml::from_str(
            "{ num_retries: 3, timeout: 10s, fallbacks: { a: [b] }, allowed_fails: 3,
               cooldown_time: 30s, rate_limit: { rpm: 60, tpm: 90000 } }",
        )
        .unwrap();
        assert_eq!((spec.num_retries, spec.allowed_fails), (3, Some(3)));
        assert_eq!(spec.cooldown_time, Duration::from_secs(30));
        let text = serde_yaml::to_string(&spec).unwrap();
        assert_eq!(serde_yaml::from_str::<ResilienceSpec>(&text).unwrap(), spec);
    }
}
