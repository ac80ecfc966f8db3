//! A trace in numbers, from one pass over it.

use std::path::{Path, PathBuf};

use super::measured_profile::MeasuredProfile;
use super::{Row, TraceError, TraceSpec};
use crate::kernel::{Duration, Stream, Time, normal_quantile};
use crate::stats::{Association, Counts, Gaps, Popularity, Windows};

/// How the lengths of prompts and answers go together, by their ranks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankCorrelation {
    /// The correlation of the ranks (Spearman's).
    pub ranks: f64,
    /// The correlation of the normal scores of the ranks (van der Waerden's), which
    /// is the parameter of a Gaussian copula.
    pub scores: f64,
}

/// What one pass over a trace tells. Memory grows with the number of distinct
/// lengths, prompts, blocks and users, and not with the number of rows.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Tokens of prompts.
    pub input: Counts,
    /// Tokens of answers.
    pub output: Counts,
    /// How the two go together, in tokens.
    pub lengths: Association,
    /// The gaps between one row and the next.
    pub gaps: Gaps,
    /// Rows over time from the first row on.
    pub windows: Windows,
    /// Tokens of answers over time, by when they were asked for.
    pub answers: Windows,
    /// Prompts, if the trace knows which are the same.
    pub prompts: Popularity,
    /// Blocks of prompts, if the trace knows them.
    pub blocks: Popularity,
    /// Requests of each user, if the trace knows who asks.
    pub users: Popularity,
    /// Bad rows that were left out.
    pub skipped: u64,
    /// The first bad row, if any: file, line and what is wrong.
    pub first_bad: Option<String>,
    /// What there is that matters and is not used, with what would use it.
    pub notes: Vec<String>,
    /// What was measured, by model.
    pub measured: MeasuredProfile,
    first: Option<Time>,
    last: Time,
}

impl Profile {
    /// Reads the part of the file at `path` that the spec names, once; `stream`
    /// says which rows are kept. `also` sees every row and its blocks, and the time
    /// since the first row.
    ///
    /// # Errors
    /// If the file cannot be read, at a bad row unless those are skipped, and if
    /// there is no row at all.
    pub fn read(
        spec: &TraceSpec,
        path: &Path,
        stream: Stream,
        mut also: impl FnMut(&Row, &[u64], Duration),
    ) -> Result<Self, TraceError> {
        let mut rows = spec.open(path, stream)?;
        let mut profile = Profile::default();
        while let Some((at, row)) = rows.next_row()? {
            let since = profile.record(at, &row, rows.blocks());
            if let Some(measured) = rows.measured() {
                profile.measured.record(&row, measured);
            }
            also(&row, rows.blocks(), since);
        }
        profile.skipped = rows.skipped();
        profile.first_bad = rows.first_bad().map(str::to_owned);
        profile.notes = rows.notes();
        if profile.rows() == 0 {
            let file = PathBuf::from(path);
            return Err(TraceError::Empty { file, skipped: profile.skipped });
        }
        Ok(profile)
    }

    /// Reads the same part once more for what needs the ranks of lengths.
    ///
    /// # Errors
    /// As [`Profile::read`].
    pub fn rank_correlation(
        &self,
        spec: &TraceSpec,
        path: &Path,
        stream: Stream,
    ) -> Result<RankCorrelation, TraceError> {
        let (inputs, outputs) = (self.input.mid_ranks(), self.output.mid_ranks());
        let (mut ranks, mut scores) = (Association::default(), Association::default());
        let mut rows = spec.open(path, stream)?;
        while let Some((_, row)) = rows.next_row()? {
            let Some(output) = row.output_tokens else { continue };
            let (x, y) = (inputs.of(row.input_tokens), outputs.of(output));
            ranks.push(x, y);
            scores.push(normal_quantile(x), normal_quantile(y));
        }
        let (ranks, scores) = (ranks.correlation(), scores.correlation());
        Ok(RankCorrelation { ranks, scores })
    }

    /// Counts a row; returns the time since the first.
    fn record(&mut self, at: Time, row: &Row, blocks: &[u64]) -> Duration {
        let since = at - *self.first.get_or_insert(at);
        if self.rows() > 0 {
            self.gaps.record(at - self.last);
        }
        self.last = at;
        self.windows.record(Time(since.as_nanos()));
        self.input.record(row.input_tokens);
        if let Some(output) = row.output_tokens {
            self.answers.record_n(Time(since.as_nanos()), u64::from(output));
            self.output.record(output);
            self.lengths.push(f64::from(row.input_tokens), f64::from(output));
        }
        if let Some(prompt) = row.prompt {
            self.prompts.record(prompt.0);
        }
        if let Some(user) = row.user {
            self.users.record(u64::from(user));
        }
        for block in blocks {
            self.blocks.record(*block);
        }
        since
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.input.total()
    }

    /// From the first row to the last.
    pub fn span(&self) -> Duration {
        self.first.map_or(Duration::ZERO, |first| self.last - first)
    }

    /// Rows per second: of the gaps, hence one row less than there are over the
    /// span. NaN for a single instant.
    pub fn rate(&self) -> f64 {
        if self.span().is_zero() { f64::NAN } else { 1.0 / self.gaps.mean() }
    }

    /// How the rate and the mean answer go together over 32 windows of time or fewer:
    /// their correlation, over windows of ten requests and more; `None` for less than
    /// eight of these.
    pub fn answers_under_load(&self) -> Option<f64> {
        let (requests, tokens) = (self.windows.at_most(32), self.answers.at_most(32));
        let mut association = Association::default();
        for (requests, tokens) in requests.counts().iter().zip(tokens.counts()) {
            if *requests >= 10 {
                association.push(*requests as f64, *tokens as f64 / *requests as f64);
            }
        }
        (association.count() >= 8).then(|| association.correlation())
    }

    /// Requests without an answer: of no tokens, or failed as they were recorded.
    pub fn unanswered(&self) -> u64 {
        self.output.of(0) + self.measured.failed()
    }
}
