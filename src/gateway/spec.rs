//! The `gateway:` block of an experiment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::queue::QueueSpec;
use crate::spec::Problems;

/// The gateway before the models.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySpec {
    /// A bounded number of requests at the models, and a queue of those that wait to be
    /// let through. Default: all are let through at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueSpec>,
}

impl GatewaySpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if let Some(queue) = &self.queue {
            problems.at("queue", |p| queue.check(p));
        }
    }
}
