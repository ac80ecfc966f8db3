//! Groups of unlike deployments under one name: which of them a request is sent to, one
//! file for each way of choosing.
//!
//! | strategy | sends a request to |
//! |---|---|
//! | [`simple_shuffle`](StrategySpec::SimpleShuffle) | any deployment, by weight |
//! | [`least_busy`](StrategySpec::LeastBusy) | the one with the fewest requests under way |
//! | [`usage_based`](StrategySpec::UsageBased) | the one with the fewest tokens in this minute |
//! | [`latency_based`](LatencyBasedSpec) | the one that was fastest per token of late |
//! | [`cost_based`](StrategySpec::CostBased) | the cheapest |
//!
//! They are those of `LiteLLM`'s router (version 1.110: `litellm/router_strategy`), to
//! its limits and their borders; `benches/litellm_peer.py` drives both. A group sees
//! nothing of its deployments but what its gateway has sent to them and heard of them.

mod deployment;
mod latency_based;
mod spec;
mod strategy;

pub use deployment::Asked;
pub use latency_based::LatencyBasedSpec;
pub use spec::{DeploymentSpec, GroupSpec, StrategySpec};

use crate::kernel::{Duration, Stream, Time};
use crate::serving::resilience::{Failure, ResilienceSpec, Standing};
use deployment::Deployment;
use strategy::Strategy;

/// Why none was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDeployment {
    /// All are left out for a while, or none of their replicas is up.
    AllOut,
    /// What is left has reached its limits of this minute.
    AllFull,
}

/// A group at work.
#[derive(Clone, Debug)]
pub struct Group {
    deployments: Vec<Deployment>,
    strategy: Strategy,
    exclude_failed: bool,
    stream: Stream,
    /// Room for those that may get a request.
    candidates: Vec<usize>,
}

impl Group {
    /// The group of a checked spec, whose deployments are the models of these indexes. The
    /// clock shows `into_minute` of a minute at the start. `has_fallback` tells whether
    /// another is asked where it fails.
    pub fn new(
        spec: &GroupSpec,
        models: &[u32],
        resilience: &ResilienceSpec,
        has_fallback: bool,
        into_minute: Duration,
        stream: Stream,
    ) -> Self {
        let standing = Standing { single: models.len() == 1, has_fallback, into_minute };
        let deployments = spec.deployments.values().zip(models);
        Group {
            deployments: deployments
                .map(|(spec, model)| Deployment::new(spec, *model, resilience, standing))
                .collect(),
            strategy: Strategy::new(&spec.strategy),
            exclude_failed: spec.exclude_failed,
            stream,
            candidates: Vec::new(),
        }
    }

    /// The models of its deployments, in the order of the file.
    pub fn models(&self) -> impl Iterator<Item = u32> {
        self.deployments.iter().map(|it| it.model)
    }

    /// How many deployments it has.
    pub fn len(&self) -> usize {
        self.deployments.len()
    }

    /// Whether it has none: never.
    pub fn is_empty(&self) -> bool {
        self.deployments.is_empty()
    }

    /// The deployment for a request, by its place in the group. `is_up` says of a model
    /// whether any of its replicas may get a request, `price` what a token of prompt and
    /// one of answer cost there.
    ///
    /// # Errors
    /// None may get it.
    pub fn choose(
        &mut self,
        asked: &Asked,
        mut is_up: impl FnMut(u32) -> bool,
        price: impl Fn(u32) -> u64,
    ) -> Result<usize, NoDeployment> {
        let candidates = &mut self.candidates;
        candidates.clear();
        let open = |it: &(usize, &Deployment)| it.1.admits(asked.now) && is_up(it.1.model);
        candidates.extend(self.deployments.iter().enumerate().filter(open).map(|(at, _)| at));
        if self.exclude_failed {
            let untried = |at: usize| asked.failed & (1 << at) == 0;
            if candidates.iter().any(|at| untried(*at)) {
                candidates.retain(|at| untried(*at));
            }
        }
        // Those of a higher order are asked where none of a lower one is left.
        let order = |at: &usize| self.deployments[*at].order;
        let Some(first) = candidates.iter().map(order).min() else {
            return Err(NoDeployment::AllOut);
        };
        candidates.retain(|at| self.deployments[*at].order == first);
        if self.strategy.limits() {
            candidates.retain(|at| self.strategy.admits(&self.deployments[*at], asked));
        }
        if candidates.is_empty() {
            return Err(NoDeployment::AllFull);
        }
        let among = &self.deployments;
        Ok(self.strategy.choose(among, candidates, asked.now, price, &mut self.stream))
    }

    /// The model of the deployment at a place.
    pub fn model(&self, at: usize) -> u32 {
        self.deployments[at].model
    }

    /// Whether any deployment may get a request at `now`.
    pub fn any_open(&self, now: Time, mut is_up: impl FnMut(u32) -> bool) -> bool {
        self.deployments.iter().any(|it| it.admits(now) && is_up(it.model))
    }

    /// Whether another deployment than those of `failed` may get a request at `now`, where
    /// there are several; with `again`, these count, too.
    pub fn has_another(
        &self,
        failed: u64,
        now: Time,
        again: bool,
        mut is_up: impl FnMut(u32) -> bool,
    ) -> bool {
        let again = again || !self.exclude_failed;
        let mut all = self.deployments.iter().enumerate();
        self.len() > 1
            && all.any(|(at, it)| {
                (again || failed & (1 << at) == 0) && it.admits(now) && is_up(it.model)
            })
    }

    /// How long an attempt at the deployment at a place may take, if that is said of it.
    pub fn timeout(&self, at: usize) -> Option<Duration> {
        self.deployments[at].timeout
    }

    /// Whether a request that has been given to a deployment may go on to it: that has its
    /// `max_parallel_requests`, or the limit of the minute that is counted beforehand.
    pub fn takes(&mut self, at: usize, now: Time) -> bool {
        let counts = self.strategy.counts_first();
        self.deployments[at].takes(now, counts)
    }

    /// A request is sent.
    pub fn sent(&mut self, at: usize) {
        self.deployments[at].sent();
    }

    /// Nobody waits any more for a request that was sent, whatever became of it.
    pub fn ended(&mut self, at: usize) {
        self.deployments[at].ended();
    }

    /// A request was answered after `took`, with so many tokens in all and of the answer.
    pub fn succeeded(&mut self, at: usize, now: Time, took: Duration, tokens: [u64; 2]) {
        let counts_requests = !self.strategy.counts_first();
        self.deployments[at].succeeded(now, tokens[0], counts_requests);
        if let Strategy::LatencyBased(latencies) = &mut self.strategy {
            latencies.answered(at, now, took, tokens[1]);
        }
    }

    /// A request failed.
    pub fn failed(&mut self, at: usize, now: Time, failure: Failure) {
        self.deployments[at].failed(now, failure);
        if let Strategy::LatencyBased(latencies) = &mut self.strategy
            && failure == Failure::Timeout
        {
            latencies.timed_out(at, now);
        }
    }

    /// A request was called off by its client.
    pub fn called_off(&mut self, at: usize, now: Time) {
        self.deployments[at].called_off(now);
    }

    /// How often the deployment at a place was left out, if it may be.
    pub fn opened(&self, at: usize) -> Option<u64> {
        self.deployments[at].opened()
    }

    /// Counts from zero again; all else stays.
    pub fn reset_stats(&mut self) {
        self.deployments.iter_mut().for_each(Deployment::reset_stats);
    }

    /// Whether nothing that it sent is under way.
    pub fn is_idle(&self) -> bool {
        self.deployments.iter().all(|it| it.in_flight == 0)
    }
}
