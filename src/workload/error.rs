//! Why a workload cannot be made ready.

use super::data_paths::NotFound;
use super::trace::{RecordingError, TraceError};
use crate::spec::{Path, Problem};

/// Why a workload cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// The spec does not pass its check.
    #[error("workload.{}: {}", .0.path, .0.message)]
    Spec(Problem),
    /// The trace's file is nowhere.
    #[error("the trace {missing}")]
    NoFile {
        /// Where in `trace` it is named, such as `azure`.
        place: Path,
        /// The file, and where it was looked for.
        missing: NotFound,
    },
    /// The trace cannot be read.
    #[error("{error}")]
    Trace {
        /// Where in `trace` it is named, such as `azure`.
        place: Path,
        /// What is wrong with it.
        error: TraceError,
    },
}

impl From<RecordingError> for WorkloadError {
    fn from(error: RecordingError) -> Self {
        match error {
            RecordingError::NoFile { place, missing } => WorkloadError::NoFile { place, missing },
            RecordingError::Trace { place, error } => WorkloadError::Trace { place, error },
            RecordingError::Models(problem) => {
                WorkloadError::Spec(problem.within(&Path::parse("trace")))
            }
        }
    }
}

impl WorkloadError {
    /// The error as a problem of the experiment file, whose workload is at
    /// `workload`.
    pub fn into_problem(self, workload: &Path) -> Problem {
        let message = self.to_string();
        let (place, help) = match self {
            WorkloadError::Spec(problem) => {
                return problem.within(workload);
            }
            WorkloadError::NoFile { place, missing } => (place, Some(missing.help())),
            WorkloadError::Trace { place, error } => (place, error.help().map(str::to_owned)),
        };
        Problem::error(place, message).help(help).within(&workload.join("trace"))
    }
}
