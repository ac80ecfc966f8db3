//! `manifest.yaml` of a replay.

use serde::{Deserialize, Serialize};

use crate::report::manifest::FolderManifest;

/// What was replayed. It holds no wall time and no path: the same trace gives
/// the same bytes wherever it lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayManifest {
    /// The name of the results.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// Seeds random policies and samples.
    pub seed: u64,
    /// The trace.
    pub replay: TraceFacts,
    /// The policies, in order.
    pub policies: Vec<String>,
    /// The capacities, in order.
    pub capacities: Vec<String>,
    /// The curves of LRU, in order.
    pub curves: Vec<String>,
    /// The command that replays it again.
    pub command: String,
}

/// A trace in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceFacts {
    /// The file's name.
    pub trace: String,
    /// Its format.
    pub format: String,
    /// Accesses read.
    pub accesses: u64,
    /// The first of them, which were not counted.
    pub warmup_accesses: u64,
    /// Distinct objects.
    pub objects: u64,
    /// The size of all distinct objects; none if the trace has no sizes, or they
    /// were to be ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footprint_bytes: Option<u64>,
    /// Bad rows that were left out.
    pub skipped_rows: u64,
    /// Accesses with a time before that of the one before them.
    pub out_of_order: u64,
    /// How long objects lived, in seconds, if not for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<f64>,
}

impl FolderManifest for ReplayManifest {
    const KEY: &'static str = "replay";
}
