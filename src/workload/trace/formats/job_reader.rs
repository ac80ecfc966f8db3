//! Jobs as rows: each at the time when it begins.

use super::format::RowReader;
use super::jobs::{Models, ReadJob, ReadJobs};
use super::users::Users;
use crate::workload::RecordedJob;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::position::Position;
use crate::workload::trace::row::Row;

/// Reads jobs as rows, so that order, parts, speed and bad rows are as for other traces.
#[derive(Debug)]
pub(in crate::workload::trace) struct JobReader {
    jobs: Box<dyn ReadJobs>,
    /// Whether jobs begin when they did; else their times are of no account.
    as_recorded: bool,
    /// What the job of the row read last does.
    job: Option<RecordedJob>,
}

impl JobReader {
    /// Of these jobs.
    pub fn new(jobs: Box<dyn ReadJobs>, as_recorded: bool) -> Self {
        JobReader { jobs, as_recorded, job: None }
    }
}

impl RowReader for JobReader {
    /// The next job: its time, and its first call's lengths and prompt.
    fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        self.job = None;
        let Some(ReadJob { begins: stamp, job, user }) = self.jobs.next_job()? else {
            return Ok(None);
        };
        let row = job.calls().first().map(|first| Row {
            stamp: if self.as_recorded { stamp } else { 0 },
            input_tokens: first.input_tokens,
            output_tokens: first.output_tokens,
            prompt: Some(first.prompt),
            user,
        });
        self.job = Some(job);
        Ok(row)
    }

    fn take_job(&mut self) -> Option<RecordedJob> {
        self.job.take()
    }

    fn users(&self) -> Option<&Users> {
        self.jobs.users()
    }

    fn models(&self) -> Option<&Models> {
        self.jobs.models()
    }

    fn notes(&self) -> Vec<String> {
        self.jobs.notes()
    }

    fn position(&self) -> &Position {
        self.jobs.position()
    }
}
