//! Why a calibration came to no end.

use crate::experiment::load::diagnostic::Diagnostic;
use crate::system::RunError;

/// Why a calibration came to no end.
#[derive(Debug, thiserror::Error)]
pub enum CalibrateError {
    /// The experiment cannot be simulated with what was measured, or with a fitted value.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
    Input(Vec<Diagnostic>),
    /// What was asked for cannot be done with this file and experiment.
    #[error("{0}")]
    Refused(String),
    /// A simulated run failed.
    #[error(transparent)]
    Run(RunError),
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl From<RunError> for CalibrateError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Interrupted => CalibrateError::Interrupted,
            error => CalibrateError::Run(error),
        }
    }
}
