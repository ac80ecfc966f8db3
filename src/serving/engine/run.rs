//! Steps in a row that do the same, and the arithmetic of their times.
//!
//! The clock counts 2^-32 ns: a step's time is a whole number of
//! [ticks](crate::serving::step::TICKS_PER_NANO) of 2^-20 ns, times the slowdown in
//! 2^-12. Both are integers, and so is `n x first + slope x n (n - 1) / 2`, the time of
//! `n` steps: it makes no difference whether they are added up one by one. An instant
//! is seen outside as the nanosecond in which it lies.

use crate::kernel::Time;
use crate::serving::step::Pace;

/// Bits of the clock below a nanosecond.
const FRACTION: u32 = 32;
/// A slowdown of 1.
pub const AS_FAST_AS_SHOULD_BE: u32 = 1 << 12;

/// The clock at the beginning of the nanosecond `time`.
#[inline]
pub fn clock_at(time: Time) -> u128 {
    u128::from(time.0) << FRACTION
}

/// The clock at the end of the nanosecond `time`: of the last one, beyond all clocks.
#[inline]
pub fn clock_after(time: Time) -> u128 {
    if time == Time::MAX { u128::MAX } else { clock_at(time) + (1 << FRACTION) }
}

/// The nanosecond in which the clock is.
#[inline]
pub fn time_of(clock: u128) -> Time {
    Time(u64::try_from(clock >> FRACTION).unwrap_or(u64::MAX))
}

/// A span of the clock in nanoseconds.
#[inline]
pub fn nanos(span: u128) -> u64 {
    time_of(span).0
}

/// Steps in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Steps left, the running one among them; 0 if the engine is idle.
    pub left: u64,
    /// Of those, how many have their blocks already.
    pub given: u64,
    /// How long the running one takes, if nothing slows it down, in ticks.
    ticks: u64,
    /// How much longer each further one takes then.
    tick_slope: i64,
    /// How long the running one takes.
    pub first: u128,
    /// How much longer each further one takes.
    pub slope: i128,
    /// Sequences in each step.
    pub seqs: u32,
    /// Those of them that decode together.
    pub decoding: u32,
    /// Tokens of prompts computed in each step.
    pub prefill: u32,
}

impl Run {
    /// Sets the times of the steps.
    pub fn set_pace(&mut self, pace: &Pace, slowdown: u32) {
        (self.ticks, self.tick_slope) = (pace.first, pace.slope);
        self.slow_down(slowdown);
    }

    /// Sets the times of the steps by another slowdown.
    pub fn slow_down(&mut self, slowdown: u32) {
        self.first = u128::from(self.ticks) * u128::from(slowdown);
        self.slope = i128::from(self.tick_slope) * i128::from(slowdown);
    }

    /// These steps without the running one.
    #[must_use]
    pub fn rest(mut self) -> Run {
        self.advance(1);
        self
    }

    /// How long the next `steps` steps take.
    #[inline]
    pub fn span(&self, steps: u64) -> u128 {
        let level = u128::from(steps) * self.first;
        if self.slope == 0 {
            return level;
        }
        let pairs = u128::from(steps) * u128::from(steps.saturating_sub(1)) / 2;
        level.wrapping_add_signed(self.slope * pairs as i128)
    }

    /// The most steps, of those left, that take no longer than `room`.
    pub fn steps_within(&self, room: u128) -> u64 {
        if self.first > room && self.slope >= 0 {
            return 0;
        }
        let guess = if self.slope == 0 {
            return room.checked_div(self.first).map_or(self.left, |steps| {
                u64::try_from(steps).unwrap_or(u64::MAX).min(self.left)
            });
        } else {
            // The root of the parabola, from reals; the integers below have the last
            // word.
            let (slope, room) = (self.slope as f64, room as f64);
            let level = self.first as f64 - slope / 2.0;
            (2.0 * room / (level + (level * level + 2.0 * slope * room).max(0.0).sqrt())) as u64
        };
        let mut steps = guess.min(self.left);
        while steps > 0 && self.span(steps) > room {
            steps -= 1;
        }
        while steps < self.left && self.span(steps + 1) <= room {
            steps += 1;
        }
        steps
    }

    /// `steps` of those left are done.
    pub fn advance(&mut self, steps: u64) {
        self.first = self.first.wrapping_add_signed(self.slope * i128::from(steps));
        self.ticks = self.ticks.wrapping_add_signed(self.tick_slope.wrapping_mul(steps as i64));
        self.left -= steps;
        self.given = self.given.saturating_sub(steps);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn steps_in_one_go_take_as_long_as_one_by_one(
            first in 0u128..1 << 60, slope in -1000i128..1 << 40, left in 0u64..2000,
            share in 0.0f64..1.2,
        ) {
            let slope = slope.max(-(first as i128) / 2000);
            let run = Run { left, first, slope, ..Run::default() };
            let mut walked = run;
            let mut sums = vec![0];
            while walked.left > 0 {
                sums.push(sums[sums.len() - 1] + walked.first);
                walked.advance(1);
            }
            for (steps, sum) in sums.iter().enumerate() {
                prop_assert_eq!(run.span(steps as u64), *sum);
            }
            let room = (sums[sums.len() - 1] as f64 * share) as u128;
            let within = sums.iter().rposition(|sum| *sum <= room).unwrap();
            prop_assert_eq!(run.steps_within(room), within as u64);
        }
    }
}
