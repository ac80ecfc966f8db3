//! Traces of jobs: calls of models that wait for each other, one format a file.
//!
//! A job is a row of the trace at the time when it begins ([`JobReader::next_row`]), so that
//! order, parts, speed and bad rows are as for other traces; what it does is
//! [`JobReader::job`].

mod applied_compute;
mod causes;
mod mooncake;
mod requests_csv;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::position::Position;
use super::{ReplaySpec, Row, TraceError, TraceSpec};
use crate::workload::RecordedJob;
use applied_compute::AppliedComputeJobs;
use mooncake::MooncakeJobs;

/// Reads the jobs of a file one after another.
trait ReadJobs: fmt::Debug + Send {
    /// The next job, and when it began in nanoseconds of the file's own clock; 0 where that
    /// has none. After a bad row the next call goes on behind it.
    ///
    /// # Errors
    /// A job that cannot be read, or a file that cannot.
    fn next_job(&mut self) -> Result<Option<(u64, RecordedJob)>, TraceError>;

    /// Where the job read last is.
    fn position(&self) -> &Position;
}

/// Jobs that were read at once, in the order in which they began.
#[derive(Debug)]
struct Listed {
    jobs: std::vec::IntoIter<(u64, RecordedJob)>,
    position: Position,
}

impl Listed {
    /// Jobs and when they began; what is wrong with them is told at `position`.
    fn new(mut jobs: Vec<(u64, RecordedJob)>, position: Position) -> Self {
        jobs.sort_by_key(|(begins, _)| *begins);
        Listed { jobs: jobs.into_iter(), position }
    }
}

impl ReadJobs for Listed {
    fn next_job(&mut self) -> Result<Option<(u64, RecordedJob)>, TraceError> {
        Ok(self.jobs.next())
    }

    fn position(&self) -> &Position {
        &self.position
    }
}

/// A reader of jobs of any format.
#[derive(Debug)]
pub struct JobReader {
    reader: Box<dyn ReadJobs>,
    job: Option<Arc<RecordedJob>>,
}

impl JobReader {
    /// A reader of the file at `path`, if the spec names a format of jobs.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn open(spec: &TraceSpec, path: &Path) -> Result<Option<JobReader>, TraceError> {
        let reader: Box<dyn ReadJobs> = if spec.applied_compute.is_some() {
            Box::new(AppliedComputeJobs::open(path)?)
        } else if spec.requests_csv.is_some() {
            requests_csv::open(path, spec.replay == Some(ReplaySpec::Open))?
        } else if spec.mooncake.is_some() && spec.has_jobs() {
            Box::new(MooncakeJobs::open(path, spec.deltas, spec.arrivals.is_none())?)
        } else {
            return Ok(None);
        };
        Ok(Some(JobReader { reader, job: None }))
    }

    /// The next job as a row: its time, and its first call's lengths and prompt.
    ///
    /// # Errors
    /// As [`super::Reader::next_row`].
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        self.job = None;
        let Some((stamp, job)) = self.reader.next_job()? else { return Ok(None) };
        let row = job.calls().first().map(|first| Row {
            stamp,
            input_tokens: first.input_tokens,
            output_tokens: first.output_tokens,
            prompt: Some(first.prompt),
            user: None,
        });
        self.job = Some(Arc::new(job));
        Ok(row)
    }

    /// What the job of the row read last does.
    pub fn job(&self) -> Option<Arc<RecordedJob>> {
        self.job.clone()
    }

    /// Where that row is.
    pub(super) fn position(&self) -> &Position {
        self.reader.position()
    }
}
