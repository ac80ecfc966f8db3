//! Jobs in traces: calls of models that waited for each other.

pub(super) mod causes;
pub(super) mod mooncake;
pub(super) mod spans;

use std::fmt::Debug;

use crate::workload::RecordedJob;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::position::Position;

/// How jobs are read.
#[derive(Clone, Copy, Debug)]
pub(in crate::workload::trace) struct JobOptions {
    /// Whether they begin when they did, so that each needs a time.
    pub as_recorded: bool,
    /// Whether a row is only what it adds to those before it.
    pub deltas: bool,
}

/// Reads the jobs of a file one after another.
pub(in crate::workload::trace) trait ReadJobs: Debug + Send {
    /// The next job, and when it began in nanoseconds of the file's own clock; 0 where that
    /// has none. After a bad row the next call goes on behind it.
    ///
    /// # Errors
    /// A job that cannot be read, or a file that cannot.
    fn next_job(&mut self) -> Result<Option<(u64, RecordedJob)>, TraceError>;

    /// Where the job read last is.
    fn position(&self) -> &Position;
}
