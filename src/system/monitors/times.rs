//! Times that requests took, in the last so many steps.
//!
//! Every time is recorded once, whatever the number of rules and windows over it.

use std::collections::VecDeque;

use super::gap::Gap;
use crate::kernel::{Duration, Time};

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

/// Slots in a row that are counted together, and such groups in a row: a quantile looks at
/// some hundred counts and not at the tens of thousands that there are.
const GROUP: usize = 32;

/// How many times fell into each slot.
#[derive(Clone, Debug, Default)]
struct Counts {
    slots: Vec<u32>,
    groups: Vec<u64>,
    /// Groups of groups.
    blocks: Vec<u64>,
    all: u64,
}

impl Counts {
    fn add(&mut self, slot: u32, count: u32) {
        let slot = slot as usize;
        let block = slot / (GROUP * GROUP);
        if block >= self.blocks.len() {
            self.blocks.resize(block + 1, 0);
            self.groups.resize((block + 1) * GROUP, 0);
            self.slots.resize((block + 1) * GROUP * GROUP, 0);
        }
        self.slots[slot] += count;
        self.groups[slot / GROUP] += u64::from(count);
        self.blocks[block] += u64::from(count);
        self.all += u64::from(count);
    }

    fn remove(&mut self, slot: u32, count: u32) {
        let slot = slot as usize;
        self.slots[slot] -= count;
        self.groups[slot / GROUP] -= u64::from(count);
        self.blocks[slot / (GROUP * GROUP)] -= u64::from(count);
        self.all -= u64::from(count);
    }

    /// The first slot up to which there are `rank` times, counted from 1.
    fn slot_of(&self, rank: u64) -> Option<u32> {
        let (blocks, mut left) = (self.blocks.iter().copied(), rank);
        let block = find(blocks, &mut left)?;
        let group = block * GROUP + find(self.groups[block * GROUP..].iter().copied(), &mut left)?;
        let slots = self.slots[group * GROUP..].iter().map(|count| u64::from(*count));
        let slot = group * GROUP + find(slots, &mut left)?;
        Some(slot as u32)
    }
}

/// Where the `rank`th is, whose rank there is left in it.
fn find(mut counts: impl Iterator<Item = u64>, rank: &mut u64) -> Option<usize> {
    counts.position(|count| {
        let is_there = count >= *rank;
        *rank -= if is_there { 0 } else { count };
        is_there
    })
}

/// The times in the last so many steps, counted in slots of constant relative width.
/// Memory grows with the number of different slots in each step, not with that of times.
#[derive(Clone, Debug)]
pub(super) struct Window {
    step: Duration,
    span: Duration,
    /// Whether quantiles are asked for, and not just the longest.
    has_quantiles: bool,
    /// When the present step ends.
    next: Time,
    /// Steps in which there were times: when each ended, slots and how many times fell into
    /// each; the last one is still open.
    steps: VecDeque<(Time, Vec<(u32, u32)>)>,
    open: Vec<(u32, u32)>,
    counts: Counts,
    /// By the end of its step the longest time, of those after which no longer one came.
    longest: VecDeque<(Time, Duration)>,
    /// Steps that are over, whose memory is used again.
    spare: Vec<Vec<(u32, u32)>>,
}

impl Window {
    fn new(step: Duration, span: Duration) -> Self {
        Window {
            step,
            span,
            has_quantiles: false,
            next: Time::ZERO.saturating_add(step),
            steps: VecDeque::new(),
            open: Vec::new(),
            counts: Counts::default(),
            longest: VecDeque::new(),
            spare: Vec::new(),
        }
    }

    /// Takes up what was recorded since the last time, within the present step.
    fn take_up(&mut self, touched: &[u32], recorded: &[u32], longest: Option<Duration>) {
        if self.has_quantiles {
            for slot in touched {
                let count = recorded[*slot as usize];
                self.counts.add(*slot, count);
                self.open.push((*slot, count));
            }
        }
        let Some(longest) = longest else { return };
        while self.longest.back().is_some_and(|(_, shorter)| *shorter <= longest) {
            self.longest.pop_back();
        }
        self.longest.push_back((self.next, longest));
    }

