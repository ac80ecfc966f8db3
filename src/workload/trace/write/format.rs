//! What a format must say, and what rows bring to it.

use std::fmt::Debug;
use std::io::{self, Write};

use super::losses::Losses;
use crate::workload::incoming::PromptId;
use crate::workload::trace::measured::Measured;

/// What the rows of a trace know.
#[derive(Clone, Copy, Debug)]
pub struct Knows {
    /// Which prompts are the same.
    pub prompts: bool,
    /// Who asks.
    pub users: bool,
    /// What was measured.
    pub measured: bool,
    /// How many tokens a block has, where blocks are known.
    pub block_tokens: Option<u32>,
}

/// A request to be written.
#[derive(Clone, Copy, Debug)]
pub struct WrittenRow<'r> {
    /// When, in nanoseconds of the trace's own clock.
    pub stamp: u64,
    /// Tokens of the prompt.
    pub input_tokens: u32,
    /// Tokens of the answer, if they are known.
    pub output_tokens: Option<u32>,
    /// Which prompt it is, if that is known.
    pub prompt: Option<PromptId>,
    /// Who asks, if that is known.
    pub user: Option<&'r str>,
    /// The prompt's blocks, if they are known.
    pub blocks: &'r [u64],
    /// What was measured of it, if that is known.
    pub measured: Option<&'r Measured>,
}

/// How rows are written.
pub(super) trait Format: Debug {
    /// What comes first.
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn row(
        &mut self,
        row: &WrittenRow<'_>,
        out: &mut dyn Write,
        lost: &mut Losses,
    ) -> io::Result<()>;

    /// What comes last.
    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// A row that the format cannot write.
#[cold]
pub(super) fn refused(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
