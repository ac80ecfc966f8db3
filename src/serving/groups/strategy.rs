//! The ways of choosing among deployments that may get a request.

use super::deployment::{Asked, Deployment};
use super::latency_based::Latencies;
use super::spec::StrategySpec;
use crate::kernel::{Stream, Time};

/// A strategy at work.
#[derive(Clone, Debug)]
pub enum Strategy {
    SimpleShuffle,
    LeastBusy,
    UsageBased,
    LatencyBased(Latencies),
    CostBased,
}

impl Strategy {
    pub fn new(spec: &StrategySpec) -> Self {
        match spec {
            StrategySpec::SimpleShuffle => Strategy::SimpleShuffle,
            StrategySpec::LeastBusy => Strategy::LeastBusy,
            StrategySpec::UsageBased => Strategy::UsageBased,
            StrategySpec::LatencyBased(spec) => Strategy::LatencyBased(Latencies::new(spec)),
            StrategySpec::CostBased => Strategy::CostBased,
        }
    }

    /// Whether `rpm` and `tpm` are limits.
    pub const fn limits(&self) -> bool {
        !matches!(self, Strategy::SimpleShuffle | Strategy::LeastBusy)
    }

    /// Whether a request counts when it is sent, rather than when it was answered.
    pub const fn counts_first(&self) -> bool {
        matches!(self, Strategy::UsageBased)
    }

    /// Whether a deployment has something left of its limits of this minute.
    pub fn admits(&self, deployment: &Deployment, asked: &Asked) -> bool {
        let [requests, tokens] = deployment.minute.get(asked.now);
        let next = requests.saturating_add(1);
        let requests_left = deployment.rpm.is_none_or(|rpm| {
            if self.counts_first() { requests == 0 || next < rpm } else { next <= rpm }
        });
        let tokens = tokens.saturating_add(asked.input_tokens);
        requests_left && deployment.tpm.is_none_or(|tpm| tokens <= tpm)
    }

    /// The place of one of the candidates, of which there is one at least.
    pub fn choose(
        &mut self,
        all: &[Deployment],
        candidates: &mut Vec<usize>,
        now: Time,
        price: impl Fn(u32) -> u64,
        stream: &mut Stream,
    ) -> usize {
        match self {
            Strategy::SimpleShuffle => return shuffle(all, candidates, stream),
            Strategy::LeastBusy => {
                let least = candidates.iter().min_by_key(|at| all[**at].in_flight);
                return *least.unwrap_or(&candidates[0]);
            }
            Strategy::CostBased => {
                let least = candidates.iter().min_by_key(|at| price(all[**at].model));
                return *least.unwrap_or(&candidates[0]);
            }
            Strategy::UsageBased => {
                let tokens = |at: &usize| all[*at].minute.get(now)[1];
                let least = candidates.iter().map(tokens).min();
                candidates.retain(|at| Some(tokens(at)) == least);
            }
            Strategy::LatencyBased(latencies) => latencies.retain_fastest(candidates, now),
        }
        any_of(candidates, stream)
    }
}

/// One of the candidates by lot, if there are several.
fn any_of(candidates: &[usize], stream: &mut Stream) -> usize {
    match candidates {
        [only] => *only,
        _ => candidates[stream.below(candidates.len() as u64) as usize],
    }
}

/// By the first kind of weight that any of them has.
fn shuffle(all: &[Deployment], candidates: &[usize], stream: &mut Stream) -> usize {
    if let [only] = candidates {
        return *only;
    }
    for kind in 0..3 {
        let weight = |at: &usize| all[*at].weights[kind];
        let sum: f64 = candidates.iter().map(weight).sum();
        if sum <= 0.0 {
            continue;
        }
        let mut left = stream.uniform() * sum;
        let mut found = candidates[0];
        for at in candidates.iter().filter(|at| weight(at) > 0.0) {
            found = *at;
            if left < weight(at) {
                break;
            }
            left -= weight(at);
        }
        return found;
    }
    any_of(candidates, stream)
}
