//! What was paid, and what for.

use crate::cost::{Money, Usage};

/// What was paid, by what it was paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Models' tokens, those of answers that nobody got among them.
    pub tokens: Money,
    /// Judges of answers.
    pub judges: Money,
    /// Tools of workflows.
    pub tools: Money,
    /// Models' own servers, by the hour.
    pub servers: Money,
    /// What answers that were known to be wrong cost whoever got them.
    pub wrong_answers: Money,
}

impl Bill {
    /// All of it.
    pub fn total(&self) -> Money {
        self.tokens + self.judges + self.tools + self.servers + self.wrong_answers
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Bill) {
        self.tokens += other.tokens;
        self.judges += other.judges;
        self.tools += other.tools;
        self.servers += other.servers;
        self.wrong_answers += other.wrong_answers;
    }
}

/// Work that was paid for and that nobody got.
#[derive(Clone, Copy, Debug)]
pub struct Waste {
    /// Tokens read and written.
    pub usage: Usage,
    /// Charged.
    pub cost: Money,
    /// Whether the server keeps prefixes.
    pub prefix: bool,
}

/// What a cache level gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct LevelHits {
    /// Answers.
    pub hits: u64,
    /// What they had cost when they were made.
    pub saved: Money,
    /// Their list price, where that is kept.
    pub list: Money,
}
