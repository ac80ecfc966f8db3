//! `manifest.yaml` of what was held against measured requests.

use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use crate::report::manifest::FolderManifest;
use crate::workload::measured::MeasuredFile;

/// What was predicted, and what it was held against. It holds no wall time and no path: the
/// same files give the same bytes wherever they lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredManifest {
    /// The name of the results.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// The measurement.
    pub measured: MeasuredFacts,
    /// The share of the requests that nothing was fitted to; none where nothing was fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<f64>,
    /// The results folder that was compared, as it was named; none of a calibration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<String>,
    /// Simulated runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<usize>,
    /// The command that gives these results again.
    pub command: String,
    /// What of the measurement was not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What to beware of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beware: Vec<String>,
    /// The experiment with the fitted values; none of a comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Value>,
}

/// The measurement that predictions were held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredFacts {
    /// The file's name.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// When it was measured, if the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Its requests.
    pub requests: usize,
    /// Those of them that were completed: all figures are of these.
    pub completed: usize,
    /// Whether each is a load, with the means over many requests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub loads: bool,
}

impl MeasuredFacts {
    /// Those of a file.
    pub fn of(file: &MeasuredFile) -> Self {
        MeasuredFacts {
            file: file.name.clone(),
            sha256: file.sha256.clone(),
            date: file.date.clone(),
            requests: file.rows.len(),
            completed: file.completed(),
            loads: file.is_of_loads(),
        }
    }

    /// What its rows are.
    pub(super) fn rows(&self) -> &'static str {
        if self.loads { "loads" } else { "requests" }
    }
}

impl FolderManifest for MeasuredManifest {
    const KEY: &'static str = "measured";
}
