//! What was charged within a sliding window.

use std::collections::VecDeque;

use crate::cost::Money;
use crate::kernel::{Duration, Time};

/// The charges of the last `length`, each until it is exactly that old: no
/// buckets, so that the sum is exact at any moment. Memory grows with the number
/// of charges in a window; each is put in and taken out once.
#[derive(Clone, Debug)]
pub(super) struct Window {
    length: Duration,
    charges: VecDeque<(Time, Money)>,
}

impl Window {
    pub fn new(length: Duration) -> Self {
        Window { length, charges: VecDeque::new() }
    }

    /// Puts in a charge; it is no earlier than those before.
    pub fn add(&mut self, amount: Money, now: Time) {
        match self.charges.back_mut() {
            Some((at, sum)) if *at == now => *sum += amount,
            _ => self.charges.push_back((now, amount)),
        }
    }

    /// Takes out what is too old at `now`, and returns how much that was.
    pub fn forget(&mut self, now: Time) -> Money {
        let mut gone = Money::ZERO;
        while self.leaves_next() <= now
            && let Some((_, amount)) = self.charges.pop_front()
        {
            gone += amount;
        }
        gone
    }

    /// When the oldest charge leaves.
    pub fn leaves_next(&self) -> Time {
        self.charges.front().map_or(Time::MAX, |(at, _)| self.end_of(*at))
    }

    /// When at least `amount` will have left; if there is not so much, when the
    /// last charge has, or one made `now`.
    pub fn has_left(&self, amount: Money, now: Time) -> Time {
        let mut gone = Money::ZERO;
        for (at, charge) in &self.charges {
            gone += *charge;
            if gone >= amount {
                return self.end_of(*at);
            }
        }
        self.end_of(self.charges.back().map_or(now, |(at, _)| *at))
    }

    fn end_of(&self, at: Time) -> Time {
        at + self.length
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against the sum over all charges ever made, of those young enough.
        #[test]
        fn the_sum_is_that_of_the_charges_of_the_last_hour(
            steps in prop::collection::vec((0_u64..1200, 0_i128..5), 1..200)
        ) {
            let hour = Duration::from_secs(3600);
            let mut window = Window::new(hour);
            let (mut now, mut sum, mut all) = (Time::ZERO, Money::ZERO, Vec::new());
            for (gap, picos) in steps {
                now += Duration::from_secs(gap);
                sum -= window.forget(now);
                let young = |at: Time| now < at + hour;
                let expected = all.iter().filter(|(at, _)| young(*at)).map(|(_, it)| *it);
                prop_assert_eq!(sum, expected.sum());
                let amount = Money::from_picos(picos);
                window.add(amount, now);
                sum += amount;
                all.push((now, amount));
            }
        }
    }

    #[test]
    fn it_is_known_when_enough_will_have_left() {
        let mut window = Window::new(Duration::from_secs(60));
        let (at, picos) = (Time::from_secs, Money::from_picos);
        for (second, amount) in [(0, 3), (10, 4), (10, 1), (30, 2)] {
            window.add(picos(amount), at(second));
        }
        for (amount, second) in [(1, 60), (3, 60), (4, 70), (8, 70), (9, 90), (99, 90)] {
            assert_eq!(window.has_left(picos(amount), at(30)), at(second), "{amount}");
        }
        assert_eq!((window.forget(at(69)), window.leaves_next()), (picos(3), at(70)));
        assert_eq!(Window::new(Duration::from_secs(60)).has_left(picos(1), at(5)), at(65));
    }
}
