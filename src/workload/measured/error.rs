//! What can be wrong with a file of measured requests.

use std::path::PathBuf;

use crate::workload::TraceError;

/// What can be wrong with a file of measured requests.
#[derive(Debug, thiserror::Error)]
pub enum MeasuredError {
    /// It cannot be read, or a row or its header is not as expected.
    #[error(transparent)]
    Rows(#[from] TraceError),
    /// Every row can be read, but nothing can be made of them.
    #[error("{}: {why}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is missing.
        why: String,
    },
}
