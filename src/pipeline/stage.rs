//! The stages and their counts and times.

use crate::kernel::Duration;

/// A stage of a request's way, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Is there a prompt, and is it short enough?
    Validate,
    /// Strip, defaults, bounds.
    Preprocess,
    /// The cache key.
    Key,
    /// The caches, level by level.
    Cache,
    /// The cache of answers to similar prompts.
    Semantic,
    /// The choice of a model within the budget.
    Select,
    /// The model server: its queue and its work.
    Inference,
    /// The answer is cleaned, stored and charged.
    Postprocess,
    /// The response is formatted.
    Format,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Stage; 9] = [
        Stage::Validate,
        Stage::Preprocess,
        Stage::Key,
        Stage::Cache,
        Stage::Semantic,
        Stage::Select,
        Stage::Inference,
        Stage::Postprocess,
        Stage::Format,
    ];

    /// The name in `stages.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Validate => "validate",
            Stage::Preprocess => "preprocess",
            Stage::Key => "key",
            Stage::Cache => "cache",
            Stage::Semantic => "semantic",
            Stage::Select => "select",
            Stage::Inference => "inference",
            Stage::Postprocess => "postprocess",
            Stage::Format => "format",
        }
    }
}

/// What went through one stage.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageStats {
    /// Requests that left it.
    pub count: u64,
    /// Of these, those that ended here with an error.
    pub errors: u64,
    /// Their time in it, in nanoseconds.
    pub total_ns: u128,
    /// The longest.
    pub max: Duration,
}

impl StageStats {
    /// Counts a request that spent `time` here.
    #[inline]
    pub fn pass(&mut self, time: Duration) {
        self.count += 1;
        self.total_ns += u128::from(time.as_nanos());
        self.max = self.max.max(time);
    }
}
