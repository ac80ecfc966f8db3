//! A batching engine as a replica of a fleet.

use crate::kernel::{Duration, Time};
use crate::serving::engine::{Engine, EngineSpec, Job, JobId, Progress, ProgressKind, Refused};
use crate::serving::step::StepModel;

const NOBODY: u32 = u32::MAX;

/// An engine, and which of its jobs is whose.
///
/// What happened to a job may come to light after it was taken back, and whoever brought
/// it may still have its number after it was finished. So a number has a generation: an
/// index is used again at once, with another one, and what is said of or by a number of
/// the past is skipped (`place`).
#[derive(Clone, Debug)]
pub struct Batching {
    engine: Engine,
    step: StepModel,
    max_num_seqs: u32,
    /// By the index of a job's number.
    places: Vec<Place>,
    /// Those of them that no job has.
    free: Vec<u32>,
    happened: Vec<Progress>,
    slowness: f64,
    /// Requests that have been sent to it and are not there yet, and their tokens.
    approaching: (u32, u64),
}

/// Whom an index belongs to, if to anybody.
#[derive(Clone, Copy, Debug)]
struct Place {
    generation: u32,
    owner: u32,
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
            max_num_seqs: spec.seats(),
            places: Vec::new(),
            free: Vec::new(),
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
    /// it. Two additions, and no look at any job: changes only with a call that changes
    /// the engine or what is on its way.
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
    pub fn submit(&mut self, now: Time, owner: u32, job: &Job<'_>) -> Result<JobId, Refused> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place { generation: 0, owner: NOBODY });
            self.places.len() as u32 - 1
        });
        let place = &mut self.places[index as usize];
        let id = JobId { index, generation: place.generation };
        match self.engine.submit(now, &Job { id, ..*job }) {
            Ok(()) => {
                place.owner = owner;
                Ok(id)
            }
            Err(refused) => {
                self.free.push(index);
                Err(refused)
            }
        }
    }

    /// The place of a job; none if it is not here any more.
    fn place(&mut self, id: JobId) -> Option<&mut Place> {
        let place = self.places.get_mut(id.index as usize)?;
        (place.generation == id.generation && place.owner != NOBODY).then_some(place)
    }

    /// Takes a job back: nothing more is heard of it. One that is not here any more is
    /// none.
    pub fn cancel(&mut self, now: Time, id: JobId) {
        if self.place(id).is_some() {
            self.engine.cancel(now, id);
            self.vacate(id.index);
        }
    }

    /// The next job with this index is another one.
    fn vacate(&mut self, index: u32) {
        let place = &mut self.places[index as usize];
        *place = Place { generation: place.generation.wrapping_add(1), owner: NOBODY };
        self.free.push(index);
    }

    /// Tokens of its answer that a job has made; 0 if it is not here any more.
    pub fn made(&mut self, now: Time, id: JobId) -> u32 {
        self.engine.tokens_made(now, id)
    }

    /// When something happens next.
    pub fn next_at(&self) -> Option<Time> {
        self.engine.next_at()
    }

    /// Does all that happens up to `now`; adds to `out` to whom what happened. Who is
    /// finished has no job any more.
    pub fn advance(&mut self, now: Time, out: &mut Vec<(u32, ProgressKind)>) {
        let mut happened = std::mem::take(&mut self.happened);
        self.engine.advance(now, &mut happened);
        for progress in happened.drain(..) {
            let Some(place) = self.place(progress.id) else { continue };
            out.push((place.owner, progress.kind));
            if progress.kind == ProgressKind::Finished {
                self.vacate(progress.id.index);
            }
        }
        self.happened = happened;
    }

    /// Everything is lost.
    pub fn crash(&mut self, now: Time) {
        self.engine.crash(now, &mut Vec::new());
        for index in (0..self.places.len() as u32).rev() {
            if self.places[index as usize].owner != NOBODY {
                self.vacate(index);
            }
        }
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
    use proptest::prelude::*;

    use super::*;
    use crate::serving::step::{LinearSpec, StepSpec};
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
    fn an_index_is_used_again_at_once_and_a_number_never() {
        let mut batching = batching();
        let job = Job { input_tokens: 100, output_tokens: 50, ..Job::default() };
        let first = batching.submit(Time::ZERO, 7, &job).unwrap();
        batching.advance(Time::ZERO, &mut Vec::new());
        batching.cancel(Time(5), first);
        let second = batching.submit(Time(5), 8, &job).unwrap();
        assert!(first.index == second.index && first != second);
        batching.cancel(Time(5), first);
        let heard = drain(&mut batching);
        assert!(heard.iter().all(|(owner, _)| *owner == 8), "{heard:?}");
        assert_eq!(heard.last(), Some(&(8, ProgressKind::Finished)));
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

    #[derive(Clone, Debug)]
    enum Call {
        Submit {
            input: u32,
            output: u32,
        },
        /// The number that was given so many numbers ago, whatever has become of it.
        Cancel(usize),
        Made(usize),
        Advance,
        Crash,
    }

    /// At what follows, after so many steps' ends: at the same instant, or a little later.
    fn calls() -> impl Strategy<Value = Vec<(u64, Call)>> {
        let call = prop_oneof![
            6 => (1u32..40, 0u32..12).prop_map(|(input, output)| Call::Submit { input, output }),
            4 => (0usize..8).prop_map(Call::Cancel),
            1 => (0usize..8).prop_map(Call::Made),
            4 => Just(Call::Advance),
            1 => Just(Call::Crash),
        ];
        // Steps take 10 each.
        let gap = prop_oneof![4 => Just(0), 3 => Just(10), 1 => 1u64..30];
        prop::collection::vec((gap, call), 1..80)
    }

    proptest! {
        /// The model is an engine whose jobs all have indices of their own.
        #[test]
        fn nobody_hears_of_anothers_job(calls in calls(), seqs in 1u32..5) {
            let spec = EngineSpec {
                step: StepSpec::Linear(LinearSpec::of(Duration(10), Duration(0), Duration(0))),
                max_num_seqs: Some(seqs),
                max_num_batched_tokens: Some(16),
                block_size: 4,
                num_gpu_blocks: Some(20),
                queue_limit: Some(6),
                ..EngineSpec::default()
            };
            let step = StepModel::new(&spec.step, &DataPaths::default()).unwrap();
            let (mut batching, mut model) =
                (Batching::new(&spec, &step, false), Engine::new(&spec, &step));
            // The owner of a job is its index in the model.
            let (mut numbers, mut taken_back) = (Vec::new(), Vec::new());
            let (mut now, mut found, mut expected) = (Time::ZERO, Vec::new(), Vec::new());
            let mut look = |batching: &mut Batching, model: &mut Engine, now, taken_back: &[u32]| {
                let mut happened = Vec::new();
                batching.advance(now, &mut found);
                model.advance(now, &mut happened);
                let others = happened.iter().filter(|it| !taken_back.contains(&it.id.index));
                expected.extend(others.map(|it| (it.id.index, it.kind)));
                (found.clone(), expected.clone())
            };
            for (gap, call) in calls {
                now += Duration(gap);
                match call {
                    Call::Submit { input, output } => {
                        let owner = numbers.len() as u32;
                        let job =
                            Job { input_tokens: input, output_tokens: output, ..Job::default() };
                        let answer = batching.submit(now, owner, &job);
                        let known = model.submit(now, &Job { id: owner.into(), ..job });
                        prop_assert_eq!(answer.map(|_| ()), known);
                        numbers.extend(answer);
                    }
                    Call::Cancel(back) => {
                        let Some(owner) = numbers.len().checked_sub(back + 1) else { continue };
                        batching.cancel(now, numbers[owner]);
                        model.cancel(now, (owner as u32).into());
                        taken_back.push(owner as u32);
                        // One that is not here any more is not even looked for: see that both
                        // engines know what time it is.
                        prop_assert_eq!(batching.made(now, numbers[owner]), 0);
                        model.tokens_made(now, (owner as u32).into());
                    }
                    Call::Made(back) => {
                        let Some(owner) = numbers.len().checked_sub(back + 1) else { continue };
                        let made = batching.made(now, numbers[owner]);
                        prop_assert_eq!(made, model.tokens_made(now, (owner as u32).into()));
                    }
                    Call::Advance => {
                        let (found, expected) = look(&mut batching, &mut model, now, &taken_back);
                        prop_assert_eq!(found, expected);
                    }
                    Call::Crash => {
                        batching.crash(now);
                        model.crash(now, &mut Vec::new());
                        taken_back.extend(0..numbers.len() as u32);
                    }
                }
                prop_assert_eq!(batching.next_at(), model.next_at());
            }
            while let Some(at) = batching.next_at() {
                let (found, expected) = look(&mut batching, &mut model, at, &taken_back);
                prop_assert_eq!(found, expected);
            }
            prop_assert_eq!(batching.free.len(), batching.places.len(), "all indices are free");
        }
    }
}
