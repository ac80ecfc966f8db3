//! A continuous batching engine, after the scheduler of vLLM (V1).
//!
//! Pure: it knows no event list. The caller [submits](Engine::submit) jobs, asks
//! [when](Engine::next_at) something next happens, and then
//! [advances](Engine::advance) the engine to that time, which tells what happened:
//!
//! ```
//! use windtunnel::kernel::Time;
//! use windtunnel::serving::engine::{Engine, EngineSpec, Job, ProgressKind};
//! use windtunnel::serving::step::StepModel;
//! use windtunnel::workload::DataPaths;
//!
//! let spec = EngineSpec::default();
//! let step = StepModel::new(&spec.step, &DataPaths::default()).unwrap();
//! let mut engine = Engine::new(&spec, &step);
//! let job = Job { id: 7, input_tokens: 1000, output_tokens: 100, ..Job::default() };
//! engine.submit(Time::ZERO, &job).unwrap();
//! let mut happened = Vec::new();
//! while let Some(at) = engine.next_at() {
//!     engine.advance(at, &mut happened);
//! }
//! // 5752.705 us + 1000 x 17.251 us, and 99 x (5752.705 + 5.999) us.
//! let times: Vec<_> = happened.iter().map(|progress| (progress.at, progress.kind)).collect();
//! assert_eq!(times, [
//!     (Time(0), ProgressKind::Started { cached_tokens: 0 }),
//!     (Time(23_003_705), ProgressKind::FirstToken),
//!     (Time(593_115_401), ProgressKind::Finished),
//! ]);
//! ```
//!
//! # Steps in one go
//!
//! Nothing happens in most steps: each decoding sequence makes a token. So the engine
//! works out for how many steps the batch will stay as it is ([`Run`]), and passes them
//! in one go: the cost of a run grows with the requests, not with their tokens. Steps
//! are whole numbers of ticks in an arithmetic progression, so that this gives, to the
//! nanosecond, what going step by step does; `tests/engine` does both.
//!
//! # Ties
//!
//! A running step is not interrupted. What is submitted, taken back or slowed down at
//! the very nanosecond at which a step ends comes too late for the step that follows
//! at once. What comes to an idle engine begins at once, together with all else that
//! comes in that nanosecond before the engine is advanced.

mod blocks;
mod decoding;
mod job;
mod run;
mod schedule;
mod sequences;
mod spec;
mod tally;
mod waiting;

pub use job::{Job, Progress, ProgressKind, Refused};
pub use spec::{EngineSpec, QueuePolicy};
pub use tally::EngineStats;

use super::step::StepModel;
use crate::kernel::Time;
use crate::stats::Histogram;
use blocks::Blocks;
use decoding::Decoding;
use run::{AS_FAST_AS_SHOULD_BE, Run, clock_at, time_of};
use sequences::{Sequences, State};
use tally::Tally;
use waiting::Waiting;

/// A continuous batching engine.
#[derive(Clone, Debug)]
pub struct Engine {
    step: StepModel,
    /// A step takes so many 4096ths of its time.
    slowdown: u32,
    chunked: bool,
    caching: bool,
    policy: QueuePolicy,
    max_seqs: u32,
    max_tokens: u32,
    max_model_len: u64,
    queue_limit: u32,
    block_size: u32,
    /// Tokens that an id of a chain stands for.
    per_id: u32,
    draining: bool,

    sequences: Sequences,
    waiting: Waiting,
    decoding: Decoding,
    blocks: Blocks,
    /// The running sequence whose prompt is computed in parts.
    partial: Option<u32>,
    /// Sequences whose next token comes at the end of the running step, beside those
    /// that decode.
    completing: Vec<u32>,
    /// Whether the next that waits would fit if less of its prefix were known.
    held_up_by_prefix: bool,
    /// Sequences that leave at the end of the running step.
    leaving: Vec<u32>,
    /// When the running step began, or when an idle engine begins.
    clock: u128,
    run: Run,
    arrivals: u64,
    begun: u64,
    /// Times that room was made.
    rooms: u64,
    happened: Vec<Progress>,
    tally: Tally,
}

