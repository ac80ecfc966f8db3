//! Results of steps that are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Duration;

/// Results that are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MemoSpec {
    /// How long. Default: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// How many; the least recently used goes first. Default: 1000.
    pub capacity: u32,
}

impl Default for MemoSpec {
    fn default() -> Self {
        MemoSpec { ttl: None, capacity: 1000 }
    }
}
