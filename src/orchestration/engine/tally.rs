//! What is counted of workflows and steps.

use super::outcome::{Path, Reason};
use crate::cost::Money;
use crate::orchestration::plan::Kind;
use crate::stats::Histogram;

/// What was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Calls of models that were answered or failed.
    pub calls: u64,
    /// Tenths of tokens read by models.
    pub input_decitokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// Charged by models and tools.
    pub cost: Money,
    /// Of this, for judges of answers.
    pub judges: Money,
    /// Of this, by tools.
    pub tools: Money,
    /// Of this, for what nobody needed.
    pub wasted: Money,
    /// Nanoseconds that were waited for a budget, for a limit or a turn, and for a
    /// tool's place.
    pub blocked_ns: [u128; 3],
}

impl Spent {
    /// Of what was charged, that for tokens.
    pub fn tokens(&self) -> Money {
        self.cost - self.judges - self.tools
    }

    /// Adds what else was used.
    pub fn add(&mut self, more: &Spent) {
        self.calls += more.calls;
        self.input_decitokens += more.input_decitokens;
        self.output_tokens += more.output_tokens;
        self.cost += more.cost;
        self.judges += more.judges;
        self.tools += more.tools;
        self.wasted += more.wasted;
        for (sum, more) in self.blocked_ns.iter_mut().zip(more.blocked_ns) {
            *sum += more;
        }
    }
}

/// Of which [`Spent::blocked_ns`] is told.
#[derive(Clone, Copy, Debug)]
pub enum Blocked {
    /// A budget.
    Budget,
    /// A limit of rate or concurrency, or a turn.
    Limit,
    /// A place at a tool.
    Tool,
}

/// All workflows of a kind, of measured arrivals.
#[derive(Clone, Debug, Default)]
pub struct OfRoot {
    /// Workflows that arrived.
    pub arrived: u64,
    /// Of these, those that came to their end.
    pub completed: u64,
    /// Of these, those with a right result.
    pub right: u64,
    /// Those that failed, by [`Reason`].
    pub failed: [u64; Reason::NAMES.len()],
    /// From arrival to the end, of completed ones.
    pub makespan: Histogram,
    /// The same of those that failed or were turned away.
    pub failed_makespan: Histogram,
    /// Critical paths of completed ones.
    pub path: PathSums,
    /// Items of steps that were begun, retries among them.
    pub jobs: u64,
    /// What all of them used.
    pub spent: Spent,
}

/// Sums of [`Path`]s in nanoseconds.
pub type PathSums = [u128; Kind::ALL.len()];

/// All runs of a step, of measured arrivals.
#[derive(Clone, Copy, Debug, Default)]
pub struct OfStep {
    /// How often it was begun, items and rounds not counted.
    pub runs: u64,
    /// How often it was left out.
    pub skipped: u64,
    /// How often it failed for good.
    pub failed: u64,
    /// Rounds of its loop, or 1 each.
    pub rounds: u64,
    /// Items and tries that were begun.
    pub jobs: u64,
    /// Of these, further tries.
    pub retries: u64,
    /// Of these, those that nobody waited for any more.
    pub called_off: u64,
    /// Of these, those whose result was kept.
    pub memo_hits: u64,
    /// Right results.
    pub right: u64,
    /// Results that were done.
    pub done: u64,
    /// Nanoseconds from beginning to end, of runs that were done.
    pub time_ns: u128,
    /// What all of them used.
    pub spent: Spent,
}

/// Messages of all workflows, warm-up included: what began has ended in one of three
/// ways, or is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// Items and tries that began.
    pub begun: u64,
    /// Those that were done.
    pub succeeded: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that nobody waited for any more.
    pub called_off: u64,
}

/// What is counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By workflow, the plain request first.
    pub roots: Vec<OfRoot>,
    /// By step, in the order of [`Plan::steps`](crate::orchestration::Plan::steps).
    pub steps: Vec<OfStep>,
    /// All messages.
    pub messages: Messages,
}

impl Tally {
    /// Nothing yet.
    pub fn new(roots: usize, steps: usize) -> Self {
        Tally {
            roots: vec![OfRoot::default(); roots],
            steps: vec![OfStep::default(); steps],
            messages: Messages::default(),
        }
    }

    /// Adds a completed workflow's way.
    pub(super) fn path(&mut self, root: u32, path: &Path) {
        let sums = &mut self.roots[root as usize].path;
        sums.iter_mut().zip(path.0).for_each(|(sum, span)| *sum += u128::from(span.0));
    }
}
