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

mod job;
mod spec;

pub use job::{Job, Progress, ProgressKind, Refused};
pub use spec::{EngineSpec, QueuePolicy};

use super::step::StepModel;
use crate::kernel::Time;
use crate::stats::Histogram;

/// A continuous batching engine.
#[derive(Clone, Debug)]
pub struct Engine {}

/// What an engine counted since the last reset.
#[derive(Clone, Debug, Default)]
pub struct EngineStats {
    /// Seconds in which a step was running.
    pub busy_s: f64,
    /// The mean number of jobs that have begun and are not finished.
    pub running_mean: f64,
    /// The mean number of jobs that wait, the preempted among them.
    pub waiting_mean: f64,
    /// The mean number of sequences in a step, over the time of steps.
    pub batch_mean: f64,
    /// The mean share of the blocks that is in use.
    pub kv_mean: f64,
    /// The greatest share of the blocks that was in use.
    pub kv_max: f64,
    /// Steps ended.
    pub steps: u64,
    /// Tokens of prompts computed, the recomputed among them.
    pub prefill_tokens: u64,
    /// Tokens of answers made.
    pub output_tokens: u64,
    /// Tokens of prompts of jobs that began.
    pub prompt_tokens: u64,
    /// Those of them that were found in the prefix cache.
    pub cached_tokens: u64,
    /// Jobs that lost their blocks.
    pub preemptions: u64,
}

impl Engine {
    /// An idle engine with an empty cache. `step` is the model of `spec.step`; `spec`
    /// has passed its check.
    pub fn new(_spec: &EngineSpec, _step: &StepModel) -> Self {
        todo!()
    }

    /// A job comes at `now`. It is considered when the running step ends, or at once
    /// if the engine is idle (together with others that come at `now`).
    ///
    /// # Errors
    /// Why the job is not taken.
    pub fn submit(&mut self, _now: Time, _job: &Job) -> Result<(), Refused> {
        todo!()
    }

    /// Takes a job back at `now`. One that runs leaves when the running step ends.
    /// Nothing more is heard of it. Returns whether there was such a job.
    pub fn cancel(&mut self, _now: Time, _id: u32) -> bool {
        todo!()
    }

    /// When something next happens, if nobody comes or goes: the time for which
    /// [`advance`](Engine::advance) should be called. Changes with every call that
    /// changes the engine.
    pub fn next_at(&self) -> Option<Time> {
        todo!()
    }

    /// Does all that happens up to and at `now`, and adds to `out` what happened to
    /// jobs, in order of time.
    pub fn advance(&mut self, _now: Time, _out: &mut Vec<Progress>) {
        todo!()
    }

    /// From the next step on, all steps take `factor` times as long: 1 is as fast as
    /// it should be. Kept in steps of 1/4096, between 1/4096 and 4096.
    pub fn set_slowdown(&mut self, _now: Time, _factor: f64) {
        todo!()
    }

    /// From now on no job is taken (or again, with `false`); those that are here are
    /// finished.
    pub fn set_draining(&mut self, _draining: bool) {
        todo!()
    }

    /// Everything is lost at `now`: the running step, all jobs, whose numbers are
    /// added to `lost` in ascending order, and the prefix cache.
    pub fn crash(&mut self, _now: Time, _lost: &mut Vec<u32>) {
        todo!()
    }

    /// Jobs that wait, the preempted among them.
    pub fn waiting(&self) -> u32 {
        todo!()
    }

    /// Jobs that have begun and are not finished.
    pub fn running(&self) -> u32 {
        todo!()
    }

    /// The share of the blocks that was in use when the running step began.
    pub fn kv_use(&self) -> f64 {
        todo!()
    }

    /// Tokens of the prompt with this chain of `blocks` that the prefix cache has now,
    /// for balancers.
    pub fn cached_tokens(&self, _blocks: &[u64]) -> u32 {
        todo!()
    }

    /// What was counted from the last reset to `now`.
    pub fn stats(&mut self, _now: Time) -> EngineStats {
        todo!()
    }

    /// Times between the tokens of answers, within 0.5 %, since the last reset.
    pub fn inter_token(&self) -> &Histogram {
        todo!()
    }

    /// Forgets the statistics at `now`, not the jobs: the end of the warm-up.
    pub fn reset_stats(&mut self, _now: Time) {
        todo!()
    }
}
