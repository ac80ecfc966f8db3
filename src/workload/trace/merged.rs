//! Several traces on one clock.

use super::jobs::Successor;
use super::{Playback, Row, TraceError};
use crate::kernel::Time;
use crate::workload::RecordedJob;
use crate::workload::incoming::PromptId;
use crate::workload::recorded::SentText;
use crate::workload::recorded::salted;

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
    /// The number of its first recorded model among those of all.
    models: u32,
    /// Tells its jobs' own names from those of other files; 0 leaves them.
    names: u64,
    /// Its next row, once that is read, and what the job does that it is.
    next: Option<(Time, Row)>,
    job: Option<RecordedJob>,
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
        names: u64,
        (users, stranger, models): (Vec<u32>, Option<u32>, u32),
    ) -> Self {
        let (blocks, next, job) = (Vec::new(), None, None);
        Part { playback, salt, blocks, users, stranger, models, names, next, job }
    }

    /// Reads its next row.
    fn advance(&mut self) -> Result<(), TraceError> {
        let next = self.playback.next_row()?;
        self.next = next.map(|(at, row)| (at, self.among_all(row)));
        let job = self.playback.take_job();
        self.job = job.map(|(_, job)| self.job_among_all(job));
        self.blocks.clear();
        if self.salt > 0 {
            let salt = self.salt;
            self.blocks.extend(self.playback.blocks().iter().map(|block| salted(*block, salt)));
        }
        Ok(())
    }

    /// A row by the numbers that all traces have in common.
    fn among_all(&self, row: Row) -> Row {
        let user = row.user.map_or(self.stranger, |user| Some(self.users[user as usize]));
        let prompt = row.prompt.map(|prompt| PromptId(salted(prompt.0, self.salt)));
        Row { prompt, user, ..row }
    }

    fn job_among_all(&self, job: RecordedJob) -> RecordedJob {
        job.of_file(self.names, self.salt > 0).with_models_from(self.models)
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

    /// What the job of the row read last does, and whose it is.
    pub fn take_job(&mut self) -> Option<(u32, RecordedJob)> {
        let last = self.last?;
        self.parts[last].job.take().map(|job| (last as u32, job))
    }

    /// The job of a trace that begins instead of one that has ended.
    ///
    /// # Errors
    /// As [`Playback::next_row`].
    pub fn instead(&mut self, part: u32, now: Time) -> Result<Option<Successor>, TraceError> {
        let Some(part) = self.parts.get_mut(part as usize) else { return Ok(None) };
        let next = part.playback.instead(0, now)?;
        Ok(next.map(|it| Successor {
            row: part.among_all(it.row),
            job: part.job_among_all(it.job),
            ..it
        }))
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
