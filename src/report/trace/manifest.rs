//! `manifest.yaml` of `windtunnel trace info`.

use serde::{Deserialize, Serialize};

use crate::report::manifest::FolderManifest;

/// Which traces the figures are of. It holds no wall time and no path: the same
/// traces give the same bytes wherever they lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceManifest {
    /// The name of the results.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// Chooses the rows that are kept.
    pub seed: u64,
    /// The traces, in order: the files' names.
    pub traces: Vec<String>,
    /// What of the traces was read, where that is not all: options as they were
    /// given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part: Vec<String>,
    /// The command that gives these results again.
    pub command: String,
}

impl FolderManifest for TraceManifest {
    const KEY: &'static str = "traces";
}

impl TraceManifest {
    /// The part that was read, for a subtitle.
    pub(crate) fn conditions(&self) -> String {
        if self.part.is_empty() {
            "from beginning to end".to_owned()
        } else {
            self.part.join(" · ")
        }
    }
}