    /// The present step ends, and what is too old leaves the window.
    fn close(&mut self, gap: &Gap) {
        let now = self.next;
        if !self.open.is_empty() {
            let spare = self.spare.pop().unwrap_or_default();
            self.steps.push_back((now, std::mem::replace(&mut self.open, spare)));
        }
        let is_old = |ended: Time| ended.saturating_add(self.span) <= now;
        while self.longest.front().is_some_and(|(ended, _)| is_old(*ended)) {
            self.longest.pop_front();
        }
        while self.steps.front().is_some_and(|(ended, _)| is_old(*ended)) {
            let Some((_, mut old)) = self.steps.pop_front() else { break };
            for (slot, count) in old.drain(..) {
                self.counts.remove(slot, count);
            }
            self.spare.push(old);
        }
        // An empty window stays so until something happens.
        let further = if self.longest.is_empty() { gap.steps_after(now, self.step) } else { 0 };
        self.next = step_after(now, self.step, further);
    }

    /// When the present step ends.
    pub fn next(&self) -> Time {
        self.next
    }

    /// The longest time in the window, exactly.
    pub fn longest(&self) -> Option<f64> {
        self.longest.front().map(|(_, longest)| longest.as_secs_f64())
    }

    /// The least time that a share `q` of those in the window does not exceed, within
    /// 0.05 %.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let rank = libm::ceil(q * self.counts.all as f64).max(1.0) as u64;
        let slot = self.counts.slot_of(rank)?;
        Some(Duration(middle(slot)).as_secs_f64())
    }
}

/// The end of the step after the one that ends at `now`, if `skipped` are left out.
pub(super) fn step_after(now: Time, step: Duration, skipped: u64) -> Time {
    Time(now.0.saturating_add(step.0.saturating_mul(skipped.saturating_add(1))))
}

/// Records the times of requests for all windows over them.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder {
    /// By slot: how many since the last step of a window, and which slots these are.
    recorded: Vec<u32>,
    touched: Vec<u32>,
    longest: Option<Duration>,
    has_quantiles: bool,
    windows: Vec<Window>,
}

impl Recorder {
    /// The number of the window of this span that advances in such steps.
    pub fn window(&mut self, step: Duration, span: Duration, has_quantiles: bool) -> usize {
        self.has_quantiles |= has_quantiles;
        let same = |it: &Window| it.step == step && it.span == span;
        let index = self.windows.iter().position(same).unwrap_or_else(|| {
            self.windows.push(Window::new(step, span));
            self.windows.len() - 1
        });
        self.windows[index].has_quantiles |= has_quantiles;
        index
    }

    /// The window with this number.
    pub fn read(&self, window: usize) -> &Window {
        &self.windows[window]
    }

    /// Records the time of a request.
    #[inline]
    pub fn record(&mut self, time: Duration) {
        self.longest = self.longest.max(Some(time));
        if !self.has_quantiles {
            return;
        }
        let slot = slot(time.0);
        let index = slot as usize;
        if index >= self.recorded.len() {
            self.recorded.resize(index + 1, 0);
        }
        if self.recorded[index] == 0 {
            self.touched.push(slot);
        }
        self.recorded[index] += 1;
    }

    /// When the first step of a window ends.
    pub fn next(&self) -> Time {
        self.windows.iter().map(Window::next).min().unwrap_or(Time::MAX)
    }

