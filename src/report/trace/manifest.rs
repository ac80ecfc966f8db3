//! `manifest.yaml` of `windtunnel trace info`.

use std::path::Path;

use serde::{Deserialize, Serialize};

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
}

impl TraceManifest {
    /// Whether `folder` holds such results.
    pub fn is_in(folder: &Path) -> bool {
        let text = std::fs::read_to_string(folder.join("manifest.yaml")).unwrap_or_default();
        text.lines().any(|line| line == "traces:")
    }

    /// Reads `manifest.yaml` of a results folder.
    ///
    /// # Errors
    /// Says why it cannot be read.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("manifest.yaml");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// As it is written.
    ///
    /// # Panics
    /// Never: a manifest is plain data.
    pub fn to_yaml(&self) -> String {
        serde_yaml::to_string(self).expect("a manifest is plain data")
    }

    /// The part that was read, for a subtitle.
    pub(crate) fn conditions(&self) -> String {
        if self.part.is_empty() {
            "from beginning to end".to_owned()
        } else {
            self.part.join(" · ")
        }
    }
}
