//! What the manifests of results other than an experiment's have in common.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// `manifest.yaml` of one kind of results.
pub trait FolderManifest: Serialize + DeserializeOwned {
    /// The key by which this kind is told from all others.
    const KEY: &'static str;

    /// Whether `folder` holds results of this kind.
    fn is_in(folder: &Path) -> bool {
        let text = fs::read_to_string(folder.join("manifest.yaml")).unwrap_or_default();
        text.lines().any(|line| line.strip_suffix(':') == Some(Self::KEY))
    }

    /// Reads `manifest.yaml` of a results folder.
    ///
    /// # Errors
    /// Says why it cannot be read.
    fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("manifest.yaml");
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// As it is written.
    ///
    /// # Panics
    /// Never: a manifest is plain data.
    fn to_yaml(&self) -> String {
        serde_yaml::to_string(self).expect("a manifest is plain data")
    }
}
