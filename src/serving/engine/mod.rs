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
//! let job = Job { id: 7.into(), input_tokens: 1000, output_tokens: 100, ..Job::default() };
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
//! works out for how many steps the batch will stay as it is (a run), and passes them
//! in one go: the cost of a run grows with the requests, not with their tokens. Steps
//! are whole numbers of ticks in an arithmetic progression, so that this gives, to the
//! nanosecond, what going step by step does; `tests/engine` does both.
//!
//! # Equal instants
//!
//! A running step is not interrupted. Of what falls on one nanosecond, all that comes
//! from outside comes first, then the end of a step, then the step that begins there
//! and then. So the engine stands before the end of a step that ends at `now`, and
//! before the first step of an idle engine, until it is [advanced](Engine::advance) to
//! `now`, and behind both from then on:
//!
//! - What is [submitted](Engine::submit), [taken back](Engine::cancel) or [slowed
//!   down](Engine::set_slowdown) at `now` counts for the step that begins at `now`; after
//!   the advance, for the step after that. Nothing is heard of who is taken back as his
//!   last step ends.
//! - With `async_scheduling` the step that begins at `now` is composed already, and all this
//!   counts for the one after it, save a slowdown.
//! - An idle engine takes all that comes at `now` into its first step.
//! - A step that ends at `now` has made no tokens yet for
//!   [`tokens_made`](Engine::tokens_made) and [`stats`](Engine::stats), counts after a
//!   [reset](Engine::reset_stats), and is lost in a [crash](Engine::crash), until then.
//!
//! A caller with a list of events advances an engine after all else at that instant.
//! What the answers of a step set going when it ends then waits for one step, as it
//! does after any small delay. Steps of no length all pass in one advance.

mod ahead;
mod blocks;
mod decoding;
mod defaults;
mod job;
mod passing;
mod room;
mod run;
mod schedule;
mod sequences;
mod spec;
mod tally;
mod waiting;

pub use job::{Job, JobId, Progress, ProgressKind, Refused};
pub use spec::{EngineSpec, QueuePolicy};
pub use tally::EngineStats;

use super::step::StepModel;
use crate::kernel::Time;
use crate::stats::Histogram;
use blocks::Blocks;
use decoding::Decoding;
use passing::Due;
use run::{AS_FAST_AS_SHOULD_BE, Run, clock_after, clock_at, time_of};
use sequences::{Sequences, State};
use spec::Settings;
use tally::Tally;
use waiting::Waiting;

/// A continuous batching engine.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says something else")]
pub struct Engine {
    step: StepModel,
    /// A step takes so many 4096ths of its time.
    slowdown: u32,
    settings: Settings,
    draining: bool,

    sequences: Sequences,
    waiting: Waiting,
    decoding: Decoding,
    blocks: Blocks,
    /// Sequences that run and do not decode with the others, in the order in which they
    /// began, with the `chunk` that the composed step computes of each.
    parts: Vec<u32>,
    /// What is heard when the step ends that was closed.
    due: Vec<Due>,
    /// Whether the composed steps compute as many tokens as they may.
    full: bool,
    /// Whether the next that waits would fit if less of its prefix were known.
    held_up_by_prefix: bool,
    /// Sequences that leave at the end of the running step.
    leaving: Vec<u32>,
    /// When the running step began, or when an idle engine begins.
    clock: u128,
    /// All steps that end before this clock are over; those that end at it are not.
    horizon: u128,
    run: Run,
    /// Whether the running step is the last of its run, and `next` is composed: the sequences
    /// are as if it had ended.
    flight: bool,
    /// The run after it, where steps are scheduled ahead.
    next: Run,
    arrivals: u64,
    begun: u64,
    /// Times that room was made.
    rooms: u64,
    happened: Vec<Progress>,
    tally: Tally,
}

impl Engine {
    /// An idle engine with an empty cache. `step` is the model of `spec.step`; `spec`
    /// has passed its check, and its [`blocks`](EngineSpec::blocks) are known (else it has 1).
    pub fn new(spec: &EngineSpec, step: &StepModel) -> Self {
        let settings = Settings::new(spec);
        Engine {
            step: step.clone(),
            slowdown: AS_FAST_AS_SHOULD_BE,
            draining: false,
            sequences: Sequences::default(),
            waiting: Waiting::default(),
            decoding: Decoding::new(settings.block_size, step.needs_spread()),
            blocks: Blocks::new(
                spec.blocks(step).unwrap_or(1),
                settings.per_id / settings.block_size,
            ),
            parts: Vec::new(),
            due: Vec::new(),
            full: false,
            held_up_by_prefix: false,
            leaving: Vec::new(),
            clock: 0,
            horizon: 0,
            run: Run::default(),
            flight: false,
            next: Run::default(),
            arrivals: 0,
            begun: 0,
            rooms: 0,
            happened: Vec::new(),
            tally: Tally::default(),
            settings,
        }
    }

