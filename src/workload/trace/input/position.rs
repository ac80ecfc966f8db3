//! Where a reader is in its file, and the errors that say so.

use std::io;
use std::path::{Path, PathBuf};

use super::error::TraceError;
use super::text::NotText;

/// A line of a file (a record, where the format has no lines).
#[derive(Clone, Debug)]
pub(crate) struct Position {
    pub file: PathBuf,
    /// From 1; 0 before the first.
    pub line: u64,
}

impl Position {
    /// Before the first line of a file.
    pub fn before(file: &Path) -> Self {
        Position { file: file.to_path_buf(), line: 0 }
    }

    /// This line cannot be read.
    #[cold]
    pub fn bad_row(&self, why: String) -> TraceError {
        TraceError::BadRow { file: self.file.clone(), line: self.line, why }
    }

    /// As this line shows, the file is of another format.
    #[cold]
    pub fn format(&self, why: String) -> TraceError {
        TraceError::Format { file: self.file.clone(), line: self.line.max(1), why }
    }

    /// The file cannot be read.
    #[cold]
    pub fn io(&self, source: io::Error) -> TraceError {
        let wrong = source.get_ref().and_then(|inner| inner.downcast_ref::<NotText>());
        if let Some(NotText { line, column, why }) = wrong {
            let why = format!("column {column}: {why}");
            return TraceError::Format { file: self.file.clone(), line: *line, why };
        }
        TraceError::Io { file: self.file.clone(), source }
    }

    /// There is nothing in the file.
    #[cold]
    pub fn empty(&self) -> TraceError {
        TraceError::Empty { file: self.file.clone(), skipped: 0 }
    }
}
