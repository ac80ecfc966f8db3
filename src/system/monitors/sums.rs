//! Sums over the last so many steps.

use std::collections::VecDeque;
use std::ops::Sub;

/// A sum and what it is a part of, from the start of the run or over a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair {
    pub part: i128,
    pub whole: u128,
}

impl Sub for Pair {
    type Output = Pair;
    fn sub(self, earlier: Pair) -> Pair {
        // Money that nobody has saturates before it gets here.
        Pair { part: self.part.saturating_sub(earlier.part), whole: self.whole - earlier.whole }
    }
}

/// Sums from the start of the run at the ends of the last steps; the difference of two
/// is exactly what happened in between.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    /// Without what happened in steps that were skipped.
    kept: VecDeque<Pair>,
    most: usize,
    skipped: Pair,
    /// What happened in the last step, and in how many before it exactly the same did.
    last: Pair,
    alike: usize,
}

impl Sums {
    /// For windows of at most so many steps.
    pub fn new(steps: usize) -> Self {
        // At the start of the run there was nothing.
        let (none, kept) = (Pair::default(), VecDeque::from([Pair::default()]));
        Sums { kept, most: steps + 1, skipped: none, last: none, alike: 0 }
    }

    /// Windows of so many steps are wanted, too.
    pub fn extend(&mut self, steps: usize) {
        self.most = self.most.max(steps + 1);
    }

    /// A step ends; `until` is what there was from the start of the run until its end.
    pub fn push(&mut self, until: Pair) {
        let until = until - self.skipped;
        let step = until - self.kept[self.kept.len() - 1];
        self.alike = if step == self.last { self.alike + 1 } else { 1 };
        self.last = step;
        if self.kept.len() == self.most {
            self.kept.pop_front();
        }
        self.kept.push_back(until);
    }

    /// Whether the same happened in every step of every window: more such steps change
    /// nothing.
    pub fn is_even(&self) -> bool {
        self.kept.len() == self.most && self.alike + 1 >= self.most
    }

    /// So many more steps end, like the last one. Only differences are ever read.
    pub fn skip(&mut self, steps: u64) {
        debug_assert!(self.is_even(), "windows are the same after as before");
        let part = i128::from(steps).saturating_mul(self.last.part);
        self.skipped.part = self.skipped.part.saturating_add(part);
        self.skipped.whole += u128::from(steps) * self.last.whole;
    }

    /// What happened in the last `steps`, or since the start of the run if that is less.
    pub fn over(&self, steps: usize) -> Pair {
        let last = self.kept.len() - 1;
        self.kept[last] - self.kept[last.saturating_sub(steps)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_of_a_window_are_differences() {
        let mut sums = Sums::new(2);
        for (part, whole) in [(1, 10), (3, 20), (3, 30)] {
            sums.push(Pair { part, whole });
        }
        assert_eq!(sums.over(1), Pair { part: 0, whole: 10 });
        assert_eq!(sums.over(2), Pair { part: 2, whole: 20 });
        let mut young = Sums::new(5);
        young.push(Pair { part: 4, whole: 7 });
        assert_eq!(young.over(5), Pair { part: 4, whole: 7 }, "since the start");
    }

    proptest! {
        /// Steps that are alike are skipped wherever that is allowed, and taken one by one.
        #[test]
        fn a_window_is_the_same_whether_equal_steps_are_skipped_or_not(
            runs in prop::collection::vec((0i128..3, 1u64..30), 1..8),
            most in 1usize..6,
        ) {
            let (mut plain, mut skipping) = (Sums::new(most), Sums::new(most));
            let mut until = Pair::default();
            let mut skipped = 0;
            for (part, steps) in runs {
                let mut left = steps;
                while left > 0 {
                    until = Pair { part: until.part + part, whole: until.whole + 7 };
                    plain.push(until);
                    left -= 1;
                    skipping.push(until);
                    if skipping.is_even() && skipping.last.part == part {
                        skipping.skip(left);
                        for _ in 0..left {
                            until = Pair { part: until.part + part, whole: until.whole + 7 };
                            plain.push(until);
                        }
                        skipped += left;
                        left = 0;
                    }
                    for steps in 1..=most {
                        prop_assert_eq!(plain.over(steps), skipping.over(steps));
                    }
                }
            }
            prop_assert!(skipped < 240);
        }
    }
}
