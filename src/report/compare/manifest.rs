//! `manifest.yaml` of a comparison.

use std::path::Path;

use serde::{Deserialize, Serialize};

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
}

/// A case of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparedCase {
    /// What it is called.
    pub case: String,
    /// The name of its experiment.
    pub experiment: String,
    /// The experiment's hash.
    pub hash: String,
    /// The number of the point.
    pub point: u64,
}

impl ComparisonManifest {
    /// Whether `folder` holds a comparison, rather than the results of an experiment.
    pub fn is_in(folder: &Path) -> bool {
        let text = std::fs::read_to_string(folder.join("manifest.yaml")).unwrap_or_default();
        text.lines().any(|line| line == "compared:")
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
}
