//! Several traces on one clock.

use super::conversations::SentText;
use super::{Playback, Row, TraceError};
use crate::kernel::Time;
use crate::workload::incoming::PromptId;

/// One of the traces that are merged.
#[derive(Debug)]
pub(super) struct Part {
    playback: Playback,
    /// Tells its blocks and prompts from those of other files; 0 leaves them.
    salt: u64,
    /// The blocks of `next`, salted.
    blocks: Vec<u64>,
    /// Its users' numbers among all users.
    users: Vec<u32>,
    /// The user whose requests are those of nobody it knows.
    stranger: Option<u32>,
    /// Its next row, once that is read.
    next: Option<(Time, Row)>,
}

/// Several traces: their rows in the order of their times, at equal times in the
/// order of the traces.
#[derive(Debug)]
pub struct Merged {
    parts: Vec<Part>,
    /// Whose row was read last; before the first row, and where one is to be
    /// replaced, rows are read when they are needed: what a trace says of its row
    /// holds until then.
    last: Option<usize>,
}

impl Part {
    pub(super) fn new(
        playback: Playback,
        salt: u64,
        users: Vec<u32>,
        stranger: Option<u32>,
    ) -> Self {
        Part { playback, salt, blocks: Vec::new(), users, stranger, next: None }
    }

    /// Reads its next row.
    fn advance(&mut self) -> Result<(), TraceError> {
        self.next = self.playback.next_row()?.map(|(at, row)| {
            let user = row.user.map_or(self.stranger, |user| Some(self.users[user as usize]));
            let prompt = row.prompt.map(|prompt| PromptId(salted(prompt.0, self.salt)));
            (at, Row { prompt, user, ..row })
        });
        self.blocks.clear();
        if self.salt > 0 {
            let salt = self.salt;
            self.blocks.extend(self.playback.blocks().iter().map(|block| salted(*block, salt)));
        }
        Ok(())
    }
}

impl Merged {
    pub(super) fn new(parts: Vec<Part>) -> Self {
        Merged { parts, last: None }
    }

    /// The next row of all and its time.
    ///
    /// # Errors
    /// As [`Playback::next_row`].
    pub fn next_row(&mut self) -> Result<Option<(Time, Row)>, TraceError> {
        match self.last {
            Some(last) => self.parts[last].advance()?,
            None => self.parts.iter_mut().try_for_each(Part::advance)?,
        }
        let times = self.parts.iter().enumerate();
        let times = times.filter_map(|(i, part)| part.next.map(|(at, _)| (at, i)));
        let Some((_, first)) = times.min() else { return Ok(None) };
        self.last = Some(first);
        Ok(self.parts[first].next)
    }

    /// The blocks of the row read last.
    pub fn blocks(&self) -> &[u64] {
        match self.last.map(|last| &self.parts[last]) {
            Some(part) if part.salt > 0 => &part.blocks,
            Some(part) => part.playback.blocks(),
            None => &[],
        }
    }

    /// The text of the row read last.
    pub fn text(&self) -> Option<SentText> {
        self.parts[self.last?].playback.text()
    }

    /// How many bad rows were left out so far.
    pub fn skipped(&self) -> u64 {
        self.parts.iter().map(|part| part.playback.skipped()).sum()
    }
}

/// Another number for the same thing in another file; 0 leaves it.
#[inline]
fn salted(id: u64, salt: u64) -> u64 {
    // A bijection, so that different ids of one file stay different.
    if salt == 0 { id } else { (id ^ salt.rotate_right(16)).wrapping_mul(0x9e37_79b9_7f4a_7c15) }
}
