//! Leaving out a server that fails: a replica, or a deployment of a group.

use super::cooldown::{Cooldown, Standing};
use super::failure::Failure;
use super::half_open::HalfOpen;
use super::spec::{CooldownSpec, ResilienceSpec};
use crate::kernel::{Duration, Time};

/// Keeps requests away from a server that fails.
#[derive(Clone, Debug)]
pub enum Breaker {
    /// With a trial: a circuit breaker.
    HalfOpen(HalfOpen),
    /// Without one, as `LiteLLM` does.
    Cooldown(Box<Cooldown>),
}

impl Breaker {
    /// The breaker of a gateway that leaves servers out for `cooldown`, if it ever does.
    pub fn of(spec: &ResilienceSpec, cooldown: Duration, standing: Standing) -> Option<Self> {
        match spec.cooldown {
            CooldownSpec::HalfOpen => {
                let allowed = spec.allowed_fails?;
                Some(Breaker::HalfOpen(HalfOpen::new(allowed, cooldown)))
            }
            CooldownSpec::Litellm => {
                Cooldown::of(spec, cooldown, standing).map(|it| Breaker::Cooldown(Box::new(it)))
            }
        }
    }

    /// Whether a request may go through at `now`.
    #[inline]
    pub fn admits(&self, now: Time) -> bool {
        match self {
            Breaker::HalfOpen(breaker) => breaker.admits(now),
            Breaker::Cooldown(cooldown) => cooldown.admits(now),
        }
    }

    /// When it will let one through again; `None` where only an outcome decides.
    pub fn reopens(&self) -> Option<Time> {
        match self {
            Breaker::HalfOpen(breaker) => breaker.reopens(),
            Breaker::Cooldown(cooldown) => cooldown.reopens(),
        }
    }

    /// A request goes through; true if that closes the way for others.
    pub fn sent(&mut self) -> bool {
        match self {
            Breaker::HalfOpen(breaker) => breaker.sent(),
            Breaker::Cooldown(_) => false,
        }
    }

    /// A request came to nothing that says anything of the server: it was called off.
    pub fn called_off(&mut self, now: Time) {
        match self {
            Breaker::HalfOpen(breaker) => breaker.called_off(now),
            Breaker::Cooldown(_) => {}
        }
    }

    /// A request was answered. True if the way is open again by that.
    pub fn succeeded(&mut self, now: Time) -> bool {
        match self {
            Breaker::HalfOpen(breaker) => breaker.succeeded(),
            Breaker::Cooldown(cooldown) => {
                cooldown.succeeded(now);
                false
            }
        }
    }

    /// A request failed. True if it opened the breaker.
    pub fn failed(&mut self, now: Time, failure: Failure) -> bool {
        match self {
            Breaker::HalfOpen(breaker) => breaker.failed(now),
            Breaker::Cooldown(cooldown) => cooldown.failed(now, failure),
        }
    }

    /// Counts from zero again; its state stays.
    pub fn reset_stats(&mut self) {
        match self {
            Breaker::HalfOpen(breaker) => breaker.reset_stats(),
            Breaker::Cooldown(cooldown) => cooldown.reset_stats(),
        }
    }

    /// How often it opened.
    pub const fn opened(&self) -> u64 {
        match self {
            Breaker::HalfOpen(breaker) => breaker.opened(),
            Breaker::Cooldown(cooldown) => cooldown.opened(),
        }
    }
}
