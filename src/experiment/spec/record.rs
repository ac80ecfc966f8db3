//! What is written besides the summary tables.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Duration;

/// What is written besides the summary tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a file of its own")]
pub struct RecordSpec {
    /// Write `requests.csv`, a row per request that ended after the warm-up. Default false.
    pub requests: bool,
    /// Write `attempts.csv`, a row per try of a model that ended after the warm-up: which replica, how long, what it
    /// came to and what it cost. Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub attempts: bool,
    /// Write `jobs.csv`, a row per workflow that ended after the warm-up: how long it took, what its critical path was
    /// spent on, what it used and what it came to. Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub jobs: bool,
    /// Write `log.csv`, the pipeline's last log entries. Default false.
    pub log: bool,
    /// Write `cache.csv`, what the caches hold at the end: a `warm_start` for
    /// another experiment. Default false.
    pub cache: bool,
    /// Write `budgets.csv`, `showback.csv`, `answers.csv`, `savings.csv` and
    /// `forecast.csv`: where the money went. Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub spend: bool,
    /// Write `breakdown.csv`: the answers by model, cache level and user over virtual
    /// time. Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub breakdown: bool,
    /// Write `gantt.csv`: what the first so many workflows did, call by call. Default 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub workflows: u64,
    /// Write `traces/POINT-REPLICATION.json`, what requests, batches and replicas did
    /// when, for Perfetto or `chrome://tracing`. Default false.
    pub timeline: bool,
    /// The timeline's interval. Default: a 60th of the duration.
    pub interval: Option<Duration>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
