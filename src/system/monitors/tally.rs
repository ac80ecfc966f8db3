//! What requests that ended add up to: counted once for all rules over the same requests.

use super::span::Span;
use super::spec::BadSpec;
use super::times::Recorder;
use crate::kernel::Duration;
use crate::system::measure::{TargetsSpec, Times};
use crate::system::request::Request;
use crate::system::upstream::Inference;

/// What the rules want to know of each request: a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::system) struct Wanted(u8);

impl Wanted {
    /// That there was one, and whether it was answered, which are always counted.
    pub const NOTHING: Wanted = Wanted(0);
    /// Whether it was answered within the SLO.
    pub const GOOD: Wanted = Wanted(1 << Span::ALL.len());
    /// The quality of its answer.
    pub const QUALITY: Wanted = Wanted(2 << Span::ALL.len());

    /// A time that it took.
    pub const fn span(span: Span) -> Wanted {
        Wanted(1 << span as u8)
    }

    /// These and the others.
    pub const fn with(self, other: Wanted) -> Wanted {
        Wanted(self.0 | other.0)
    }

    const fn has(self, other: Wanted) -> bool {
        self.0 & other.0 != 0
    }
}

/// A request that ended, as monitors see it: those of its facts that are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::system) struct Seen {
    /// Its SLO class.
    pub class: u16,
    /// Whether it got no answer.
    pub failed: bool,
    /// Whether it was answered within the SLO.
    pub good: bool,
    /// Of its answer, from 0 to 1.
    pub quality: f64,
    /// Its times, those that it has, in the order of [`Span`].
    pub times: [Option<Duration>; Span::ALL.len()],
}

impl Seen {
    /// A request that ended, with its times; `targets` are those of the classes.
    pub fn of(
        request: &Request,
        inference: Option<&Inference>,
        times: &Times,
        targets: &[TargetsSpec],
        wanted: Wanted,
    ) -> Seen {
        let class = request.incoming.slo_class.0;
        let answer = request.answer.filter(|_| request.error.is_none());
        let Some(answer) = answer else { return Seen { class, failed: true, ..Seen::default() } };
        let wants = |span| wanted.has(Wanted::span(span));
        let of_model = |span| inference.filter(|_| wants(span) && !request.cached);
        let targets = targets.get(usize::from(class)).filter(|_| wanted.has(Wanted::GOOD));
        Seen {
            class,
            failed: false,
            good: targets.is_none_or(|targets| targets.met(times)),
            quality: answer.quality,
            times: [
                wants(Span::E2e).then_some(times.e2e),
                wants(Span::Ttft).then_some(times.ttft),
                // One that did not stream has none.
                of_model(Span::Tpot).map(|_| times.tpot).filter(|it| !it.is_zero()),
                of_model(Span::Queue).map(|it| it.started.since(it.queued) + it.spend.seated_after),
                of_model(Span::Inference).map(|it| it.service.total),
            ],
        }
    }
}

/// Requests that ended since the start of the run: all, or those of a class.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    wanted: Wanted,
    pub ended: u64,
    pub answered: u64,
    pub good: u64,
    /// In billionths.
    pub quality: i128,
    /// By [`Span`]: nanoseconds, and of how many requests.
    pub times: [(i128, u64); Span::ALL.len()],
    /// By [`Span`]: where the times themselves are asked for.
    pub recorders: [Option<Box<Recorder>>; Span::ALL.len()],
}

impl Tally {
    /// This is wanted, too.
    pub fn want(&mut self, wanted: Wanted) {
        self.wanted = self.wanted.with(wanted);
    }

    /// Without an answer.
    pub fn failed(&self) -> u64 {
        self.ended - self.answered
    }

    /// Those that use up an error budget.
    pub fn bad(&self, bad: BadSpec) -> u64 {
        match bad {
            BadSpec::Errors => self.failed(),
            BadSpec::Slow => self.ended - self.good,
        }
    }

    /// A request ended.
    #[inline]
    pub fn count(&mut self, seen: &Seen) {
        self.ended += 1;
        self.answered += u64::from(!seen.failed);
        self.good += u64::from(seen.good);
        if self.wanted.has(Wanted::QUALITY) && !seen.failed {
            self.quality += (seen.quality * 1e9 + 0.5) as i128;
        }
        let mut left = self.wanted.0 & (Wanted::GOOD.0 - 1);
        while left != 0 {
            let span = left.trailing_zeros() as usize;
            left &= left - 1;
            let Some(time) = seen.times[span] else { continue };
            let (nanos, requests) = &mut self.times[span];
            *nanos += i128::from(time.0);
            *requests += 1;
            if let Some(recorder) = &mut self.recorders[span] {
                recorder.record(time);
            }
        }
    }
}
