//! What rules read: sums and times over windows, each kept once for all rules that ask for
//! the same, and counted once for each request.

use super::gap::Gap;
use super::metric::{Summed, Totals};
use super::span::Span;
use super::sums::{Pair, Sums};
use super::tally::{Seen, Tally, Wanted};
use super::times::{Window, step_after};
use crate::kernel::{Duration, Time};

/// Sums that advance in steps.
#[derive(Clone, Debug)]
struct Series {
    of: Summed,
    /// The number of the tally.
    tally: usize,
    step: Duration,
    /// When the present step ends.
    next: Time,
    sums: Sums,
}

impl Series {
    /// The present step ends. Those that would be as the last are skipped, where nothing
    /// can happen before they end.
    fn step(&mut self, gap: &Gap, tally: &Tally, totals: &Totals) {
        let now = self.next;
        self.sums.push(self.of.until(now, tally, totals));
        let was_quiet = now.0 - self.step.0 >= gap.from.0;
        let further = if was_quiet { gap.steps_after(now, self.step) } else { 0 };
        let further = if further > 0 && self.sums.is_even() { further } else { 0 };
        if further > 0 {
            self.sums.skip(further);
        }
        self.next = step_after(now, self.step, further);
    }
}

/// Whose requests, and in which steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// Those of an SLO class; all, if none.
    pub class: Option<u16>,
    pub step: Duration,
}

/// The number of a series.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeriesId(usize);

/// Where a window of times is.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowId {
    tally: usize,
    span: Span,
    window: usize,
}

/// All that is counted for rules.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    /// Of all requests; then of those classes that a rule watches.
    tallies: Vec<Tally>,
    /// By class: the number of its tally; 0 if it has none of its own.
    of_class: Vec<usize>,
    series: Vec<Series>,
    wanted: Wanted,
}

impl Sources {
    /// Of requests of so many classes.
    pub fn new(classes: usize) -> Self {
        Sources {
            tallies: vec![Tally::default()],
            of_class: vec![0; classes],
            series: Vec::new(),
            wanted: Wanted::NOTHING,
        }
    }

    fn tally(&mut self, class: Option<u16>, wanted: Wanted) -> usize {
        self.wanted = self.wanted.with(wanted);
        let number = match class.and_then(|class| self.of_class.get_mut(usize::from(class))) {
            None => 0,
            Some(own) => {
                if *own == 0 {
                    *own = self.tallies.len();
                    self.tallies.push(Tally::default());
                }
                *own
            }
        };
        self.tallies[number].want(wanted);
        number
    }

    /// Sums for windows of at most so many steps.
    pub fn series(&mut self, of: Summed, scope: Scope, steps: usize) -> SeriesId {
        let tally = self.tally(scope.class, of.wants());
        let step = scope.step;
        let same = |it: &Series| it.of == of && it.tally == tally && it.step == step;
        if let Some(index) = self.series.iter().position(same) {
            self.series[index].sums.extend(steps);
            return SeriesId(index);
        }
        let next = Time::ZERO.saturating_add(step);
        self.series.push(Series { of, tally, step, next, sums: Sums::new(steps) });
        SeriesId(self.series.len() - 1)
    }

    /// The times in a window.
    pub fn times(
        &mut self,
        of: Span,
        scope: Scope,
        window: Duration,
        has_quantiles: bool,
    ) -> WindowId {
        let tally = self.tally(scope.class, Wanted::span(of));
        let recorder = self.tallies[tally].recorders[of as usize].get_or_insert_default();
        let window = recorder.window(scope.step, window, has_quantiles);
        WindowId { tally, span: of, window }
    }

    /// What is to be known of each request.
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// A request ended.
    #[inline]
    pub fn count(&mut self, seen: &Seen) {
        self.tallies[0].count(seen);
        let own = self.of_class.get(usize::from(seen.class)).copied().unwrap_or(0);
        if own > 0 {
            self.tallies[own].count(seen);
        }
    }

    /// When the first step ends.
    pub fn next(&self) -> Time {
        let recorders = self.tallies.iter().flat_map(|tally| tally.recorders.iter().flatten());
        let times = recorders.map(|recorder| recorder.next());
        self.series.iter().map(|series| series.next).chain(times).min().unwrap_or(Time::MAX)
    }

    /// Steps that end at `now`, in a gap, end. `totals` are those of the timeline until then.
    pub fn step(&mut self, now: Time, gap: &Gap, totals: &Totals) {
        for series in self.series.iter_mut().filter(|series| series.next == now) {
            series.step(gap, &self.tallies[series.tally], totals);
        }
        for tally in &mut self.tallies {
            for recorder in tally.recorders.iter_mut().flatten() {
                recorder.step(now, gap);
            }
        }
    }

    /// What happened in the last steps of a series, and when its next step ends.
    pub fn over(&self, series: SeriesId, steps: usize) -> (Pair, Time) {
        let series = &self.series[series.0];
        (series.sums.over(steps), series.next)
    }

    /// The times in a window.
    pub fn read(&self, id: WindowId) -> Option<&Window> {
        let recorder = self.tallies[id.tally].recorders[id.span as usize].as_ref()?;
        Some(recorder.read(id.window))
    }
}
