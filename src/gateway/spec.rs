//! The `gateway:` block of an experiment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SpreadSpec;
use super::queue::QueueSpec;
use crate::kernel::Duration;
use crate::spec::Problems;

/// The gateway before the models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySpec {
    /// Copies of the gateway. Each has cache levels of its own, but for those that are
    /// `shared`, waits for its own requests only (`single_flight`), and keeps its own
    /// failures (`negative_ttl`). Default 1.
    pub replicas: u16,
    /// Which copy a request comes to. Default: `round_robin`.
    #[serde(skip_serializing_if = "is_default")]
    pub balance: SpreadSpec,
    /// How often copies learn of each other what budgets and `resilience.rate_limit` have
    /// counted; in between, each knows what it knew then and what it has counted itself.
    /// Default: at once, as with a counter that all ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<Duration>,
    /// A bounded number of requests at the models, and a queue of those that wait to be
    /// let through. Default: all are let through at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueSpec>,
}

impl Default for GatewaySpec {
    fn default() -> Self {
        GatewaySpec { replicas: 1, balance: SpreadSpec::default(), sync: None, queue: None }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// More copies than anybody runs; a request notes its own in two bytes.
const MOST_COPIES: u16 = 1000;

impl GatewaySpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if self.replicas == 0 || self.replicas > MOST_COPIES {
            problems.at("replicas", |p| p.error(format!("expected 1 to {MOST_COPIES}")));
        }
        if self.sync.is_some_and(Duration::is_zero) {
            problems.at("sync", |p| {
                p.error_help("expected a duration longer than 0", "leave it out for `at once`");
            });
        }
        if self.replicas == 1 {
            if self.sync.is_some() {
                problems.at("sync", |p| p.warn("one copy has nobody to learn from"));
            }
            if !is_default(&self.balance) {
                problems.at("balance", |p| p.warn("all requests come to the only copy"));
            }
        } else if self.queue.is_some() {
            problems.at("queue", |p| {
                p.error_help(
                    "a queue is one for all, and copies have none together",
                    "set `replicas: 1`, or leave `queue` out",
                );
            });
        }
        if let Some(queue) = &self.queue {
            problems.at("queue", |p| queue.check(p));
        }
    }
}
