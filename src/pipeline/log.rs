//! The bounded request log.

use std::collections::VecDeque;

use super::error::RequestError;
use crate::kernel::{Duration, Time};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered from cache level `0`, `1`, ...
    Hit(u8),
    /// Answered from the semantic cache, rightly or not.
    SimilarHit,
    /// Answered by a model.
    Answered,
    /// Answered by a model that another request with the same key had asked.
    Coalesced,
    /// Not answered.
    Failed(RequestError),
}

impl Outcome {
    /// `hit`, `answered`, `coalesced`, `error` or `rejected`.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Hit(_) | Outcome::SimilarHit => "hit",
            Outcome::Answered => "answered",
            Outcome::Coalesced => "coalesced",
            Outcome::Failed(error) if error.is_rejection() => "rejected",
            Outcome::Failed(_) => "error",
        }
    }

    /// What went wrong, if anything did.
    pub const fn error(self) -> Option<RequestError> {
        match self {
            Outcome::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// A finished request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogEntry {
    /// When it finished.
    pub at: Time,
    /// Its number, from 0 in order of arrival.
    pub request: u64,
    /// Who asked.
    pub user: u32,
    /// Which model answered, if one did.
    pub model: Option<u32>,
    /// From arrival to finish.
    pub e2e: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

/// Keeps the last entries and counts all.
#[derive(Clone, Debug)]
pub struct Log {
    entries: VecDeque<LogEntry>,
    capacity: usize,
    total: u64,
}

impl Log {
    /// An empty log of at most `capacity` entries.
    pub fn new(capacity: usize) -> Self {
        Log { entries: VecDeque::with_capacity(capacity.min(1 << 16)), capacity, total: 0 }
    }

    /// Adds an entry, dropping the oldest of a full log.
    #[inline]
    pub fn push(&mut self, entry: LogEntry) {
        self.total += 1;
        if self.capacity == 0 {
            return;
        }
        if self.entries.len() == self.capacity {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// The kept entries, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &LogEntry> {
        self.entries.iter()
    }

    /// All entries ever added.
    pub fn total(&self) -> u64 {
        self.total
    }
}
