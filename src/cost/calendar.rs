//! Days and months (UTC) of virtual time.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use crate::kernel::Time;

const DAY_NANOS: u128 = 86_400 * 1_000_000_000;

/// The calendar over a run: which day and month it is, and when they end.
///
/// Virtual time seldom leaves the day it was in, so that day is kept and a look
/// is a comparison. Time may also go back. What lies after the year 9999 is its
/// last day.
#[derive(Clone, Debug)]
pub struct Calendar {
    start: Timestamp,
    present: Present,
}

/// A day of the calendar and its month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Present {
    day: u32,
    month: u32,
    since: Time,
    day_end: Time,
    month_end: Time,
}

impl Calendar {
    /// A calendar on which virtual time 0 is `start`.
    pub fn new(start: Timestamp) -> Self {
        Calendar { start, present: Present::at(start, Time::ZERO) }
    }

    /// The number of the day: 0 on the day of the start.
    #[inline]
    pub fn day(&mut self, now: Time) -> u32 {
        self.turn_to(now).day
    }

    /// The number of the calendar month: 0 in the month of the start.
    #[inline]
    pub fn month(&mut self, now: Time) -> u32 {
        self.turn_to(now).month
    }

    /// The numbers of the day and of the month.
    #[inline]
    pub fn day_and_month(&mut self, now: Time) -> (u32, u32) {
        let present = self.turn_to(now);
        (present.day, present.month)
    }

    /// When the day ends: the next midnight (UTC).
    #[inline]
    pub fn day_end(&mut self, now: Time) -> Time {
        self.turn_to(now).day_end
    }

    /// When the calendar month ends: midnight (UTC) before the next first.
    #[inline]
    pub fn month_end(&mut self, now: Time) -> Time {
        self.turn_to(now).month_end
    }

    #[inline]
    fn turn_to(&mut self, now: Time) -> &Present {
        if now < self.present.since || now >= self.present.day_end {
            self.present = Present::at(self.start, now);
        }
        &self.present
    }
}

impl Present {
    #[cold]
    fn at(start: Timestamp, now: Time) -> Self {
        let date = date_of(start.as_nanosecond() + i128::from(now.as_nanos()));
        let midnight = |date| midnight_of(start, date);
        Present {
            day: days_between(date_of(start.as_nanosecond()), date),
            month: months_between(date_of(start.as_nanosecond()), date),
            since: midnight(Some(date)),
            day_end: midnight(date.tomorrow().ok()),
            month_end: midnight(date.last_of_month().tomorrow().ok()),
        }
    }
}

fn date_of(nanos: i128) -> Date {
    let timestamp = Timestamp::from_nanosecond(nanos).unwrap_or(Timestamp::MAX);
    Offset::UTC.to_datetime(timestamp).date()
}

/// When `date` begins: not before the run does, and never if it has no place on
/// jiff's calendar.
fn midnight_of(start: Timestamp, date: Option<Date>) -> Time {
    let midnight = date.and_then(|date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok());
    let Some(midnight) = midnight else { return Time::MAX };
    let since_start = midnight.as_nanosecond() - start.as_nanosecond();
    Time(u64::try_from(since_start.max(0)).unwrap_or(u64::MAX))
}

fn days_between(first: Date, last: Date) -> u32 {
    let seconds = last.duration_since(first).as_secs();
    (seconds / (DAY_NANOS / 1_000_000_000) as i64) as u32
}

fn months_between(first: Date, last: Date) -> u32 {
    let months = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month());
    (months(last) - months(first)) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::Duration;

    fn calendar(start: &str) -> Calendar {
        Calendar::new(start.parse().unwrap())
    }

    /// Virtual time at an instant of the calendar.
    fn at(start: &str, instant: &str) -> Time {
        let [start, instant]: [Timestamp; 2] = [start, instant].map(|text| text.parse().unwrap());
        Time(u64::try_from(instant.as_nanosecond() - start.as_nanosecond()).unwrap())
    }

    #[test]
    fn a_day_ends_at_midnight_to_the_nanosecond() {
        let start = "2026-03-14T15:09:26.5Z";
        let mut calendar = calendar(start);
        let midnight = at(start, "2026-03-15T00:00:00Z");
        assert_eq!(calendar.day_end(Time::ZERO), midnight);
        assert_eq!(calendar.day(Time(midnight.0 - 1)), 0);
        assert_eq!(calendar.day(midnight), 1);
        assert_eq!(calendar.month(midnight), 0);
        assert_eq!(calendar.day_end(midnight), midnight + Duration::from_secs(86_400));
    }

    #[test]
    fn february_has_29_days_in_leap_years_only() {
        for (start, end) in [
            ("2024-02-10T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2026-02-10T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("2000-02-10T00:00:00Z", "2000-03-01T00:00:00Z"),
            ("2100-02-10T00:00:00Z", "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(calendar(start).month_end(Time::ZERO), at(start, end), "{start}");
        }
        let days = |start, end| at(start, end).0 / DAY_NANOS as u64;
        assert_eq!(days("2024-02-10T00:00:00Z", "2024-03-01T00:00:00Z"), 20);
        assert_eq!(days("2100-02-10T00:00:00Z", "2100-03-01T00:00:00Z"), 19);
    }

    #[test]
    fn a_year_turns_both_day_and_month() {
        let start = "2025-12-31T23:59:59Z";
        let mut calendar = calendar(start);
        assert_eq!((calendar.day(Time::ZERO), calendar.month(Time::ZERO)), (0, 0));
        let new_year = Time(1_000_000_000);
        assert_eq!((calendar.day(new_year), calendar.month(new_year)), (1, 1));
        let later = at(start, "2027-01-01T00:00:00Z");
        assert_eq!((calendar.day(later), calendar.month(later)), (366, 13));
    }

    #[test]
    fn time_may_go_back() {
        let mut calendar = calendar("2026-01-31T12:00:00Z");
        let tomorrow = Time(86_400_000_000_000);
        assert_eq!((calendar.day(tomorrow), calendar.month(tomorrow)), (1, 1));
        assert_eq!((calendar.day(Time::ZERO), calendar.month(Time::ZERO)), (0, 0));
    }

    #[test]
    fn a_start_before_1970_is_a_date_like_any_other() {
        let mut calendar = calendar("1969-12-31T18:00:00Z");
        assert_eq!(calendar.day_end(Time::ZERO), Time(6 * 3_600_000_000_000));
        assert_eq!(calendar.month(Time(6 * 3_600_000_000_000)), 1);
    }

    #[test]
    fn the_end_of_the_calendar_is_no_end() {
        let mut calendar = Calendar::new(Timestamp::MAX);
        for now in [Time::ZERO, Time(DAY_NANOS as u64 * 400), Time::MAX] {
            assert_eq!((calendar.day(now), calendar.month(now)), (0, 0));
            assert_eq!(calendar.month_end(now), Time::MAX);
        }
    }

    proptest! {
        #[test]
        fn days_are_24_hours_from_the_start_s_midnight(
            start in 0_i64..4_000_000_000, now in 0_u64..3_000_000_000_000_000_000
        ) {
            let mut calendar = Calendar::new(Timestamp::from_second(start).unwrap());
            let since_midnight = u128::from(start.unsigned_abs() % 86_400) * 1_000_000_000;
            let expected = (since_midnight + u128::from(now)) / DAY_NANOS;
            prop_assert_eq!(u128::from(calendar.day(Time(now))), expected);
            prop_assert!(calendar.day_end(Time(now)) > Time(now));
            prop_assert!(calendar.month_end(Time(now)) >= calendar.day_end(Time(now)));
        }
    }
}
