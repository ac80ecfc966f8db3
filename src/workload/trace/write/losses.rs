//! What a format could not hold of the rows written.

use super::format::WrittenRow;

/// Each thing once, with how many rows had it.
#[derive(Debug, Default)]
pub(super) struct Losses(Vec<(&'static str, u64)>);

impl Losses {
    /// Notes that a row had `what`.
    #[inline]
    pub fn note(&mut self, what: &'static str) {
        match self.0.iter_mut().find(|(known, _)| *known == what) {
            Some((_, rows)) => *rows += 1,
            None => self.0.push((what, 1)),
        }
    }

    /// The format knows no users.
    #[inline]
    pub fn user(&mut self, row: &WrittenRow<'_>) {
        if row.user.is_some() {
            self.note("who asked");
        }
    }

    /// The format knows no prompts.
    #[inline]
    pub fn prompt(&mut self, row: &WrittenRow<'_>) {
        if row.prompt.is_some() {
            self.note("which prompts are the same");
        }
    }

    /// The format knows no blocks.
    #[inline]
    pub fn blocks(&mut self, row: &WrittenRow<'_>) {
        if !row.blocks.is_empty() {
            self.note("the blocks of prompts");
        }
    }

    /// The format knows nothing of what was measured.
    #[inline]
    pub fn measured(&mut self, row: &WrittenRow<'_>) {
        if row.measured.is_some_and(|measured| !measured.is_empty()) {
            self.note("what was measured");
        }
    }

    /// The tokens of an answer, in a format in which they must be known.
    #[inline]
    pub fn output(&mut self, row: &WrittenRow<'_>) -> u32 {
        row.output_tokens.unwrap_or_else(|| {
            self.note("that the answer's length is not known (it is written as 0 tokens)");
            0
        })
    }

    /// The time in whole units of `nanos`.
    #[inline]
    pub fn whole(&mut self, stamp: u64, nanos: u64, finer: &'static str) -> u64 {
        if !stamp.is_multiple_of(nanos) {
            self.note(finer);
        }
        stamp / nanos
    }

    /// As a user reads them.
    pub fn into_list(self) -> Vec<String> {
        let said = self.0.into_iter().map(|(what, rows)| {
            let plural = if rows == 1 { "" } else { "s" };
            format!("{what}, of {rows} row{plural}")
        });
        said.collect()
    }
}
