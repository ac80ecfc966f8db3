//! A batching engine as a replica of a fleet.

use crate::kernel::{Duration, Time};
use crate::serving::engine::{Engine, EngineSpec, Job, Progress, ProgressKind, Refused};
use crate::serving::step::StepModel;

const NOBODY: u32 = u32::MAX;

/// An engine, and which of its jobs is whose.
///
/// The engine may know a job for some time after it was taken back, so that jobs
/// have numbers of their own: one is used again only when nothing more can be heard
/// of the last job that had it.
#[derive(Clone, Debug)]
pub struct Batching {
    engine: Engine,
    step: StepModel,
    max_num_seqs: u32,
    /// By the job's number: whose it is.
    owners: Vec<u32>,
    free: Vec<u32>,
    /// Numbers of jobs that were taken back, until when.
    retired: Vec<(Time, u32)>,
    happened: Vec<Progress>,
    slowness: f64,
    /// Requests that have been sent to it and are not there yet, and their tokens.
    approaching: (u32, u64),
}

impl Batching {
    /// An idle engine, which notes the blocks that become known if `noting`.
    pub(super) fn new(spec: &EngineSpec, step: &StepModel, noting: bool) -> Self {
        let mut engine = Engine::new(spec, step);
        if noting {
            engine.note_known();
        }
        Batching {
            engine,
            step: step.clone(),
            max_num_seqs: spec.max_num_seqs,
            owners: Vec::new(),
            free: Vec::new(),
            retired: Vec::new(),
            happened: Vec::new(),
            slowness: 1.0,
            approaching: (0, 0),
        }
    }

    /// The engine, to be looked at.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, for its statistics.
    pub const fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Sequences that it works on at a time.
    pub const fn max_num_seqs(&self) -> u32 {
        self.max_num_seqs
    }

    /// From when a request comes until the engine can schedule it.
    pub fn before(&self, input_tokens: u32) -> Duration {
        self.step.overheads().before(input_tokens)
    }

    /// How much later than its step the `nth` token reaches the client.
    pub fn after(&self, nth: u32) -> Duration {
        self.step.overheads().after(nth)
    }

    /// A request with a prompt of `tokens` has been sent to it, and reaches it after a
    /// while.
    pub fn approach(&mut self, tokens: u64) {
        self.approaching = (self.approaching.0 + 1, self.approaching.1 + tokens);
    }

    /// A request that was on its way is there, or will never be.
    pub fn arrived(&mut self, tokens: u64) {
        debug_assert!(self.approaching >= (1, tokens), "only who was sent arrives");
        self.approaching = (self.approaching.0 - 1, self.approaching.1 - tokens);
    }

    /// Tokens that it holds, and those of requests that wait in it or are on their way to
    /// it.
    pub fn demand_tokens(&self) -> u64 {
        self.engine.demand_tokens() + self.approaching.1
    }

    /// Tokens of the longest prompt with which it could begin at its next step, as far as
    /// seats and memory go; `None` if there is no seat or no memory. A prompt that no engine
    /// could hold is let through, to be refused.
    pub fn room_tokens(&self) -> Option<u64> {
        let there = self.engine.running() + self.engine.waiting() + self.approaching.0;
        if there == 0 {
            return Some(u64::MAX);
        }
        let rest = self.engine.capacity_tokens().checked_sub(self.demand_tokens());
        rest.filter(|_| there < self.max_num_seqs)
    }