    /// A job comes at `now`. It is considered when the running step ends, or at once
    /// if the engine is idle (together with all others that come at `now`).
    ///
    /// # Errors
    /// Why the job is not taken.
    pub fn submit(&mut self, now: Time, job: &Job) -> Result<(), Refused> {
        self.catch_up(clock_at(now));
        if self.draining {
            return Err(Refused::Draining);
        }
        if self.is_too_long(job) {
            return Err(Refused::TooLong);
        }
        if self.waiting.jobs() >= self.settings.queue_limit {
            return Err(Refused::QueueFull);
        }
        if self.run.left == 0 && self.waiting.jobs() == 0 {
            // The last step may have ended within this nanosecond.
            self.clock = self.clock.max(clock_at(now));
            // Others that come now begin with it.
            self.horizon = clock_at(now);
        }
        let others_wait = self.waiting.jobs() > 0;
        let was_alone = self.waiting.jobs() + self.sequences.running() == 1;
        let slot = self.add(now, job);
        self.waiting.push(&self.sequences, slot);
        self.tally.waiting.add(now, 1);
        // Those that wait already do so for blocks, and go first.
        let behind_others = others_wait && self.settings.policy == QueuePolicy::Fcfs;
        let joins = !behind_others && self.has_room();
        // A long prompt that was alone is no more.
        if joins || was_alone && self.settings.long_prefill > 0 {
            self.cut();
        }
        Ok(())
    }

