//! How far runs are.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How far an execution is; read from another thread.
#[derive(Debug, Default)]
pub struct Progress {
    /// Runs in all, as far as is known.
    pub runs: AtomicUsize,
    /// Runs done, now or before.
    pub done: AtomicUsize,
    /// Set to stop; what is finished is kept.
    pub stop: AtomicBool,
}

impl Progress {
    /// Whether somebody asked to stop.
    pub(in crate::experiment) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
