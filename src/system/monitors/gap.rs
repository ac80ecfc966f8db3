//! A span of virtual time in which nothing happens.

use crate::kernel::{Duration, Time};

/// A span without an event: levels stay what they are, and nothing is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    pub from: Time,
    /// It ends before then.
    pub until: Time,
}

impl Gap {
    /// How many more steps end in it after the one that ends at `now`.
    pub fn steps_after(&self, now: Time, step: Duration) -> u64 {
        self.until.0.saturating_sub(1).saturating_sub(now.0) / step.0
    }
}
