//! What an engine costs beside the work of its GPUs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::step_time::{MOST_TICKS, Overheads, TICKS_PER_NANO};
use crate::kernel::Duration;
use crate::spec::Problems;

/// Costs beside a step's own time, of whichever model. They come to those that the model has
/// itself (a preset of `linear`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OverheadsSpec {
    /// Of each step: scheduling and launching. Default: 0s.
    pub per_step: Duration,
    /// Before a request can be scheduled: the frontend. Default: 0s.
    pub per_request: Duration,
    /// The same, for each token of its prompt: making tokens of text. Default: 0s.
    pub per_input_token: Duration,
    /// How long each token of an answer is on its way to the client, one after another.
    /// Default: 0s.
    pub per_output_token: Duration,
}

impl OverheadsSpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if self.per_step.0 > MOST_TICKS / TICKS_PER_NANO {
            problems.at("per_step", |p| p.error("a step takes at most 18 minutes"));
        }
    }

    /// Those that are not of a step.
    pub(super) fn overheads(&self) -> Overheads {
        Overheads {
            per_request: self.per_request,
            per_input_token: self.per_input_token,
            per_output_token: self.per_output_token,
        }
    }
}
