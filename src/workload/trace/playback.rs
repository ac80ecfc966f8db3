//! What a run reads: one trace, conversations, or several merged.

use super::jobs::{Jobs, Successor};
use super::{Conversations, Merged, Row, Rows, TraceError};
use crate::kernel::Time;
use crate::workload::RecordedJob;
use crate::workload::recorded::SentText;

/// The rows of a recording on the virtual clock, in the order of their times.
#[derive(Debug)]
pub enum Playback {
    /// A trace with times of its own.
    Rows(Box<Rows>),
    /// Jobs, whose calls wait for each other.
    Jobs(Box<Jobs>),
    /// Conversations, whose times are drawn.
    Conversations(Box<Conversations>),
    /// Several of these.
    Merged(Box<Merged>),
}

impl Playback {
    /// The next row and its time.
    ///
    /// # Errors
    /// If a file cannot be read, or at a bad row unless those are skipped.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<(Time, Row)>, TraceError> {
        match self {
            Playback::Rows(rows) => rows.next_row(),
            Playback::Jobs(jobs) => jobs.next_row(),
            Playback::Conversations(conversations) => conversations.next_row(),
            Playback::Merged(merged) => merged.next_row(),
        }
    }

    /// The ids of the prompt's blocks of the row read last, in their order; none
    /// where the trace does not know them.
    #[inline]
    pub fn blocks(&self) -> &[u64] {
        match self {
            Playback::Rows(rows) => rows.blocks(),
            Playback::Jobs(_) => &[],
            Playback::Conversations(conversations) => conversations.blocks(),
            Playback::Merged(merged) => merged.blocks(),
        }
    }

    /// What the job of the row read last does, if it is one, and of which of the merged traces it
    /// is; to be taken once.
    #[inline]
    pub fn take_job(&mut self) -> Option<(u32, RecordedJob)> {
        match self {
            Playback::Jobs(jobs) => jobs.take_job().map(|job| (0, job)),
            Playback::Merged(merged) => merged.take_job(),
            Playback::Rows(_) | Playback::Conversations(_) => None,
        }
    }

    /// The job that begins instead of one of trace `part` that has ended at `now`, if any does.
    ///
    /// # Errors
    /// As [`Playback::next_row`].
    pub fn instead(&mut self, part: u32, now: Time) -> Result<Option<Successor>, TraceError> {
        match self {
            Playback::Jobs(jobs) => jobs.instead(now),
            Playback::Merged(merged) => merged.instead(part, now),
            Playback::Rows(_) | Playback::Conversations(_) => Ok(None),
        }
    }

    /// The prompt's text of the row read last, where texts are real.
    #[inline]
    pub fn text(&self) -> Option<SentText> {
        match self {
            Playback::Rows(_) | Playback::Jobs(_) => None,
            Playback::Conversations(conversations) => conversations.text(),
            Playback::Merged(merged) => merged.text(),
        }
    }

    /// How many bad rows were left out so far.
    pub fn skipped(&self) -> u64 {
        match self {
            Playback::Rows(rows) => rows.skipped(),
            Playback::Jobs(jobs) => jobs.rows().skipped(),
            Playback::Conversations(conversations) => conversations.skipped(),
            Playback::Merged(merged) => merged.skipped(),
        }
    }
}
