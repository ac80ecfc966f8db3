//! Rows whose times are wrong, told by those that follow.

use std::collections::VecDeque;

use super::formats::format::RowReader;
use super::input::error::TraceError;

/// So many rows that follow are looked at.
const AHEAD: usize = 16;

/// Reads a file ahead of its reader. Where bad rows are left out, one stamp that is far ahead
/// would otherwise make bad ones of all rows behind it.
#[derive(Debug)]
pub(super) struct Scout {
    reader: Box<dyn RowReader>,
    /// The stamps of the rows that come, the one that the reader reads next first.
    coming: VecDeque<u64>,
    ended: bool,
}

impl Scout {
    pub fn new(reader: Box<dyn RowReader>) -> Self {
        Scout { reader, coming: VecDeque::with_capacity(AHEAD + 1), ended: false }
    }

    /// Whether the row that was read, of this stamp, is the one that is out of order: most of
    /// those that follow come before it, and none before `latest`, the last good one.
    pub fn is_ahead(&mut self, stamp: u64, latest: u64) -> Option<String> {
        self.look();
        self.coming.pop_front();
        self.look();
        let before = self.coming.iter().filter(|next| (latest..stamp).contains(next)).count();
        let all = self.coming.len();
        (before >= 2 && 2 * before > all).then(|| {
            format!("the row's time is behind that of {before} of the {all} rows that follow")
        })
    }

    fn look(&mut self) {
        while !self.ended && self.coming.len() < AHEAD {
            match self.reader.next_row() {
                Ok(Some(row)) => self.coming.push_back(row.stamp),
                Err(TraceError::BadRow { .. }) => {}
                // Whatever it is, the reader itself will say so.
                Ok(None) | Err(_) => self.ended = true,
            }
        }
    }
}
