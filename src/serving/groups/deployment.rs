//! One deployment of a group, as its gateway knows it.

use super::spec::DeploymentSpec;
use crate::kernel::{Duration, Time};
use crate::serving::resilience::{Breaker, Failure, Minute, ResilienceSpec, Standing};

/// What a request is, to those who choose a deployment for it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// When it asks.
    pub now: Time,
    /// Tokens of its prompt.
    pub input_tokens: u64,
    /// By place in the group, deployments that have failed it.
    pub failed: u64,
}

/// What was sent to a deployment, and heard of it.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Its model.
    pub model: u32,
    /// Those of the lowest are asked first.
    pub order: u32,
    /// Its weights under `simple_shuffle`: `weight`, `rpm` and `tpm`.
    pub weights: [f64; 3],
    /// Limits of a minute.
    pub rpm: Option<u64>,
    /// See above.
    pub tpm: Option<u64>,
    most_in_flight: Option<u32>,
    /// How long an attempt may take.
    pub timeout: Option<Duration>,
    /// Requests that are waited for.
    pub in_flight: u32,
    /// Requests and tokens of this minute.
    pub minute: Minute,
    breaker: Option<Breaker>,
}

impl Deployment {
    pub fn new(
        spec: &DeploymentSpec,
        model: u32,
        resilience: &ResilienceSpec,
        standing: Standing,
    ) -> Self {
        let cooldown = spec.cooldown_time.unwrap_or(resilience.cooldown_time);
        Deployment {
            model,
            order: spec.order.unwrap_or(1),
            weights: [
                spec.weight.map_or(0.0, |weight| weight.get()),
                spec.rpm.unwrap_or(0) as f64,
                spec.tpm.unwrap_or(0) as f64,
            ],
            rpm: spec.rpm,
            tpm: spec.tpm,
            most_in_flight: spec.max_parallel_requests,
            timeout: spec.timeout,
            in_flight: 0,
            minute: Minute::new(standing.into_minute),
            breaker: Breaker::of(resilience, cooldown, standing),
        }
    }

    /// Whether it is not left out.
    pub fn admits(&self, now: Time) -> bool {
        self.breaker.as_ref().is_none_or(|breaker| breaker.admits(now))
    }

    /// Whether it has room; with `counts` the request is one of the minute from now on.
    pub fn takes(&mut self, now: Time, counts: bool) -> bool {
        if self.most_in_flight.is_some_and(|most| self.in_flight >= most) {
            return false;
        }
        if counts {
            let [requests, _] = self.minute.at(now);
            if self.rpm.is_some_and(|rpm| *requests >= rpm) {
                return false;
            }
            *requests += 1;
        }
        true
    }

    pub fn sent(&mut self) {
        self.in_flight += 1;
        if let Some(breaker) = &mut self.breaker {
            breaker.sent();
        }
    }

    pub fn ended(&mut self) {
        debug_assert!(self.in_flight > 0, "what ends was sent");
        self.in_flight -= 1;
    }

    pub fn succeeded(&mut self, now: Time, tokens: u64, counts_request: bool) {
        let [requests, all] = self.minute.at(now);
        *requests += u64::from(counts_request);
        *all += tokens;
        if let Some(breaker) = &mut self.breaker {
            breaker.succeeded(now);
        }
    }

    pub fn failed(&mut self, now: Time, failure: Failure) {
        if let Some(breaker) = &mut self.breaker {
            breaker.failed(now, failure);
        }
    }

    pub fn called_off(&mut self, now: Time) {
        if let Some(breaker) = &mut self.breaker {
            breaker.called_off(now);
        }
    }

    pub fn opened(&self) -> Option<u64> {
        self.breaker.as_ref().map(Breaker::opened)
    }

    pub fn reset_stats(&mut self) {
        if let Some(breaker) = &mut self.breaker {
            breaker.reset_stats();
        }
    }
}