    /// Blocks that have become known since the last call, and those that are known no more,
    /// with `false`, in their order.
    pub fn take_noted(&mut self) -> impl Iterator<Item = (u64, bool)> + '_ {
        self.engine.take_noted()
    }

    /// `owner` brings a job; its number, by which it can be taken back. The `id` of
    /// `job` is not looked at.
    ///
    /// # Errors
    /// Why the engine does not take it.
    pub fn submit(&mut self, now: Time, owner: u32, job: &Job<'_>) -> Result<u32, Refused> {
        let id = self.free.pop().unwrap_or_else(|| {
            self.owners.push(NOBODY);
            self.owners.len() as u32 - 1
        });
        match self.engine.submit(now, &Job { id, ..*job }) {
            Ok(()) => {
                self.owners[id as usize] = owner;
                Ok(id)
            }
            Err(refused) => {
                self.free.push(id);
                Err(refused)
            }
        }
    }

    /// Takes a job back.
    pub fn cancel(&mut self, now: Time, id: u32) {
        self.owners[id as usize] = NOBODY;
        self.engine.cancel(now, id);
        // A job that runs goes when the step ends.
        let until = self.engine.next_at().unwrap_or(now).max(now);
        self.retired.push((until, id));
    }

    /// Tokens of its answer that a job has made.
    pub fn made(&mut self, now: Time, id: u32) -> u32 {
        self.engine.tokens_made(now, id)
    }

    /// When something happens next.
    pub fn next_at(&self) -> Option<Time> {
        self.engine.next_at()
    }

    /// Does all that happens up to `now`; adds to `out` to whom what happened. Who is
    /// finished has no job any more.
    pub fn advance(&mut self, now: Time, out: &mut Vec<(u32, ProgressKind)>) {
        self.engine.advance(now, &mut self.happened);
        for progress in self.happened.drain(..) {
            let owner = self.owners[progress.id as usize];
            if owner == NOBODY {
                continue;
            }
            out.push((owner, progress.kind));
            if progress.kind == ProgressKind::Finished {
                self.owners[progress.id as usize] = NOBODY;
                self.free.push(progress.id);
            }
        }
        let Batching { retired, free, .. } = self;
        retired.retain(|(until, id)| {
            let gone = *until <= now;
            if gone {
                free.push(*id);
            }
            !gone
        });
    }

    /// Everything is lost.
    pub fn crash(&mut self, now: Time) {
        self.engine.crash(now, &mut Vec::new());
        self.happened.clear();
        self.retired.clear();
        self.owners.fill(NOBODY);
        self.free.clear();
        self.free.extend((0..self.owners.len() as u32).rev());
    }

    /// From the next step on, all take `factor` times as long.
    pub fn set_slowness(&mut self, now: Time, factor: f64) {
        if (factor - self.slowness).abs() > f64::EPSILON {
            self.slowness = factor;
            self.engine.set_slowdown(now, factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::DataPaths;

    fn batching() -> Batching {
        let spec = EngineSpec::default();
        Batching::new(&spec, &StepModel::new(&spec.step, &DataPaths::default()).unwrap(), false)
    }

    /// Everything until the engine is idle.
    fn drain(batching: &mut Batching) -> Vec<(u32, ProgressKind)> {
        let mut out = Vec::new();
        while let Some(at) = batching.next_at() {
            batching.advance(at, &mut out);
        }
        out
    }

    #[test]
    fn the_number_of_a_job_that_still_runs_is_not_given_away() {
        let mut batching = batching();
        let job = Job { input_tokens: 100, output_tokens: 50, ..Job::default() };
        let first = batching.submit(Time::ZERO, 7, &job).unwrap();
        batching.advance(Time::ZERO, &mut Vec::new());
        batching.cancel(Time(5), first);
        let second = batching.submit(Time(5), 8, &job).unwrap();
        assert_ne!(first, second);
        let heard = drain(&mut batching);
        assert!(heard.iter().all(|(owner, _)| *owner == 8), "{heard:?}");
        assert_eq!(heard.last(), Some(&(8, ProgressKind::Finished)));
        let now = Time::from_secs(100);
        let both = [1, 2].map(|owner| batching.submit(now, owner, &job).unwrap());
        assert_eq!(both.iter().max(), Some(&1), "both numbers are free again: {both:?}");
    }

    #[test]
    fn after_a_crash_nothing_is_heard_of_what_was_there() {
        let mut batching = batching();
        let job = Job { input_tokens: 100, output_tokens: 50, ..Job::default() };
        batching.submit(Time::ZERO, 7, &job).unwrap();
        batching.advance(Time::ZERO, &mut Vec::new());
        batching.crash(Time(10));
        assert_eq!(batching.next_at(), None);
        batching.submit(Time(20), 9, &job).unwrap();
        assert!(drain(&mut batching).iter().all(|(owner, _)| *owner == 9));
    }
}
