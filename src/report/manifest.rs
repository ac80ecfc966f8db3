//! What the manifests of results other than an experiment's have in common.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::report::csv::write_table;
use crate::report::error::ReportError;
use crate::stats::Table;

/// The name of the file.
pub(super) const FILE: &str = "manifest.yaml";

/// `manifest.yaml` of one kind of results.
pub trait FolderManifest: Serialize + DeserializeOwned {
    /// The key by which this kind is told from all others.
    const KEY: &'static str;

    /// Whether a manifest is of this kind.
    fn is_named_in(text: &str) -> bool {
        text.lines().any(|line| line.strip_suffix(':') == Some(Self::KEY))
    }

    /// Whether `folder` holds results of this kind.
    fn is_in(folder: &Path) -> bool {
        Self::is_named_in(&fs::read_to_string(folder.join(FILE)).unwrap_or_default())
    }

    /// Reads the text of a manifest, which stands at `path`.
    ///
    /// # Errors
    /// Says why it cannot be read.
    fn from_yaml(text: &str, path: &Path) -> Result<Self, String> {
        serde_yaml::from_str(text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// As it is written.
    ///
    /// # Panics
    /// Never: a manifest is plain data.
    fn to_yaml(&self) -> String {
        serde_yaml::to_string(self).expect("a manifest is plain data")
    }

    /// Writes tables, by their files' names, and the manifest into `folder`.
    ///
    /// # Errors
    /// If a file cannot be written.
    fn write(&self, folder: &Path, tables: &[(&str, Table)]) -> Result<(), ReportError> {
        for (name, table) in tables {
            let path = folder.join(name);
            write_table(&path, table).map_err(ReportError::io(&path))?;
        }
        let path = folder.join(FILE);
        fs::write(&path, self.to_yaml()).map_err(ReportError::io(&path))
    }
}
