//! Whether the rate of arrivals is meant to change, and when it begins anew.

use crate::kernel::Duration;

/// How the rate of arrivals is meant to change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rhythm {
    /// It stays the same, but for chance.
    #[default]
    Even,
    /// It changes, in the same way in each span of this length: a day, a week.
    Every(Duration),
    /// It changes, as a ramp or a recorded trace does.
    Changing,
}

impl Rhythm {
    /// That of arrivals of both kinds together.
    #[must_use]
    pub fn and(self, other: Rhythm) -> Rhythm {
        match (self, other) {
            (Rhythm::Even, rhythm) | (rhythm, Rhythm::Even) => rhythm,
            (Rhythm::Every(one), Rhythm::Every(other)) => {
                let (short, long) = (one.min(other), one.max(other));
                let whole = long.as_nanos().is_multiple_of(short.as_nanos().max(1));
                if whole { Rhythm::Every(long) } else { Rhythm::Changing }
            }
            _ => Rhythm::Changing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_within_a_week_is_a_week() {
        let (day, week) = (Duration::from_secs(86_400), Duration::from_secs(7 * 86_400));
        let every = Rhythm::Every;
        assert_eq!(every(day).and(every(week)), every(week));
        assert_eq!(every(week).and(every(Duration::from_secs(5 * 86_400))), Rhythm::Changing);
        assert_eq!(Rhythm::Even.and(every(day)), every(day));
        assert_eq!(every(day).and(Rhythm::Changing), Rhythm::Changing);
        assert_eq!(Rhythm::Even.and(Rhythm::Even), Rhythm::Even);
    }
}
