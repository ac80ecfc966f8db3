//! What was counted in a minute of the clock.

use crate::kernel::{Duration, Time};

/// Two counts of one minute of the clock; a new minute begins from zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct Minute {
    into_minute: Duration,
    number: u64,
    counts: [u64; 2],
}

impl Minute {
    /// Nothing yet; the clock shows `into_minute` of a minute at the start.
    pub fn new(into_minute: Duration) -> Self {
        Minute { into_minute, ..Minute::default() }
    }

    /// Both counts of the minute of `now`, which may be added to.
    pub fn at(&mut self, now: Time) -> &mut [u64; 2] {
        let number = self.number_at(now);
        if number != self.number {
            (self.number, self.counts) = (number, [0; 2]);
        }
        &mut self.counts
    }

    /// The same for one who only looks.
    pub fn get(&self, now: Time) -> [u64; 2] {
        if self.number_at(now) == self.number { self.counts } else { [0; 2] }
    }

    fn number_at(&self, now: Time) -> u64 {
        now.0.saturating_add(self.into_minute.0) / Duration::from_secs(60).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_ends_with_the_clock_s_not_with_ours() {
        let mut minute = Minute::new(Duration::from_secs(50));
        minute.at(Time::from_secs(9))[0] += 3;
        assert_eq!(minute.get(Time(9_999_999_999)), [3, 0]);
        assert_eq!(minute.get(Time::from_secs(10)), [0, 0]);
        *minute.at(Time::from_secs(10)) = [1, 7];
        assert_eq!(minute.get(Time::from_secs(69)), [1, 7]);
    }
}
