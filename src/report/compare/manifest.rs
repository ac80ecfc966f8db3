//! `manifest.yaml` of a comparison.

use serde::{Deserialize, Serialize};

use crate::report::manifest::FolderManifest;

/// What was compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonManifest {
    /// The name of the results.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// The cases, the one that others are compared with first.
    pub compared: Vec<ComparedCase>,
    /// What to beware of: cases that are overloaded, times of some of the requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beware: Vec<String>,
}

/// A case of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparedCase {
    /// What it is called.
    pub case: String,
    /// Its folder as it was named, from where the comparison was made; of one named from
    /// the root, the place where results are by default.
    pub folder: String,
    /// The name of its experiment.
    pub experiment: String,
    /// The experiment's hash.
    pub hash: String,
    /// The number of the point.
    pub point: u64,
}

impl FolderManifest for ComparisonManifest {
    const KEY: &'static str = "compared";
}
