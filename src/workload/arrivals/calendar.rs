//! The virtual calendar, as far as arrivals care.

use jiff::Timestamp;

use crate::kernel::Duration;

/// What the virtual calendar shows at time zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarStart(pub Timestamp);

/// Seconds from 1970 to the first Monday: days and weeks begin here.
const FIRST_MONDAY: i128 = 4 * 86_400;

impl CalendarStart {
    /// How far into a period of this length a run starts, if periods are laid end
    /// to end from a Monday's midnight (UTC).
    pub(super) fn phase(self, period: Duration) -> Duration {
        let nanos = self.0.as_nanosecond() - FIRST_MONDAY * 1_000_000_000;
        Duration(nanos.rem_euclid(i128::from(period.as_nanos().max(1))) as u64)
    }
}

impl Default for CalendarStart {
    /// 2026-01-01T00:00:00Z, where experiments start.
    fn default() -> Self {
        CalendarStart(Timestamp::constant(1_767_225_600, 0))
    }
}
