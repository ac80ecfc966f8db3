//! Prompts of which none is more popular.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::zipf::MAX_COUNT;
use crate::spec::Problems;
use crate::workload::prompts::check_count;

/// A fixed population of prompts, all asked equally often: the hardest case for a
/// cache smaller than it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UniformPromptsSpec {
    /// How many different prompts there are. Default: 10000.
    pub count: u32,
}

impl Default for UniformPromptsSpec {
    fn default() -> Self {
        UniformPromptsSpec { count: 10_000 }
    }
}

impl UniformPromptsSpec {
    pub(super) fn check(self, problems: &mut Problems) {
        problems.at("count", |p| check_count(self.count, MAX_COUNT, "prompt", p));
    }
}
