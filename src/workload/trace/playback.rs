//! What a run reads: one trace, conversations, or several merged.

use std::sync::Arc;

use super::conversations::SentText;
use super::{Conversations, Merged, Row, Rows, TraceError};
use crate::kernel::Time;
use crate::workload::RecordedJob;

/// The rows of a recording on the virtual clock, in the order of their times.
#[derive(Debug)]
pub enum Playback {
    /// A trace with times of its own.
    Rows(Box<Rows>),
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
            Playback::Conversations(conversations) => conversations.blocks(),
            Playback::Merged(merged) => merged.blocks(),
        }
    }

    /// What the job of the row read last does, where rows are jobs; those are not merged.
    #[inline]
    pub fn job(&self) -> Option<Arc<RecordedJob>> {
        match self {
            Playback::Rows(rows) => rows.job(),
            Playback::Conversations(_) | Playback::Merged(_) => None,
        }
    }

    /// The prompt's text of the row read last, where texts are real.
    #[inline]
    pub fn text(&self) -> Option<SentText> {
        match self {
            Playback::Rows(_) => None,
            Playback::Conversations(conversations) => conversations.text(),
            Playback::Merged(merged) => merged.text(),
        }
    }

    /// How many bad rows were left out so far.
    pub fn skipped(&self) -> u64 {
        match self {
            Playback::Rows(rows) => rows.skipped(),
            Playback::Conversations(conversations) => conversations.skipped(),
            Playback::Merged(merged) => merged.skipped(),
        }
    }
}
