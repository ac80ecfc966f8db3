//! Jobs as they were recorded: their calls, each after all that it waits for.
//!
//! A recorded job is the body of one step. Its calls are jobs of the engine as those of steps
//! are, but owned by the [`Replay`]: they pass the same gates, are charged, called off and
//! counted the same way.

use std::sync::Arc;

use super::frames::{Call, Job, NONE, Owner, Place, Said};
use super::{Draw, Engine, Path, Reason, Todo, Wake, World, draw, subkey};
use crate::orchestration::plan::Kind;
use crate::workload::incoming::sizes_of_tokens;
use crate::workload::{CallId, Incoming, RecordedCall, RecordedJob};

/// A recorded job under way.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    recorded: Arc<RecordedJob>,
    /// The engine's job that it is the body of.
    parent: u32,
    /// By call: how many it still waits for.
    pending: Vec<u32>,
    /// Calls that have not ended.
    left: u32,
    /// By call: its job, while it is under way.
    jobs: Vec<u32>,
    /// Tokens that calls have answered, and whether a last one was wrong.
    spoken: u32,
    label: u16,
}

impl Engine {
    /// A recorded job begins: its first calls do.
    pub(super) fn begin_replay(&mut self, parent: u32, world: &mut impl World) {
        let Job { instance, path, key, .. } = self.jobs[parent as usize];
        let number = self.instances[instance as usize].recorded;
        let Some(recorded) = self.recorded.get(number as usize).cloned() else {
            let outcome = Ok(Said::default());
            self.agenda.push_back(Todo::JobEnds { job: parent, key, outcome });
            return;
        };
        let replay = self.replays.insert(Replay {
            parent,
            pending: (0..recorded.len() as u32).map(|it| recorded.waits_for(it)).collect(),
            left: recorded.len() as u32,
            jobs: vec![NONE; recorded.len()],
            spoken: 0,
            label: 0,
            recorded: recorded.clone(),
        }) as u32;
        self.jobs[parent as usize].place = Place::Replay(replay);
        for call in recorded.starters() {
            self.begin_recorded_call(replay, call, path, world);
        }
    }

    /// All that a call waits for has been answered: people and tools do what they did.
    fn begin_recorded_call(&mut self, replay: u32, call: u32, path: Path, world: &mut impl World) {
        let now = world.now();
        let parent = self.replays[replay as usize].parent;
        let Job { instance, step, key, tries, .. } = self.jobs[parent as usize];
        let key = subkey(subkey(key, u64::from(tries)), u64::from(call) + 1);
        let job = Job::new(Owner::Replay(replay), (instance, step, call), key, path, now);
        let job = self.jobs.insert(job) as u32;
        let here = &mut self.replays[replay as usize];
        here.jobs[call as usize] = job;
        self.tally.messages.begun += 1;
        let RecordedCall { think, tools, .. } = *here.recorded.call(call);
        let pause = think + tools;
        if pause.is_zero() {
            self.call_recorded(job, world);
        } else {
            let timer = world.wake_in(pause, Wake::Job(job));
            self.jobs[job as usize].place = Place::Tool(timer);
        }
    }

    /// People and tools have done what they did before a call.
    pub(super) fn recorded_pause_ends(&mut self, id: u32, world: &mut impl World) {
        let now = world.now();
        let Some(RecordedCall { think, tools, .. }) = self.recorded_call(id).cloned() else {
            return;
        };
        self.gantt_job(id, now);
        let job = &mut self.jobs[id as usize];
        job.path.add(Kind::Human, think);
        job.path.add(Kind::Tool, tools);
        (job.place, job.began, job.since) = (Place::Between, now, now);
        self.call_recorded(id, world);
    }

    /// A call is made, if its workflow may make one more.
    fn call_recorded(&mut self, id: u32, world: &mut impl World) {
        if self.count_call(id) {
            self.pass_gates(id, world);
        }
    }

    /// What was recorded of a job's call, if it is one.
    pub(super) fn recorded_call(&self, id: u32) -> Option<&RecordedCall> {
        let job = &self.jobs[id as usize];
        let Owner::Replay(replay) = job.owner else { return None };
        Some(self.replays[replay as usize].recorded.call(job.item))
    }