impl Engine {
    /// An idle engine with an empty cache. `step` is the model of `spec.step`; `spec`
    /// has passed its check.
    pub fn new(spec: &EngineSpec, step: &StepModel) -> Self {
        let max_seqs = spec.max_num_seqs.clamp(1, spec::MOST_SEQS);
        let block_size = spec.block_size.max(1);
        let per_unit = (spec.tokens_per_id() / block_size).max(1);
        Engine {
            step: step.clone(),
            slowdown: AS_FAST_AS_SHOULD_BE,
            chunked: spec.enable_chunked_prefill,
            caching: spec.enable_prefix_caching,
            policy: spec.policy,
            max_seqs,
            max_tokens: spec.max_num_batched_tokens.max(max_seqs),
            max_model_len: spec.max_model_len.map_or(u64::MAX, u64::from),
            queue_limit: spec.queue_limit.unwrap_or(u32::MAX),
            block_size,
            per_id: per_unit * block_size,
            draining: false,
            sequences: Sequences::default(),
            waiting: Waiting::default(),
            decoding: Decoding::new(block_size),
            blocks: Blocks::new(spec.blocks(), per_unit),
            partial: None,
            completing: Vec::new(),
            held_up_by_prefix: false,
            leaving: Vec::new(),
            clock: 0,
            run: Run::default(),
            arrivals: 0,
            begun: 0,
            rooms: 0,
            happened: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// A job comes at `now`. It is considered when the running step ends, or at once
    /// if the engine is idle (together with others that come at `now`).
    ///
    /// # Errors
    /// Why the job is not taken.
    pub fn submit(&mut self, now: Time, job: &Job) -> Result<(), Refused> {
        self.catch_up(now);
        if self.draining {
            return Err(Refused::Draining);
        }
        if self.is_too_long(job) {
            return Err(Refused::TooLong);
        }
        if self.waiting.jobs() >= self.queue_limit {
            return Err(Refused::QueueFull);
        }
        if self.run.left == 0 && self.waiting.jobs() == 0 {
            // The last step may have ended within this nanosecond.
            self.clock = self.clock.max(clock_at(now));
        }
        let others_wait = self.waiting.jobs() > 0;
        let slot = self.add(now, job);
        self.waiting.push(&self.sequences, slot);
        self.tally.waiting.add(now, 1);
        // Those that wait already do so for blocks, and go first.
        let behind_others = others_wait && self.policy == QueuePolicy::Fcfs;
        if !behind_others && self.has_seats() {
            self.cut(now);
        }
        Ok(())
    }

    fn add(&mut self, now: Time, job: &Job) -> u32 {
        self.arrivals += 1;
        let slot = self.sequences.add(job.id);
        let sequence = &mut self.sequences[slot];
        let tokens = u64::from(job.input_tokens.max(1)) + u64::from(job.output_tokens);
        let key = match self.policy {
            QueuePolicy::Fcfs => 0,
            QueuePolicy::Sjf => tokens,
            QueuePolicy::Priority => u64::from(job.priority),
        };
        sequence.input = job.input_tokens.max(1);
        sequence.output = job.output_tokens;
        sequence.rank = (key, self.arrivals);
        sequence.arrived = now;
        sequence.state = State::Waiting;
        sequence.made = 0;
        sequence.computed = 0;
        sequence.prefilled = job.prefilled;
        sequence.started = false;
        sequence.cancelled = false;
        sequence.chain.clear();
        if self.caching {
            let ids = (tokens / u64::from(self.per_id)).min(job.blocks.len() as u64);
            sequence.chain.extend_from_slice(&job.blocks[..ids as usize]);
        }
        slot
    }

    /// Whether a job could not be finished even if it were alone.
    fn is_too_long(&self, job: &Job) -> bool {
        let input = u64::from(job.input_tokens.max(1));
        // The keys and values of the last token are never needed.
        let stored = input + u64::from(job.output_tokens.saturating_sub(1));
        stored.div_ceil(u64::from(self.block_size)) > u64::from(self.blocks.total())
            || stored > u64::from(u32::MAX / 2)
            || input + u64::from(job.output_tokens) > self.max_model_len
            || (!self.chunked && input > u64::from(self.max_tokens) && !job.prefilled)
    }

    /// Takes a job back at `now`. One that runs leaves when the running step ends.
    /// Nothing more is heard of it, save what happened before. Returns whether there
    /// was such a job.
    pub fn cancel(&mut self, now: Time, id: u32) -> bool {
        self.catch_up(now);
        let Some(slot) = self.sequences.find(id).filter(|slot| !self.sequences[*slot].cancelled)
        else {
            return false;
        };
        if self.sequences[slot].state == State::Waiting {
            self.tally.departed(self.sequences[slot].arrived, now);
            self.sequences.forget(slot);
            self.waiting.one_left(&self.sequences);
            self.tally.waiting.add(now, -1);
            // It may have been in the way of others.
            if self.waiting.jobs() > 0 && self.has_seats() {
                self.cut(now);
            }
        } else {
            self.sequences[slot].cancelled = true;
            self.leaving.push(slot);
            self.cut(now);
        }
        true
    }

    /// When something next happens, if nobody comes or goes: the time for which
    /// [`advance`](Engine::advance) should be called. Changes with every call that
    /// changes the engine.
    pub fn next_at(&self) -> Option<Time> {
        if let Some(progress) = self.happened.first() {
            return Some(progress.at);
        }
        if self.run.left > 0 {
            return Some(self.end_of_run());
        }
        (self.waiting.jobs() > 0).then(|| time_of(self.clock))
    }

    /// Does all that happens up to and at `now`, and adds to `out` what happened to
    /// jobs, in order of time.
    pub fn advance(&mut self, now: Time, out: &mut Vec<Progress>) {
        self.catch_up(now);
        if self.run.left == 0 && self.waiting.jobs() > 0 {
            debug_assert_eq!(time_of(self.clock), now, "jobs that wait begin at once");
            self.compose();
            // A step may take no time at all.
            self.catch_up(now);
        }
        out.append(&mut self.happened);
    }

    /// From the next step on, all steps take `factor` times as long: 1 is as fast as
    /// it should be. Kept in steps of 1/4096, between 1/4096 and 4096.
    pub fn set_slowdown(&mut self, now: Time, factor: f64) {
        self.catch_up(now);
        let one = f64::from(AS_FAST_AS_SHOULD_BE);
        self.slowdown = ((factor * one + 0.5) as u32).clamp(1, AS_FAST_AS_SHOULD_BE << 12);
        self.cut(now);
    }

    /// From now on no job is taken (or again, with `false`); those that are here are
    /// finished.
    pub fn set_draining(&mut self, draining: bool) {
        self.draining = draining;
    }

    /// Everything is lost at `now`: the running step, all jobs, whose numbers are
    /// added to `lost` in ascending order, and the prefix cache.
    pub fn crash(&mut self, now: Time, lost: &mut Vec<u32>) {
        self.catch_up(now);
        self.pass_until(now);
        for id in self.sequences.ids() {
            let slot = self.sequences.find(id).expect("it is one of them");
            // Whoever took a job back does not wait for it.
            if !self.sequences[slot].cancelled {
                lost.push(id);
            }
            self.tally.departed(self.sequences[slot].arrived, now);
        }
        self.sequences.clear();
        self.waiting.clear();
        self.decoding.clear();
        self.blocks = Blocks::new(self.blocks.total(), self.blocks.per_unit());
        self.partial = None;
        self.completing.clear();
        self.leaving.clear();
        self.run = Run::default();
        self.tally.crash(now);
    }

    /// Jobs that wait, the preempted among them.
    pub const fn waiting(&self) -> u32 {
        self.waiting.jobs()
    }

    /// Jobs that have begun and are not finished.
    pub const fn running(&self) -> u32 {
        self.sequences.running()
    }

    /// The share of the blocks that is in use, as of the last change of the batch.
    pub fn kv_use(&self) -> f64 {
        f64::from(self.blocks.used()) / f64::from(self.blocks.total())
    }

    /// Tokens of the prompt with this chain of `blocks` that the prefix cache has, as of
    /// the last change of the batch: for balancers.
    pub fn cached_tokens(&self, blocks: &[u64]) -> u32 {
        self.blocks.known(blocks).units * self.per_id
    }

    /// What was counted from the last reset to `now`; the running step is not.
    pub fn stats(&mut self, now: Time) -> EngineStats {
        self.catch_up(now);
        self.pass_until(now);
        self.tally.stats(now, self.blocks.total())
    }

    /// Times between the tokens of answers since the last reset, up to the last call
    /// of [`stats`](Engine::stats) or change of the batch. Each is within 0.5 %.
    pub const fn inter_token(&self) -> &Histogram {
        &self.tally.gaps
    }

    /// Forgets the statistics at `now`, not the jobs: the end of the warm-up.
    pub fn reset_stats(&mut self, now: Time) {
        self.catch_up(now);
        self.pass_until(now);
        self.tally.reset(now);
    }

    /// When the present run ends.
    fn end_of_run(&self) -> Time {
        time_of(self.clock.saturating_add(self.run.span(self.run.left)))
    }

    /// Whether another sequence could join the next step, if there are blocks.
    fn has_seats(&self) -> bool {
        self.sequences.running() < self.max_seqs && self.run.partial.is_none()
    }

    /// Ends all runs that end up to and at `now`. An idle engine to which jobs came
    /// before `now` has begun by then.
    fn catch_up(&mut self, now: Time) {
        loop {
            if self.run.left > 0 {
                if self.end_of_run() > now {
                    return;
                }
                self.pass(self.run.left);
                self.end_step();
            } else if self.waiting.jobs() == 0 || time_of(self.clock) >= now {
                return;
            }
            self.compose();
        }
    }

    /// The present run ends with the step that runs at `now`.
    fn cut(&mut self, now: Time) {
        if self.run.left > 1 {
            self.pass_until(now);
            self.run.left = 1;
        }
    }

    /// Passes the steps of the present run that end up to and at `now`.
    fn pass_until(&mut self, now: Time) {
        if self.run.left > 1 {
            let end = clock_at(now) + (clock_at(Time(1)) - 1);
            let steps = self.run.steps_within(end.saturating_sub(self.clock));
            debug_assert!(steps < self.run.left, "a run that has ended is not the present one");
            self.pass(steps);
        }
    }

    /// Does `steps` steps of the present run. The step that runs then, if any, has its
    /// blocks.
    fn pass(&mut self, steps: u64) {
        if steps == 0 {
            return;
        }
        let begun = steps.min(self.run.left - 1);
        self.blocks.take(self.blocks_ahead(begun) as u32);
        let span = self.run.span(steps);
        self.tally.pass(&self.run, steps, self.clock, self.decoding.count());
        let end = self.clock.saturating_add(span);
        self.tally.kv_moved(self.clock, end, self.blocks.used());
        if self.run.decodes {
            self.decoding.advance(steps);
        }
        if let Some((slot, chunk)) = self.run.partial {
            self.sequences[slot].computed += steps as u32 * chunk;
        }
        self.clock = end;
        self.run.advance(steps);
    }

    /// The last step of a run has ended: tokens come, sequences go.
    fn end_step(&mut self) {
        let sequences = &self.sequences;
        self.leaving.sort_unstable_by_key(|slot| sequences[*slot].began);
        for nth in 0..self.leaving.len() {
            let slot = self.leaving[nth];
            if self.completing.contains(&slot) {
                self.completing.retain(|other| *other != slot);
                self.sequences[slot].computed = self.sequences[slot].target();
            }
            self.leave(slot);
        }
        self.leaving.clear();
        while let Some(slot) = self.decoding.ended(&self.sequences) {
            self.tell(slot, ProgressKind::Finished);
            self.leave(slot);
        }
        for nth in 0..self.completing.len() {
            self.complete(self.completing[nth]);
        }
        self.completing.clear();
    }

    /// All tokens of a sequence so far are computed: the next one comes.
    fn complete(&mut self, slot: u32) {
        let sequence = &mut self.sequences[slot];
        sequence.computed = sequence.target();
        if sequence.output > 0 {
            let last = std::mem::replace(&mut sequence.last_token, self.clock);
            sequence.made += 1;
            self.tally.output_tokens += 1;
            if sequence.made == 1 {
                self.tell(slot, ProgressKind::FirstToken);
            } else {
                self.tally.token_after(last, self.clock);
            }
        }
        if self.sequences[slot].made == self.sequences[slot].output {
            self.tell(slot, ProgressKind::Finished);
            self.leave(slot);
        } else {
            self.decoding.join(&mut self.sequences, slot);
        }
    }

    /// A running sequence leaves the engine.
    fn leave(&mut self, slot: u32) {
        self.leave_batch(slot);
        self.tally.departed(self.sequences[slot].arrived, time_of(self.clock));
        self.sequences.forget(slot);
    }

    /// A running sequence leaves the batch and gives its blocks back, between two
    /// steps.
    fn leave_batch(&mut self, slot: u32) {
        if self.sequences[slot].state == State::Decode {
            let last = self.tally.last_token(self.sequences[slot].last_token);
            self.sequences[slot].last_token = last;
            self.decoding.leave(&mut self.sequences, slot);
        }
        if self.partial == Some(slot) {
            self.partial = None;
        }
        let computed = self.sequences[slot].computed;
        self.name_units(slot, computed);
        let sequence = &mut self.sequences[slot];
        let named = sequence.units.len() as u32 * self.blocks.per_unit();
        self.blocks.give(computed.div_ceil(self.block_size) - named);
        // The end of a chain is of use to fewer than its beginning.
        while let Some(unit) = sequence.units.pop() {
            self.blocks.release(unit);
        }
        self.sequences.end(slot);
        self.tally.running.add(time_of(self.clock), -1);
    }

    fn tell(&mut self, slot: u32, kind: ProgressKind) {
        let (at, id) = (time_of(self.clock), self.sequences[slot].id);
        self.happened.push(Progress { at, id, kind });
    }
}
