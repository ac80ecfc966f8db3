//! From gaps to instants.

use crate::kernel::Time;

/// The time of the last arrival, floored to nanoseconds: what a floor takes from
/// one gap is carried to the next, so that no rate is too high to be met on
/// average.
#[derive(Clone, Debug, Default)]
pub(super) struct GapClock {
    carry_ns: f64,
    now: u64,
}

impl GapClock {
    /// The instant `gap_ns` nanoseconds after the last; `None` when virtual time
    /// is at its end.
    #[inline]
    pub fn advance(&mut self, gap_ns: f64) -> Option<Time> {
        let gap = gap_ns + self.carry_ns;
        let whole = gap as u64;
        self.carry_ns = gap - whole as f64;
        self.now = self.now.checked_add(whole)?;
        Some(Time(self.now))
    }
}
