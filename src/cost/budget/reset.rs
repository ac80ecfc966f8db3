//! When a budget begins anew, as `LiteLLM` has it.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};

use crate::kernel::{Duration, Time};

/// How often `LiteLLM`'s proxy looks for budgets that are over: some ten minutes
/// (`proxy_budget_rescheduler_min_time` is 597 s, `_max_time` 605 s).
const LOOKS: Duration = Duration::from_secs(600);

/// Budgets end by the calendar (UTC) and begin anew when the proxy looks at them next
/// (`litellm_core_utils/duration_parser.py`, `get_next_standardized_reset_time`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Resets {
    start: Timestamp,
    count: i64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Days,
    Hours,
    Minutes,
    Seconds,
}

const SECOND: i64 = 1_000_000_000;

impl Resets {
    /// Of a budget that lasts so long, said in the largest unit of which it is a whole
    /// number.
    pub fn new(length: Duration, start: Timestamp) -> Self {
        let seconds = i64::try_from(length.as_nanos()).unwrap_or(i64::MAX) / SECOND;
        let units = [(Unit::Days, 86_400), (Unit::Hours, 3600), (Unit::Minutes, 60)];
        let whole = units.into_iter().find(|(_, of)| seconds % of == 0 && seconds > 0);
        let (unit, of) = whole.unwrap_or((Unit::Seconds, 1));
        Resets { start, count: (seconds / of).max(1), unit }
    }

    /// When a budget that began at `from` begins anew: the next look after its end.
    pub fn next(&self, from: Time) -> Time {
        let now = self.start.as_nanosecond() + i128::from(from.as_nanos());
        let end = Timestamp::from_nanosecond(now)
            .ok()
            .and_then(|now| self.end_after(Offset::UTC.to_datetime(now)))
            .and_then(|end| Offset::UTC.to_timestamp(end).ok());
        let Some(end) = end else { return Time::MAX };
        let nanos = (end.as_nanosecond() - self.start.as_nanosecond()).max(0);
        let every = i128::from(LOOKS.0);
        let looks = (nanos + every - 1) / every * every;
        let at = Time(u64::try_from(looks).unwrap_or(u64::MAX));
        // A look that ends nothing new is not one.
        at.max(from.saturating_add(LOOKS))
    }

    /// The end of what began at `now`. None beyond the calendar.
    fn end_after(&self, now: DateTime) -> Option<DateTime> {
        let midnight = now.date().at(0, 0, 0, 0);
        let count = self.count;
        let after = |from: DateTime, span: Span| from.checked_add(span).ok();
        match (self.unit, count) {
            (Unit::Days, 7) => {
                let to_monday = (7 - i64::from(now.weekday().to_monday_zero_offset())) % 7;
                let days = if to_monday == 0 { 7 } else { to_monday };
                after(midnight, Span::new().try_days(days).ok()?)
            }
            (Unit::Days, 30) => {
                now.last_of_month().date().tomorrow().ok().map(|it| it.at(0, 0, 0, 0))
            }
            (Unit::Days, _) => after(midnight, Span::new().try_days(count).ok()?),
            // What is counted up to the next whole number of spans of the day, hour or
            // minute; beyond the day only the rest of it counts.
            (Unit::Hours, _) => {
                let hour = i64::from(now.hour());
                self.at(midnight, [next_multiple(hour, count), 0, 0])
            }
            (Unit::Minutes, _) => {
                let minute = next_multiple(i64::from(now.minute()), count);
                self.at(midnight, [i64::from(now.hour()) + minute / 60, minute % 60, 0])
            }
            (Unit::Seconds, _) => {
                let second = next_multiple(i64::from(now.second()), count);
                let minute = i64::from(now.minute()) + second / 60;
                self.at(midnight, [i64::from(now.hour()) + minute / 60, minute % 60, second % 60])
            }
        }
    }

    /// A time of the day, or of the next where it has more than 23 hours, however many.
    fn at(&self, midnight: DateTime, [hour, minute, second]: [i64; 3]) -> Option<DateTime> {
        let day = if hour >= 24 { midnight.date().tomorrow().ok()? } else { midnight.date() };
        let part = |number: i64| i8::try_from(number).ok();
        Some(day.at(part(hour % 24)?, part(minute)?, part(second)?, 0))
    }
}

fn next_multiple(number: i64, of: i64) -> i64 {
    number + of - number % of
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end as the calendar has it, before the look.
    fn end(length_s: u64, now: &str) -> String {
        let resets = Resets::new(Duration::from_secs(length_s), Timestamp::UNIX_EPOCH);
        resets.end_after(now.parse().unwrap()).unwrap().to_string()
    }

    /// Each as `get_next_standardized_reset_time` of version 1.110 gives it.
    #[test]
    fn ends_are_those_of_the_peer() {
        const H: u64 = 3600;
        const D: u64 = 86_400;
        let wednesday = "2026-01-14T13:07:09";
        for (length, expected) in [
            (H, "2026-01-14T14:00:00"),
            (D, "2026-01-15T00:00:00"),
            (7 * D, "2026-01-19T00:00:00"),
            (30 * D, "2026-02-01T00:00:00"),
            (3 * D, "2026-01-17T00:00:00"),
            // Neither is as long as it says.
            (36 * H, "2026-01-15T12:00:00"),
            (90 * 60, "2026-01-14T14:30:00"),
            (5 * H, "2026-01-14T15:00:00"),
            (15 * 60, "2026-01-14T13:15:00"),
            (45, "2026-01-14T13:07:45"),
        ] {
            assert_eq!(end(length, wednesday), expected, "{length} s");
        }
        assert_eq!(end(7 * D, "2026-01-19T00:00:00"), "2026-01-26T00:00:00");
        assert_eq!(end(H, "2026-01-14T23:30:00"), "2026-01-15T00:00:00");
        assert_eq!(end(30 * D, "2026-12-31T23:59:59"), "2027-01-01T00:00:00");
        assert_eq!(end(36 * H, "2026-01-14T00:00:00"), "2026-01-15T12:00:00");
    }

    #[test]
    fn a_budget_begins_anew_when_the_proxy_looks_next() {
        let start = "2026-01-14T13:07:00Z".parse().unwrap();
        let resets = Resets::new(Duration::from_secs(3600), start);
        // It ends at 14:00, 53 minutes on; looks are each ten.
        assert_eq!(resets.next(Time::ZERO), Time::from_secs(3600));
        // That is at 14:07, so that it ends at 15:00 and is seen at 15:07.
        assert_eq!(resets.next(Time::from_secs(3600)), Time::from_secs(7200));
        let short = Resets::new(Duration::from_secs(60), start);
        assert_eq!(short.next(Time::ZERO), Time::from_secs(600));
        assert_eq!(short.next(Time::from_secs(600)), Time::from_secs(1200));
    }
}
