//! What the gateway does where models fail: the same for all requests.

use crate::kernel::{Duration, Streams};
use crate::serving::resilience::{
    Backoff, BackoffRule, Chains, ClientLimits, Failure, HedgeDelay, Limits, Per, PerFailureSpec,
    RetryBudget,
};
use crate::system::setup::Setup;
use crate::workload::Source;

/// What holds for all requests.
pub struct Rules {
    /// After which an attempt is given up.
    pub timeout: Option<Duration>,
    /// Further attempts at the same model.
    num_retries: u32,
    /// How many hedges a request may have, and by model when they are made; none where
    /// there are no hedges.
    pub most_hedges: u32,
    /// See above.
    pub hedges: Vec<HedgeDelay>,
    /// Which numbers of these hold for some failures.
    retry_policy: PerFailureSpec,
    /// Who is asked where a model or group has failed for good.
    pub chains: Chains,
    /// How it is decided who waits before a retry.
    pub backoff_rule: BackoffRule,
    /// How long until the next attempt.
    pub backoff: Backoff,
    /// How many retries and hedges there may be in all.
    pub budget: Option<RetryBudget>,
    /// Whose the limits of clients are.
    pub per: Per,
    /// By user or class, or one.
    pub clients: ClientLimits,
    /// By class: how many requests under way for each replica it may find.
    pub thresholds: Option<Vec<f64>>,
}

impl Rules {
    /// The rules of a setup, of which so many copies of the gateway keep counters.
    pub fn new(setup: &Setup, source: &Source, copies: usize, streams: &Streams) -> Self {
        let spec = setup.resilience.clone().unwrap_or_default();
        let per = spec.rate_limit.as_ref().map(|limit| limit.per).unwrap_or_default();
        let clients = spec.rate_limit.as_ref().map_or_else(Vec::new, |limit| {
            let count = match per {
                Per::User => source.users().len(),
                Per::Class => source.slo_classes().len(),
                Per::All => 1,
            };
            vec![Limits::new(limit.rpm, limit.tpm); count]
        });
        Rules {
            timeout: spec.timeout,
            num_retries: spec.num_retries,
            retry_policy: spec.retry_policy.unwrap_or_default(),
            chains: Chains::new(&spec, &setup.names()),
            backoff_rule: spec.backoff.rule,
            backoff: Backoff::new(&spec.backoff, streams.stream("resilience.backoff")),
            budget: spec.retry_budget.as_ref().map(RetryBudget::new),
            per,
            clients: ClientLimits::new(clients, copies),
            thresholds: spec.admission.as_ref().map(|it| it.thresholds(source.slo_classes())),
            most_hedges: spec.hedge.as_ref().map_or(0, |hedge| hedge.max),
            hedges: spec
                .hedge
                .iter()
                .flat_map(|it| setup.models.iter().map(|_| HedgeDelay::new(it)))
                .collect(),
        }
    }

    /// How often a request is tried again after such a failure.
    pub fn retries(&self, failure: Failure) -> u32 {
        let told = self.retry_policy.of(failure);
        // A request that is too long stays too long.
        let hopeless =
            failure == Failure::ContextWindow && self.backoff_rule == BackoffRule::Litellm;
        told.unwrap_or(if hopeless { 0 } else { self.num_retries })
    }
}
