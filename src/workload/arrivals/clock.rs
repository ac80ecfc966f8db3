//! From gaps to instants.

use crate::kernel::{Duration, Time};

/// The time of the last arrival, floored to nanoseconds: what a floor takes from
/// one gap is carried to the next, so that no rate is too high to be met on
/// average.
#[derive(Clone, Debug, Default)]
pub(super) struct GapClock {
    carry_ns: f64,
    now: Time,
}

impl GapClock {
    /// The instant `gap_ns` nanoseconds after the last; [`Time::MAX`] when virtual time
    /// is at its end.
    #[inline]
    pub fn advance(&mut self, gap_ns: f64) -> Time {
        let gap = gap_ns + self.carry_ns;
        let whole = Duration(gap as u64);
        self.carry_ns = gap - whole.0 as f64;
        self.now += whole;
        self.now
    }
}

/// The instant so many nanoseconds after the start, floored; [`Time::MAX`] near the end
/// of virtual time and beyond, where doubles are too coarse to tell.
pub(super) fn time_of(nanos: f64) -> Time {
    if nanos < 1.8e19 { Time(nanos as u64) } else { Time::MAX }
}
