//! What can be wrong with a trace.

use std::path::PathBuf;

/// What can be wrong with a trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be opened or read.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not of this format.
    #[error("{}:{line}: {why}", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What was found and what was expected.
        why: String,
    },
    /// A row cannot be read.
    #[error("{}:{line}: {why}", file.display())]
    BadRow {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What was found and what was expected.
        why: String,
    },
    /// There is no row in it that can be read.
    #[error("{}: the file has no rows{}", file.display(), left_out(*skipped))]
    Empty {
        /// The file.
        file: PathBuf,
        /// How many rows were skipped.
        skipped: u64,
    },
}

impl TraceError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            TraceError::BadRow { .. } => {
                Some("mend the row, or leave bad rows out with `on_bad_row: skip`")
            }
            _ => None,
        }
    }
}

fn left_out(skipped: u64) -> String {
    if skipped == 0 { String::new() } else { format!(" ({skipped} bad ones are left out)") }
}
