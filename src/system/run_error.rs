//! Why a run gave no result.

use crate::workload::TraceError;

/// Why a run gave no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The trace could not be read to its end.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Time stands still: clients ask again at once, and are answered at once.
    #[error(
        "at {at_s} s, {requests} requests followed each other while no time passed: give the \
         clients a think time, or the caches or models a latency"
    )]
    Standstill {
        /// When, in seconds.
        at_s: f64,
        /// How many.
        requests: u32,
    },
    /// Nothing is to come, and a workflow has not ended.
    #[error("deadlock: nothing is to come, and this step has not ended: {step}")]
    Deadlock {
        /// Workflow and step.
        step: String,
    },
    /// Nothing is to come, and requests have neither an answer nor an error.
    #[error(
        "nothing is to come, and {requests} requests have neither an answer nor an error: this is \
         a fault of the simulator; please report it with the experiment's file"
    )]
    Forgotten {
        /// How many.
        requests: usize,
    },
    /// Something is still to come when virtual time is at its end.
    #[error(
        "virtual time ends 584 years after the start, and {what} would come later: look at \
         {settings}"
    )]
    EndOfTime {
        /// What never comes.
        what: &'static str,
        /// The settings that may have made it so.
        settings: String,
    },
    /// A total of money is more than can be counted.
    #[error(
        "the money of this run adds up to more than $1.7e26, which cannot be counted exactly: \
         look at the prices under `models`, and at the numbers of requests, tokens and replicas"
    )]
    TooMuchMoney,
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}