    fn add(&mut self, now: Time, job: &Job) -> u32 {
        self.arrivals += 1;
        let slot = self.sequences.add(job.id);
        let sequence = &mut self.sequences[slot];
        let tokens = u64::from(job.input_tokens.max(1)) + u64::from(job.output_tokens);
        let key = match self.settings.policy {
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
        sequence.chunk = 0;
        sequence.prefilled = job.prefilled;
        sequence.started = false;
        sequence.kept = None;
        sequence.chain.clear();
        if self.settings.caching {
            let per_id = u64::from(self.settings.per_id);
            let input = u64::from(sequence.input);
            // What fills a short last block of a prompt is not what its id stands for.
            let full = if job.names_answer { tokens } else { input } / per_id;
            let ids = full.min(job.blocks.len() as u64) as usize;
            sequence.chain.extend_from_slice(&job.blocks[..ids]);
        }
        slot
    }

    /// Whether a job could not be finished even if it were alone.
    fn is_too_long(&self, job: &Job) -> bool {
        let input = u64::from(job.input_tokens.max(1));
        // The keys and values of the last token are never needed.
        let stored = input + u64::from(job.output_tokens.saturating_sub(1));
        stored.div_ceil(u64::from(self.settings.block_size)) > u64::from(self.blocks.total())
            || stored > u64::from(u32::MAX / 2)
            || input + u64::from(job.output_tokens) > self.settings.max_model_len
            || (!self.settings.chunked
                && input > u64::from(self.settings.max_tokens)
                && !job.prefilled)
    }

    /// Takes a job back at `now`. One that runs leaves when the running step ends, but
    /// its index may be given to another job at once. Nothing more is heard of it, save
    /// what happened before. Returns whether there was such a job.
    pub fn cancel(&mut self, now: Time, id: JobId) -> bool {
        self.catch_up(clock_at(now));
        let Some(slot) = self.sequences.find(id) else { return false };
        if self.sequences[slot].state == State::Waiting {
            self.leave_queue(slot, now);
            self.due.retain(|due| due.slot != slot);
            // It may have been in the way of others, or have kept a prompt short.
            let alone = self.waiting.jobs() + self.sequences.running() == 1;
            let others_wait = self.waiting.jobs() > 0 && self.has_room();
            if others_wait || alone && self.settings.long_prefill > 0 {
                self.cut();
            }
        } else {
            self.sequences.take_back(slot);
            self.leaving.push(slot);
            self.cut();
        }
        true
    }

    /// Tokens of its answer that the job `id` has made by `now`; 0 if there is none.
    pub fn tokens_made(&mut self, now: Time, id: JobId) -> u32 {
        self.pass_until(clock_at(now));
        let Some(slot) = self.sequences.find(id) else { return 0 };
        let sequence = &self.sequences[slot];
        let decoded = match sequence.state {
            State::Decode => self.decoding.steps() - sequence.joined,
            _ => 0,
        };
        // Those of the running step that are counted already.
        let is_due = || self.due.iter().any(|due| due.slot == slot);
        let in_flight = self.flight && sequence.output > 0 && (decoded > 0 || is_due());
        sequence.made + decoded as u32 - u32::from(in_flight)
    }

    /// When something next happens, if nobody comes or goes: the time for which
    /// [`advance`](Engine::advance) should be called. Changes with every call that
    /// changes the engine.
    pub fn next_at(&self) -> Option<Time> {
        if let Some(progress) = self.happened.first() {
            return Some(progress.at);
        }
        if self.run.left > 0 {
            return Some(self.next_change());
        }
        (self.waiting.jobs() > 0).then(|| time_of(self.clock))
    }

    /// Does all that happens up to and at `now`, and adds to `out` what happened to
    /// jobs, in order of time.
    pub fn advance(&mut self, now: Time, out: &mut Vec<Progress>) {
        self.catch_up(clock_after(now));
        out.append(&mut self.happened);
    }

    /// From the next step on, all steps take `factor` times as long: 1 is as fast as
    /// it should be. Kept in steps of 1/4096, between 1/4096 and 4096.
    pub fn set_slowdown(&mut self, now: Time, factor: f64) {
        self.catch_up(clock_at(now));
        let one = f64::from(AS_FAST_AS_SHOULD_BE);
        self.slowdown = ((factor * one + 0.5) as u32).clamp(1, AS_FAST_AS_SHOULD_BE << 12);
        self.cut();
    }

    /// From now on no job is taken (or again, with `false`); those that are here are
    /// finished.
    pub fn set_draining(&mut self, draining: bool) {
        self.draining = draining;
    }

    /// Everything is lost at `now`: the running step, all jobs, whose numbers are
    /// added to `lost` in ascending order, and the prefix cache.
    pub fn crash(&mut self, now: Time, lost: &mut Vec<JobId>) {
        self.pass_until(clock_at(now));
        let others = lost.len();
        for slot in self.sequences.all() {
            let sequence = &self.sequences[slot];
            // Whoever took a job back does not wait for it.
            if self.sequences.find(sequence.id) == Some(slot) {
                lost.push(sequence.id);
            }
            self.tally.departed(sequence.arrived, now);
        }
        lost[others..].sort_unstable();
        self.sequences.clear();
        self.waiting.clear();
        self.decoding.clear();
        self.blocks.clear();
        self.parts.clear();
        self.due.clear();
        self.leaving.clear();
        self.run = Run::default();
        self.next = Run::default();
        self.flight = false;
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

    /// Tokens that the memory holds, and those that it is asked for besides: of jobs that
    /// wait, and of prompts that are computed in parts. As of the last change of the
    /// batch.
    pub fn demand_tokens(&self) -> u64 {
        let held = u64::from(self.blocks.used()) * u64::from(self.settings.block_size);
        let rest = |slot: &u32| self.sequences[*slot].remaining() - self.sequences[*slot].chunk;
        held + self.waiting.tokens()
            + self.parts.iter().map(|slot| u64::from(rest(slot))).sum::<u64>()
    }

    /// Tokens that the memory has room for.
    pub fn capacity_tokens(&self) -> u64 {
        u64::from(self.blocks.total()) * u64::from(self.settings.block_size)
    }

    /// Tokens of the prompt with this chain of `blocks` that the prefix cache has, as of
    /// the last change of the batch: for balancers.
    pub fn cached_tokens(&self, blocks: &[u64]) -> u32 {
        self.blocks.known(blocks).units * self.settings.per_id
    }

    /// From now on it is noted which ids of chains of blocks the prefix cache comes to have
    /// and which it loses.
    pub fn note_known(&mut self) {
        self.blocks.note();
    }

    /// Takes what was noted, in its order: an id, and whether the cache has it now.
    pub fn take_noted(&mut self) -> impl Iterator<Item = (u64, bool)> + '_ {
        self.blocks.take_noted()
    }

    /// What was counted from the last reset to `now`; the running step is not.
    pub fn stats(&mut self, now: Time) -> EngineStats {
        self.pass_until(clock_at(now));
        self.tally.stats(now, self.blocks.total())
    }

    /// Times between the tokens of answers since the last reset, up to the last call
    /// of [`stats`](Engine::stats) or change of the batch. Each is within 0.5 %.
    pub const fn inter_token(&self) -> &Histogram {
        &self.tally.gaps
    }

    /// Forgets the statistics at `now`, not the jobs: the end of the warm-up.
    pub fn reset_stats(&mut self, now: Time) {
        self.pass_until(clock_at(now));
        self.tally.reset(now);
    }
}
