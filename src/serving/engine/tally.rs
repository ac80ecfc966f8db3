//! What an engine counts.

use super::run::{Run, nanos, time_of};
use crate::kernel::{Duration, Gauge, Time};
use crate::stats::Histogram;

/// What an engine counted since the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EngineStats {
    /// Seconds in which a step was running.
    pub busy_s: f64,
    /// The share of the time in which a step was running.
    pub busy_share: f64,
    /// The mean number of jobs that have begun and are not finished.
    pub running_mean: f64,
    /// The greatest number of them.
    pub running_max: u64,
    /// The mean number of jobs that wait, the preempted among them.
    pub waiting_mean: f64,
    /// The greatest number of them.
    pub waiting_max: u64,
    /// The mean number of sequences in a step, over the time of steps.
    pub batch_mean: f64,
    /// The mean share of the blocks that is in use. Within a row of steps that do the
    /// same it is taken to grow evenly.
    pub kv_mean: f64,
    /// The greatest share of the blocks that was in use.
    pub kv_max: f64,
    /// Steps ended.
    pub steps: u64,
    /// Tokens of prompts computed, those computed again among them.
    pub prefill_tokens: u64,
    /// Tokens of answers made.
    pub output_tokens: u64,
    /// Tokens of the prompts of jobs that began.
    pub prompt_tokens: u64,
    /// Those of them that were found in the prefix cache.
    pub cached_tokens: u64,
    /// Jobs that lost their blocks.
    pub preemptions: u64,
}

/// How much steps recorded as one may differ: a share of 1/100, so that each is
/// recorded within half a percent.
const EVEN_WITHIN: i128 = 100;

/// Counters and gauges.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    start: Time,
    pub busy: Gauge,
    pub running: Gauge,
    pub waiting: Gauge,
    pub kv: Gauge,
    /// Sequences x nanoseconds of steps.
    batch: u128,
    steps: u64,
    prefill_tokens: u64,
    pub output_tokens: u64,
    pub prompt_tokens: u64,
    pub cached_tokens: u64,
    pub preemptions: u64,
    /// Nanoseconds that jobs which left had been here, since the start of the window.
    sojourns: u128,
    /// Times between tokens.
    pub gaps: Histogram,
    /// The clock at the end of the last step that made tokens for decoding sequences.
    decoded_at: u128,
}

impl Tally {
    /// The next `steps` steps of `run` are done; the first begins at `clock`.
    pub fn pass(&mut self, run: &Run, steps: u64, clock: u128) {
        let span = run.span(steps);
        self.steps += steps;
        self.batch += u128::from(run.seqs) * u128::from(nanos(span));
        self.prefill_tokens += steps * u64::from(run.prefill);
        self.output_tokens += steps * u64::from(run.decoding);
        self.tokens(run, steps);
        self.decoded_at = clock + span;
    }

    /// Records the times between the tokens of `steps` decode steps.
    fn tokens(&mut self, run: &Run, steps: u64) {
        let (mut run, mut left) = (*run, steps);
        while left > 0 && run.decoding > 0 {
            let even = (run.first as i128 / EVEN_WITHIN).checked_div(run.slope.abs());
            let together = even.map_or(left, |even| left.min(even.max(1) as u64));
            let mean = run.span(together) / u128::from(together);
            self.gaps.record_n(Duration(nanos(mean)), together * u64::from(run.decoding));
            left -= together;
            run.advance(together);
        }
    }

    /// A sequence whose tokens were not followed made one at `clock`, the last being
    /// from `last`.
    pub fn token_after(&mut self, last: u128, clock: u128) {
        self.gaps.record(Duration(nanos(clock - last)));
    }

    /// The clock at the last token of a sequence that decodes, or did until now, and began to
    /// at `since`.
    pub fn last_token(&self, since: u128) -> u128 {
        since.max(self.decoded_at)
    }

    /// A job that came at `arrived` left at `now`.
    pub fn departed(&mut self, arrived: Time, now: Time) {
        self.sojourns += u128::from(now.since(arrived.max(self.start)).0);
    }

    /// Little's law, in the form that holds for every run (W. S. Jewell 1967): with
    /// nobody here, the time that jobs were here adds up to the integral of how many
    /// were here.
    pub fn check_littles_law(&self, now: Time) {
        debug_assert_eq!(
            self.running.area(now) + self.waiting.area(now),
            self.sojourns,
            "Little's law holds"
        );
    }

    /// Nobody is here any more.
    pub fn crash(&mut self, now: Time) {
        for gauge in [&mut self.busy, &mut self.running, &mut self.waiting, &mut self.kv] {
            gauge.set(now, 0);
        }
        self.check_littles_law(now);
    }

    /// All of it at `now`, of an engine with `blocks` blocks.
    pub fn stats(&self, now: Time, blocks: u32) -> EngineStats {
        let busy = self.busy.area(now);
        EngineStats {
            busy_s: self.busy.area_secs(now),
            busy_share: self.busy.mean(now),
            running_mean: self.running.mean(now),
            running_max: self.running.max(),
            waiting_mean: self.waiting.mean(now),
            waiting_max: self.waiting.max(),
            batch_mean: if busy == 0 { 0.0 } else { self.batch as f64 / busy as f64 },
            kv_mean: self.kv.mean(now) / f64::from(blocks),
            kv_max: self.kv.max() as f64 / f64::from(blocks),
            steps: self.steps,
            prefill_tokens: self.prefill_tokens,
            output_tokens: self.output_tokens,
            prompt_tokens: self.prompt_tokens,
            cached_tokens: self.cached_tokens,
            preemptions: self.preemptions,
        }
    }

    /// Forgets all but the levels. The running step counts when it ends.
    pub fn reset(&mut self, now: Time) {
        self.start = now;
        for gauge in [&mut self.busy, &mut self.running, &mut self.waiting, &mut self.kv] {
            gauge.reset(now);
        }
        self.batch = 0;
        self.steps = 0;
        self.prefill_tokens = 0;
        self.output_tokens = 0;
        self.prompt_tokens = 0;
        self.cached_tokens = 0;
        self.preemptions = 0;
        self.sojourns = 0;
        self.gaps.reset();
    }

    /// The use of blocks went evenly from its level to `used` between two clocks.
    pub fn kv_moved(&mut self, from: u128, to: u128, used: u32) {
        // Half the time at either level is the same area as a straight line.
        // A step that was running at the last reset began before the window.
        self.kv.set(time_of(from + (to - from) / 2).max(self.start), u64::from(used));
    }
}