    /// Steps that end at `now` end.
    pub fn step(&mut self, now: Time, gap: &Gap) {
        if self.next() > now {
            return;
        }
        for window in &mut self.windows {
            window.take_up(&self.touched, &self.recorded, self.longest);
            if window.next == now {
                window.close(gap);
            }
        }
        for slot in self.touched.drain(..) {
            self.recorded[slot as usize] = 0;
        }
        self.longest = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STEP: Duration = Duration(10);

    fn recorder(steps: u64) -> Recorder {
        let mut recorder = Recorder::default();
        recorder.window(STEP, STEP * steps, true);
        recorder
    }

    fn close(recorder: &mut Recorder) {
        let now = recorder.next();
        recorder.step(now, &Gap { from: now, until: now });
    }

    fn read(recorder: &Recorder, q: f64) -> (Option<f64>, Option<f64>) {
        let window = recorder.read(0);
        (window.quantile(q), window.longest())
    }

    #[test]
    fn a_window_without_times_has_no_quantile() {
        let mut times = recorder(1);
        assert_eq!(read(&times, 0.5), (None, None));
        times.record(Duration(5));
        close(&mut times);
        assert_eq!(read(&times, 0.5), (Some(5e-9), Some(5e-9)));
        close(&mut times);
        assert_eq!(read(&times, 0.5), (None, None));
    }

    #[test]
    fn an_empty_window_skips_what_is_quiet_and_no_more() {
        let mut times = recorder(2);
        times.record(Duration(5));
        let gap = Gap { from: Time(10), until: Time(1_000_000_005) };
        times.step(Time(10), &gap);
        assert_eq!(times.next(), Time(20), "its time is in the window");
        times.step(Time(20), &gap);
        times.step(Time(30), &gap);
        assert_eq!(times.next(), Time(1_000_000_010));
        assert_eq!(read(&times, 0.5), (None, None));
    }

    proptest! {
        #[test]
        fn a_slot_s_middle_is_within_a_twentieth_of_a_percent(nanos in any::<u64>()) {
            let found = middle(slot(nanos));
            prop_assert!(found.abs_diff(nanos) as f64 <= nanos as f64 * 0.0005, "{nanos} {found}");
        }

        /// Two windows over the same times, one of which advances in other steps.
        #[test]
        fn a_window_holds_the_times_of_its_steps_and_no_others(
            steps in prop::collection::vec(prop::collection::vec(0u64..1 << 45, 0..8), 1..12),
            length in 1usize..5,
            q in 0.01f64..1.0,
        ) {
            let mut times = recorder(length as u64);
            times.window(Duration(4), Duration(12), true);
            for (index, step) in steps.iter().enumerate() {
                for nanos in step {
                    times.record(Duration(*nanos));
                }
                let ends = Time(10 * (index as u64 + 1));
                while times.next() <= ends {
                    close(&mut times);
                }
                let first = (index + 1).saturating_sub(length);
                let mut all: Vec<u64> = steps[first..=index].concat();
                all.sort_unstable();
                let rank = (q * all.len() as f64).ceil().max(1.0) as usize;
                let exact = all.get(rank - 1).map(|nanos| *nanos as f64 / 1e9);
                let (found, longest) = read(&times, q);
                prop_assert_eq!(found.is_some(), exact.is_some());
                if let (Some(found), Some(exact)) = (found, exact) {
                    prop_assert!((found - exact).abs() <= exact * 0.0005, "{} {}", found, exact);
                }
                prop_assert_eq!(longest, all.last().map(|it| *it as f64 / 1e9));
            }
        }

        #[test]
        fn counts_in_groups_find_the_slot_that_all_counts_would(
            slots in prop::collection::vec((0u32..56_000, 1u32..5), 1..60),
            q in 0.0f64..1.0,
        ) {
            let mut counts = Counts::default();
            let mut all = Vec::new();
            for (index, (slot, count)) in slots.iter().enumerate() {
                counts.add(*slot, *count);
                if index % 3 == 1 {
                    counts.remove(*slot, *count);
                } else {
                    all.extend(std::iter::repeat_n(*slot, *count as usize));
                }
            }
            all.sort_unstable();
            let rank = (q * all.len() as f64) as usize + 1;
            prop_assert_eq!(counts.slot_of(rank as u64), all.get(rank - 1).copied());
        }
    }
}
