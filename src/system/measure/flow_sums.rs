//! What workflows did, summed up for metrics.

use crate::orchestration::{Kind, Spent, Tally};
use crate::stats::Histogram;

/// Sums over all workflows, for metrics; NaN where there are none.
#[derive(Clone, Debug, Default)]
pub struct FlowSums {
    /// Whether there are workflows at all.
    pub any: bool,
    /// Workflows that began, or were turned away.
    pub arrived: u64,
    /// Of these, those that came to their end.
    pub completed: u64,
    /// Of these, those with a right result.
    pub right: u64,
    /// From arrival to the end, of completed ones.
    pub makespan: Histogram,
    /// The same of those that failed.
    pub failed_makespan: Histogram,
    /// Steps' items and tries that were begun.
    pub jobs: u64,
    /// What they used.
    pub spent: Spent,
    /// Nanoseconds along critical paths, by kind.
    pub path: [u128; Kind::ALL.len()],
}

impl FlowSums {
    /// Those of a tally.
    pub fn of(tally: &Tally) -> Self {
        let mut sums = FlowSums { any: true, ..FlowSums::default() };
        for root in &tally.roots {
            sums.arrived += root.arrived;
            sums.completed += root.completed;
            sums.right += root.right;
            sums.makespan.merge(&root.makespan);
            sums.failed_makespan.merge(&root.failed_makespan);
            sums.jobs += root.jobs;
            sums.spent.add(&root.spent);
            sums.path.iter_mut().zip(root.path).for_each(|(sum, more)| *sum += more);
        }
        sums
    }

    /// A number of all workflows; NaN where there are none.
    pub fn all(&self, value: f64) -> f64 {
        if self.any { value } else { f64::NAN }
    }

    /// A number by workflow.
    pub fn each(&self, value: f64) -> f64 {
        if self.arrived > 0 { value / self.arrived as f64 } else { f64::NAN }
    }

    /// The share of critical paths that was spent on a kind.
    pub fn share(&self, kind: Kind) -> f64 {
        critical_share(&self.path, kind)
    }

    /// Seconds by workflow that were waited for what; index of
    /// [`Blocked`](crate::orchestration::Blocked).
    pub fn blocked_s(&self, by: usize) -> f64 {
        self.each(self.spent.blocked_ns[by] as f64 / 1e9)
    }
}

/// The share of a path that was spent on a kind; who waits before a retry is blocked.
pub fn critical_share(path: &[u128; Kind::ALL.len()], kind: Kind) -> f64 {
    let all: u128 = path.iter().sum();
    let also = if kind == Kind::Blocked { path[Kind::Backoff as usize] } else { 0 };
    if all == 0 { f64::NAN } else { (path[kind as usize] + also) as f64 / all as f64 }
}
