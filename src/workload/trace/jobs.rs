//! Jobs on the virtual clock: when each begins.

use super::{Row, Rows, TraceError};
use crate::kernel::{Stream, Time};
use crate::workload::RecordedJob;
use crate::workload::arrivals::Arrivals;

/// Recorded jobs, which begin when they did, or when they are told.
#[derive(Debug)]
pub struct Jobs {
    rows: Rows,
    /// When they begin; `None` for when they did.
    arrivals: Option<Arrivals>,
    gaps: Stream,
}

/// A job that begins instead of one that has ended.
#[derive(Debug)]
pub struct Successor {
    /// When.
    pub at: Time,
    /// As a row: its first call.
    pub row: Row,
    /// What it does.
    pub job: RecordedJob,
    /// Whether whoever asked for the other asks for it.
    pub same_user: bool,
}

impl Jobs {
    pub(super) fn new(rows: Rows, arrivals: Option<Arrivals>, gaps: Stream) -> Self {
        Jobs { rows, arrivals, gaps }
    }

    /// The rows, each a job.
    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// What the job of the row read last does; to be taken once.
    pub(super) fn take_job(&mut self) -> Option<RecordedJob> {
        self.rows.take_job()
    }

    /// The next job, unless no more begin before others have ended.
    ///
    /// # Errors
    /// As [`Rows::next_row`].
    pub fn next_row(&mut self) -> Result<Option<(Time, Row)>, TraceError> {
        let Some(arrivals) = &mut self.arrivals else { return self.rows.next_row() };
        let Some(at) = arrivals.next_at(&mut self.gaps) else { return Ok(None) };
        Ok(self.rows.next_row()?.map(|(_, row)| (at, row)))
    }

    /// The job that begins instead of one that has ended at `now`, if any does.
    ///
    /// # Errors
    /// As [`Rows::next_row`].
    pub fn instead(&mut self, now: Time) -> Result<Option<Successor>, TraceError> {
        let (at, same_user) = match &mut self.arrivals {
            Some(Arrivals::ClosedLoop(closed)) => {
                (now.saturating_add(closed.think().draw(&mut self.gaps)), true)
            }
            Some(Arrivals::Concurrency(limited)) => {
                let Some(at) = limited.instead_at(now, &mut self.gaps) else { return Ok(None) };
                (at, false)
            }
            _ => return Ok(None),
        };
        let Some((_, row)) = self.rows.next_row()? else { return Ok(None) };
        Ok(self.rows.take_job().map(|job| Successor { at, row, job, same_user }))
    }
}