    /// Asks a model what was asked.
    pub(super) fn ask_recorded(&mut self, id: u32, replay: u32, world: &mut impl World) {
        let now = world.now();
        let job = self.jobs[id as usize];
        let instance = &self.instances[job.instance as usize];
        let here = &self.replays[replay as usize];
        let RecordedCall { input_tokens, output_tokens, prompt, thread, model, .. } =
            *here.recorded.call(job.item);
        let opening = here.recorded.begins_with();
        let blocks = world.keep_prompt(&here.recorded, job.item);
        let text = here.recorded.text(job.item);
        let (chars, input_decitokens) =
            text.map_or_else(|| sizes_of_tokens(input_tokens), |it| (it.chars, it.decitokens));
        let call = Call {
            job: id,
            number: instance.number,
            step: job.step,
            root: instance.root,
            measured: instance.measured,
            conversation: blocks.is_none().then_some(thread.0),
            goes_on: !here.recorded.feeds(job.item).is_empty(),
            system: opening.tokens,
            system_id: opening.name,
            question: prompt.0,
            key: subkey(job.key, u64::from(job.tries)),
            priority: self.priority(&job),
            model: model.and_then(|it| *self.plan.asked.get(it as usize)?),
        };
        let request = Incoming {
            at: now,
            prompt,
            chars,
            input_decitokens,
            output_tokens,
            blocks,
            thread: None,
            turn: job.item,
            ..instance.incoming
        };
        let call = CallId::new(self.calls.insert(call));
        let it = &mut self.jobs[id as usize];
        (it.place, it.since) = (Place::Call(call), now);
        world.ask(Incoming { call: Some(call), ..request });
    }

    /// A call has been answered or has failed: others may begin, or the job ends.
    pub(super) fn recorded_call_ends(
        &mut self,
        id: u32,
        replay: u32,
        outcome: Result<Said, Reason>,
        world: &mut impl World,
    ) {
        let Job { item, path, .. } = self.jobs.remove(id as usize);
        let recorded = self.replays[replay as usize].recorded.clone();
        let here = &mut self.replays[replay as usize];
        here.jobs[item as usize] = NONE;
        let said = match outcome {
            Ok(said) => said,
            Err(reason) => {
                let parent = here.parent;
                self.drop_replay(replay, true, world);
                self.parent_ends(parent, Err(reason), path, world);
                return;
            }
        };
        here.left -= 1;
        here.spoken = here.spoken.saturating_add(said.tokens);
        let feeds = recorded.feeds(item);
        if feeds.is_empty() && here.label == 0 {
            here.label = said.label;
        }
        let (left, spoken, label, parent) = (here.left, here.spoken, here.label, here.parent);
        for next in feeds {
            let pending = &mut self.replays[replay as usize].pending[*next as usize];
            *pending -= 1;
            if *pending == 0 {
                self.begin_recorded_call(replay, *next, path, world);
            }
        }
        if left == 0 {
            self.replays.remove(replay as usize);
            let said = Said { spoken, label, verdict: None, ..said };
            self.parent_ends(parent, Ok(said), path, world);
        }
    }

    fn parent_ends(
        &mut self,
        parent: u32,
        outcome: Result<Said, Reason>,
        path: Path,
        world: &mut impl World,
    ) {
        let job = &mut self.jobs[parent as usize];
        (job.path, job.since, job.place) = (path, world.now(), Place::Between);
        self.agenda.push_back(Todo::JobEnds { job: parent, key: job.key, outcome });
    }

    /// Its calls under way are called off; those at models may go on in vain.
    pub(super) fn drop_replay(&mut self, replay: u32, cancel: bool, world: &mut impl World) {
        let jobs = std::mem::take(&mut self.replays[replay as usize].jobs);
        for job in jobs.into_iter().rev().filter(|job| *job != NONE) {
            self.drop_job(job, cancel, world);
        }
        self.replays.remove(replay as usize);
    }

    /// A call of a job that is under way, for the way to where it is now.
    pub(super) fn first_of_replay(&self, replay: u32) -> Option<u32> {
        self.replays[replay as usize].jobs.iter().copied().find(|job| *job != NONE)
    }

    /// An arrival's recorded job is kept until its workflow ends.
    pub(super) fn keep_recorded(&mut self, job: Option<Arc<RecordedJob>>) -> u32 {
        job.map_or(NONE, |job| self.recorded.insert(job) as u32)
    }
}

/// What a recorded call's answer says: it is right as often as the model is.
pub(super) fn said_as_recorded(job: &Job, tokens: u32, quality: f64) -> Said {
    let key = subkey(job.key, u64::from(job.tries));
    let label = u16::from(draw(key, Draw::Right) >= quality);
    Said { tokens, spoken: tokens, text: job.key, label, verdict: None }
}
