//! What a gateway does where models fail: one file for each means.
//!
//! | means | file |
//! |---|---|
//! | time between retries | [`backoff`] |
//! | when a second attempt is made | [`hedge`] |
//! | how many retries there may be in all | [`retry_budget`] |
//! | leaving out a replica that fails | [`breaker`] |
//! | so many requests and tokens a minute | [`token_bucket`] |
//! | turning away the less urgent first | [`admission`] |
//!
//! Timeouts, retries, hedges and fallbacks need the clock and are in the system
//! (`system::upstream`). Names are `LiteLLM`'s where it has them.

pub mod admission;
pub mod backoff;
pub mod breaker;
mod client_limits;
pub mod hedge;
pub mod retry_budget;
pub mod token_bucket;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use admission::AdmissionSpec;
pub use backoff::{Backoff, BackoffSpec};
pub use breaker::Breaker;
pub use client_limits::{Admitted, ClientLimits};
pub use hedge::{HedgeDelay, HedgeSpec};
pub use retry_budget::{RetryBudget, RetryBudgetSpec};
pub use token_bucket::{Limits, TokenBucket};

use crate::kernel::Duration;
use crate::spec::Problems;

/// What the gateway does about slow, failing and overloaded models. Left out, a
/// request asks its model once and waits for as long as it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResilienceSpec {
    /// How long an attempt may take, its wait included. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// How often a failed request is tried again with the same model. Default 0.
    pub num_retries: u32,
    /// How long it waits before it is tried again.
    pub backoff: BackoffSpec,
    /// How many retries and hedges there may be in all. Default: as many as
    /// requests want.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_budget: Option<RetryBudgetSpec>,
    /// A second attempt beside one that takes long. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hedge: Option<HedgeSpec>,
    /// Models to ask in turn where one has failed for good:
    /// `fallbacks: { gpt-4: [gpt-3.5, local-llama] }`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub fallbacks: IndexMap<String, Vec<String>>,
    /// Failures of a replica within a minute that are borne; at one more it is
    /// left out for `cooldown_time`. Default: it never is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_fails: Option<u32>,
    /// How long a failing replica is left out; then one request tries whether it
    /// is sound again. Default 5s.
    pub cooldown_time: Duration,
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
            backoff: BackoffSpec::default(),
            retry_budget: None,
            hedge: None,
            fallbacks: IndexMap::new(),
            allowed_fails: None,
            cooldown_time: Duration::from_secs(5),
            rate_limit: None,
            admission: None,
        }
    }
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
    /// Checks names against `models` and settings against each other.
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
        problems.at("fallbacks", |p| {
            for (model, chain) in &self.fallbacks {
                if !models.contains(&model.as_str()) {
                    p.unknown("model", model, models.iter().copied());
                }
                p.at(model.as_str(), |p| {
                    for (index, next) in chain.iter().enumerate() {
                        p.at(index, |p| {
                            if !models.contains(&next.as_str()) {
                                p.unknown("model", next, models.iter().copied());
                            } else if next == model {
                                p.error("a model is not its own fallback");
                            }
                        });
                    }
                });
            }
        });
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
