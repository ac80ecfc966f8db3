//! What happened in the last so many steps.

use std::collections::VecDeque;

use crate::kernel::Duration;

/// A sum and what it is a part of, from the start of the run or over a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::system) struct Pair {
    pub part: i128,
    pub whole: u128,
}

/// Sums from the start of the run at the ends of the last steps; the difference of two
/// is exactly what happened in between.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    kept: VecDeque<Pair>,
    most: usize,
}

impl Sums {
    /// For windows of at most so many steps.
    pub fn new(steps: usize) -> Self {
        // At the start of the run there was nothing.
        Sums { kept: VecDeque::from([Pair::default()]), most: steps + 1 }
    }

    /// A step ends; `until` is what there was from the start of the run until its end.
    pub fn push(&mut self, until: Pair) {
        if self.kept.len() == self.most {
            self.kept.pop_front();
        }
        self.kept.push_back(until);
    }

    /// What happened in the last `steps`, or since the start of the run if that is less.
    pub fn over(&self, steps: usize) -> Pair {
        let last = self.kept.len() - 1;
        let (from, until) = (self.kept[last.saturating_sub(steps)], self.kept[last]);
        Pair { part: until.part - from.part, whole: until.whole - from.whole }
    }
}

/// Significant bits of a time, the first included: a slot is 1/1024 of its times wide, so
/// that its middle is within 0.05 % of all of them.
const BITS: u32 = 11;
const HALF: u64 = 1 << (BITS - 1);

/// The slot that a time is counted in; times up to 2 µs have slots of their own.
fn slot(nanos: u64) -> u32 {
    let shift = (u64::BITS - nanos.leading_zeros()).saturating_sub(BITS);
    // At most 53 x 1024 + 2047.
    (u64::from(shift) * HALF + (nanos >> shift)) as u32
}

/// The middle of a slot's times.
fn middle(slot: u32) -> u64 {
    let slot = u64::from(slot);
    let shift = (slot / HALF).saturating_sub(1);
    ((slot - shift * HALF) << shift) + ((1 << shift) >> 1)
}

/// The times of a step.
#[derive(Clone, Debug, Default)]
struct Step {
    /// Slots and how many times fell into each.
    counts: Vec<(u32, u32)>,
    longest: Option<Duration>,
}

/// The times in the last so many steps, counted in slots of constant relative width.
/// Memory grows with the number of steps and of different slots, not with that of times.
#[derive(Clone, Debug)]
pub(super) struct Times {
    steps: VecDeque<Step>,
    most: usize,
    /// By slot: how many in the window, without the open step.
    counts: Vec<u32>,
    count: u64,
    /// By slot: how many in the open step, and which slots these are.
    open: Vec<u32>,
    touched: Vec<u32>,
    longest: Option<Duration>,
    /// A step that is over, whose memory is used again.
    spare: Step,
}

impl Times {
    /// For a window of so many steps.
    pub fn new(steps: usize) -> Self {
        Times {
            steps: VecDeque::new(),
            most: steps,
            counts: Vec::new(),
            count: 0,
            open: Vec::new(),
            touched: Vec::new(),
            longest: None,
            spare: Step::default(),
        }
    }

    /// Counts a time in the open step.
    pub fn record(&mut self, time: Duration) {
        let slot = slot(time.0);
        let index = slot as usize;
        if index >= self.open.len() {
            self.open.resize(index + 1, 0);
            self.counts.resize(index + 1, 0);
        }
        if self.open[index] == 0 {
            self.touched.push(slot);
        }
        self.open[index] += 1;
        self.longest = self.longest.max(Some(time));
    }

    /// The open step ends, and the oldest leaves the window.
    pub fn close(&mut self) {
        if self.steps.len() == self.most
            && let Some(mut old) = self.steps.pop_front()
        {
            for (slot, count) in old.counts.drain(..) {
                self.counts[slot as usize] -= count;
                self.count -= u64::from(count);
            }
            self.spare = old;
        }
        let mut step = std::mem::take(&mut self.spare);
        for slot in self.touched.drain(..) {
            let count = std::mem::take(&mut self.open[slot as usize]);
            self.counts[slot as usize] += count;
            self.count += u64::from(count);
            step.counts.push((slot, count));
        }
        step.longest = self.longest.take();
        self.steps.push_back(step);
    }

    /// The longest time in the window, exactly.
    pub fn longest(&self) -> Option<f64> {
        let longest = self.steps.iter().filter_map(|step| step.longest).max();
        longest.map(Duration::as_secs_f64)
    }

    /// The least time that a share `q` of those in the window does not exceed, within
    /// 0.05 %.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let rank = libm::ceil(q * self.count as f64).max(1.0) as u64;
        let mut before = 0;
        for (slot, count) in self.counts.iter().enumerate() {
            before += u64::from(*count);
            if before >= rank {
                return Some(Duration(middle(slot as u32)).as_secs_f64());
            }
        }
        None
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

    #[test]
    fn a_window_without_times_has_no_quantile() {
        let mut times = Times::new(1);
        assert_eq!((times.quantile(0.5), times.longest()), (None, None));
        times.record(Duration(5));
        times.close();
        assert_eq!((times.quantile(0.5), times.longest()), (Some(5e-9), Some(5e-9)));
        times.close();
        assert_eq!((times.quantile(0.5), times.longest()), (None, None));
    }

    proptest! {
        #[test]
        fn a_slot_s_middle_is_within_a_twentieth_of_a_percent(nanos in any::<u64>()) {
            let found = middle(slot(nanos));
            prop_assert!(found.abs_diff(nanos) as f64 <= nanos as f64 * 0.0005, "{nanos} {found}");
        }

        #[test]
        fn a_window_holds_the_times_of_its_steps_and_no_others(
            steps in prop::collection::vec(prop::collection::vec(0u64..1 << 45, 0..8), 1..12),
            length in 1usize..5,
            q in 0.01f64..1.0,
        ) {
            let mut times = Times::new(length);
            for (index, step) in steps.iter().enumerate() {
                for nanos in step {
                    times.record(Duration(*nanos));
                }
                times.close();
                let first = (index + 1).saturating_sub(length);
                let mut all: Vec<u64> = steps[first..=index].concat();
                all.sort_unstable();
                let rank = (q * all.len() as f64).ceil().max(1.0) as usize;
                let exact = all.get(rank - 1).map(|nanos| *nanos as f64 / 1e9);
                let found = times.quantile(q);
                prop_assert_eq!(found.is_some(), exact.is_some());
                if let (Some(found), Some(exact)) = (found, exact) {
                    prop_assert!((found - exact).abs() <= exact * 0.0005, "{} {}", found, exact);
                }
                prop_assert_eq!(times.longest(), all.last().map(|it| *it as f64 / 1e9));
            }
        }
    }
}
