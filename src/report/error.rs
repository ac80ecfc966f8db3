//! What can go wrong between a results folder and a chart.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::spec::suggestion;

/// Why a table could not be read or a chart not be drawn.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file is not a table.
    #[error("{}: {source}: expected a table as `windtunnel run` writes it", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// Where in the file, and what is wrong there.
        source: csv::Error,
    },
    /// A table lacks a column that a chart needs.
    #[error("{file} has no column `{column}`: {help}")]
    Column {
        /// The file's name in the results folder.
        file: String,
        /// The column.
        column: String,
        /// The nearest names, or all there are.
        help: String,
    },
    /// A chart names a path that was not swept.
    #[error("`{name}` was not swept: {help}")]
    NotSwept {
        /// The path.
        name: String,
        /// The nearest names, or all there are.
        help: String,
    },
    /// The folder is not a results folder, or one of another version.
    #[error("{0}")]
    Manifest(String),
    /// The drawing library failed.
    #[error("cannot draw {chart}: {reason}")]
    Draw {
        /// The chart's file name.
        chart: String,
        /// The library's reason.
        reason: String,
    },
}

impl ReportError {
    /// Whether it is the disk that is full, and nobody's input that is wrong.
    pub fn is_full_disk(&self) -> bool {
        matches!(self, ReportError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull)
    }

    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| ReportError::Io { path, source }
    }

    pub(crate) fn csv(path: &Path) -> impl FnOnce(csv::Error) -> Self {
        let path = path.to_owned();
        move |source| ReportError::Csv { path, source }
    }

    pub(crate) fn column<S: AsRef<str>>(file: &str, column: &str, columns: &[S]) -> Self {
        let (file, column_name) = (file.to_owned(), column.to_owned());
        ReportError::Column { file, column: column_name, help: suggestion(column, columns) }
    }

    pub(crate) fn not_swept(name: &str, swept: &[String]) -> Self {
        ReportError::NotSwept { name: name.to_owned(), help: suggestion(name, swept) }
    }
}
