//! Runs workflows: what is to be done next, when something has been done.
//!
//! The engine knows neither servers nor the event list. It is told that a workflow
//! arrives, that a call was answered, that a time has come; and it tells its
//! [`World`] what to ask and when to wake it. Nothing ends within what began it: ends
//! are put on an agenda, so that no frame vanishes under the feet of another.

mod asking;
mod ending;
mod frames;
mod gates;
mod memo;
mod outcome;
mod recorded;
mod runs;
mod scopes;
mod tally;
mod tools;

use std::collections::VecDeque;
use std::sync::Arc;

use slab::Slab;

pub use asking::Answered;
pub use frames::Said;
use frames::{Call, Instance, Job, NONE, Owner, Place, Run, Scope, StepState};
pub use outcome::{Path, Reason};
pub use tally::{Blocked, Messages, OfRoot, OfStep, Spent, Tally};

use super::plan::{Plan, Ready};
use crate::cost::Money;
use crate::kernel::keyed_uniform::{GOLDEN, keyed_bits, keyed_uniform, mix};
use crate::kernel::{Duration, EventId, Station, StationConfig, Streams, Time};
use crate::workload::{BlocksId, CallId, Incoming, PromptId, RecordedJob, UserId};
use gates::Gate;
use memo::Memo;
use recorded::Replay;

/// What surrounds the engine.
pub trait World {
    /// The time.
    fn now(&self) -> Time;
    /// Wakes the engine after a time.
    fn wake_in(&mut self, span: Duration, wake: Wake) -> EventId;
    /// Does not wake it.
    fn cancel(&mut self, event: EventId);
    /// Asks a model, now, through whatever comes before it. The engine is told by
    /// [`Engine::answered`], and by [`Engine::forget`] when nobody knows the call any
    /// more.
    fn ask(&mut self, incoming: Incoming);
    /// Keeps what is known of the prompt of a recorded job's call, its blocks and its text, until
    /// the request that has them is forgotten. Nothing where neither is known.
    fn keep_prompt(&mut self, _job: &RecordedJob, _call: u32) -> Option<BlocksId> {
        None
    }
    /// Nobody waits for a call any more: it may be broken off, or go on in vain.
    fn call_off(&mut self, call: CallId);
    /// A tool charges a user.
    fn charge(&mut self, user: UserId, amount: Money, measured: bool);
    /// A workflow has ended.
    fn ended(&mut self, end: End);
}

/// What the engine is woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A job is done at its tool, or may be tried again.
    Job(u32),
    /// A step takes too long.
    Step(u32),
    /// A workflow takes too long.
    Workflow(u32),
    /// A gate lets calls through again.
    Gate(u32),
}

/// A workflow that has ended.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// The arrival that it began with; without its blocks, if a call took them.
    pub incoming: Incoming,
    /// Its number in order of arrival.
    pub number: u64,
    /// Whether it came after the warm-up.
    pub measured: bool,
    /// What came of it.
    pub outcome: Result<Said, Reason>,
    /// Whether it is a plain request.
    pub is_plain: bool,
    /// Its kind, by its place in [`Plan::names`].
    pub workflow: u32,
    /// What it used until then.
    pub spent: Spent,
    /// What the way that decided when it ended was spent on.
    pub path: Path,
}

/// The place of plain requests among the kinds of workflows.
const PLAIN_ROOT: u32 = 0;

/// What is to be done about what has ended. Frames are named with their keys, as
/// another may have taken the place by then.
#[derive(Clone, Copy, Debug)]
enum Todo {
    JobEnds { job: u32, key: u64, outcome: Result<Said, Reason> },
    RunFails { run: u32, key: u64, reason: Reason, path: Path },
    RunCosts { run: u32, key: u64 },
    InstanceCosts { instance: u32, key: u64 },
    ScopeEnds { scope: u32, key: u64, path: Path },
    ScopeFails { scope: u32, key: u64, reason: Reason, path: Path },
}

/// Workflows of one kind: how many run, who waits, and what they have spent.
#[derive(Clone, Debug, Default)]
struct Turns {
    running: u32,
    waiting: VecDeque<u32>,
    /// The number of the present window, and what was spent in it.
    window: u64,
    spent: Money,
}

/// All workflows of one run.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Ready>,
    key: u64,
    arrived: u64,
    instances: Slab<Instance>,
    scopes: Slab<Scope>,
    runs: Slab<Run>,
    /// Of workflows under way, what they did when they were recorded, and how far they are.
    recorded: Slab<Arc<RecordedJob>>,
    replays: Slab<Replay>,
    jobs: Slab<Job>,
    calls: Slab<Call>,
    agenda: VecDeque<Todo>,
    turns: Vec<Turns>,
    stations: Vec<Station<u32>>,
    gates: Vec<Gate>,
    memos: Vec<Memo>,
    tally: Tally,
    timeline: Option<super::Gantt>,
    /// Frames' vectors that are free.
    spare_states: Vec<Vec<StepState>>,
    spare_runs: Vec<Run>,
}

impl Engine {
    /// Nothing is under way.
    pub fn new(plan: &Plan, streams: &Streams) -> Self {
        let plan = plan.0.clone();
        let places = |it: &super::plan::Station| Station::new(StationConfig::new(it.places));
        Engine {
            key: streams.stream("orchestration").bits(),
            arrived: 0,
            instances: Slab::new(),
            scopes: Slab::new(),
            runs: Slab::new(),
            recorded: Slab::new(),
            replays: Slab::new(),
            jobs: Slab::new(),
            calls: Slab::new(),
            agenda: VecDeque::new(),
            turns: vec![Turns::default(); plan.roots.len()],
            stations: plan.stations.iter().map(places).collect(),
            gates: plan.gates.iter().map(Gate::new).collect(),
            memos: plan.memos.iter().map(Memo::new).collect(),
            tally: Tally::new(plan.roots.len(), plan.steps.len()),
            timeline: None,
            spare_states: Vec::new(),
            spare_runs: Vec::new(),
            plan,
        }
    }

    /// Keeps what the first `workflows` did and when.
    pub fn record(&mut self, workflows: u64) {
        self.timeline = Some(super::Gantt::new(workflows));
    }

    /// What was counted so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The workflows that it runs.
    pub fn plan(&self) -> Plan {
        Plan(self.plan.clone())
    }

    /// What was recorded, if that was asked for.
    pub fn recorded(&self) -> Option<&super::Gantt> {
        self.timeline.as_ref()
    }

    /// Workflows that have not ended, those that wait for their turn among them.
    pub fn under_way(&self) -> usize {
        self.instances.len()
    }

    /// Messages under way.
    pub fn jobs_under_way(&self) -> usize {
        self.jobs.len()
    }

    /// A request of the workload comes: a workflow begins, or waits for its turn; the one
    /// that was recorded, if it brings a recorded job.
    pub fn arrive(
        &mut self,
        incoming: Incoming,
        job: Option<Arc<RecordedJob>>,
        measured: bool,
        world: &mut impl World,
    ) {
        let number = self.arrived;
        self.arrived += 1;
        let key = keyed_bits(self.key, number);
        let recorded = self.plan.recorded.filter(|_| job.is_some());
        let root = recorded.unwrap_or_else(|| self.plan.root(incoming.slo_class, key));
        if measured {
            self.tally.roots[root as usize].arrived += 1;
        }
        let instance = Instance {
            root,
            number,
            key,
            incoming,
            recorded: self.keep_recorded(job),
            measured,
            began: world.now(),
            scope: NONE,
            deadline: None,
            calls: 0,
            jobs: 0,
            attained: 0,
            spent: Spent::default(),
        };
        let id = self.instances.insert(instance) as u32;
        self.take_turn(id, world);
        self.work_off_agenda(world);
    }

    /// A time has come.
    pub fn wake(&mut self, wake: Wake, world: &mut impl World) {
        match wake {
            Wake::Job(job) => self.job_woken(job, world),
            Wake::Step(run) => {
                self.runs[run as usize].deadline = None;
                let path = self.latest_path(run, world.now());
                self.fail_run(run, Reason::Deadline, path, world);
            }
            Wake::Workflow(instance) => {
                self.instances[instance as usize].deadline = None;
                self.fail_instance(instance, Reason::Deadline, world);
            }
            Wake::Gate(gate) => self.gate_opens(gate, world),
        }
        self.work_off_agenda(world);
    }

    /// Works off the agenda.
    fn work_off_agenda(&mut self, world: &mut impl World) {
        while let Some(todo) = self.agenda.pop_front() {
            match todo {
                Todo::JobEnds { job, key, outcome } => {
                    if self.jobs.get(job as usize).is_some_and(|it| it.key == key) {
                        self.job_ends(job, outcome, world);
                    }
                }
                Todo::RunFails { run, key, reason, path } => {
                    if self.runs.get(run as usize).is_some_and(|it| it.key == key) {
                        self.fail_run(run, reason, path, world);
                    }
                }
                Todo::RunCosts { run, key } => {
                    if self.runs.get(run as usize).is_some_and(|it| it.key == key) {
                        let path = self.latest_path(run, world.now());
                        self.fail_run(run, Reason::Cost, path, world);
                    }
                }
                Todo::InstanceCosts { instance, key } => {
                    if self.instances.get(instance as usize).is_some_and(|it| it.key == key) {
                        self.fail_instance(instance, Reason::Cost, world);
                    }
                }
                Todo::ScopeEnds { scope, key, path } => {
                    if self.scopes.get(scope as usize).is_some_and(|it| it.key == key) {
                        self.scope_ends(scope, path, world);
                    }
                }
                Todo::ScopeFails { scope, key, reason, path } => {
                    if self.scopes.get(scope as usize).is_some_and(|it| it.key == key) {
                        self.fail_scope(scope, reason, path, world);
                    }
                }
            }
        }
    }

    /// The workflow that an instance is one of.
    fn root_of(&self, instance: u32) -> &super::plan::Root {
        &self.plan.roots[self.instances[instance as usize].root as usize]
    }

    /// Whether a workflow is under way.
    pub fn is_under_way(&self, number: u64) -> bool {
        self.instances.iter().any(|(_, instance)| instance.number == number)
    }

    /// Whether anything is under way.
    pub fn is_busy(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// The names of steps that workflows still wait for: after the last event there
    /// should be none.
    pub fn stuck(&self) -> Option<String> {
        let (_, job) = self.jobs.iter().next()?;
        let step = &self.plan.steps[job.step as usize];
        Some(format!("{}: {}", step.workflow, step.name))
    }
}

/// What is drawn of a frame's key.
#[derive(Clone, Copy, Debug)]
enum Draw {
    Chance,
    Items,
    TakesPart,
    Choose,
    Stop,
    HandOff,
    Latency,
    Failure,
    Output,
    Right,
    Wrong,
    Verdict,
    Conform,
    Backoff,
    Prompt,
}

/// A uniform variate of a frame: the same whenever it is drawn.
#[inline]
fn draw(key: u64, what: Draw) -> f64 {
    keyed_uniform(key, what as u64)
}

/// The key of a part of what has `key`.
#[inline]
fn subkey(key: u64, number: u64) -> u64 {
    keyed_bits(mix(key), number)
}

/// A name for a text that begins with one and goes on with another.
#[inline]
fn then(text: u64, more: u64) -> u64 {
    mix(text.rotate_left(17) ^ mix(more.wrapping_add(GOLDEN)))
}

/// Prompts of workflows have this bit, and no others.
const MADE: u64 = 1 << 63;

/// The prompt of a text.
#[inline]
fn prompt_of(text: u64) -> PromptId {
    PromptId(text | MADE)
}

impl Job {
    /// One that begins at `now`, on the way `path`: for the first time, and nowhere yet.
    fn new(
        owner: Owner,
        (instance, step, item): (u32, u32, u32),
        key: u64,
        path: Path,
        now: Time,
    ) -> Self {
        Job {
            owner,
            instance,
            step,
            item,
            tries: 0,
            key,
            place: Place::Between,
            gates: 0,
            began: now,
            since: now,
            path,
        }
    }

    /// It has been where it was until now.
    #[inline]
    fn spend(&mut self, kind: super::plan::Kind, now: Time) -> Duration {
        let span = now.since(self.since);
        self.path.add(kind, span);
        self.since = now;
        span
    }

    fn run(&self) -> u32 {
        match self.owner {
            Owner::Run(run) => run,
            Owner::Undo(_) | Owner::Replay(_) => NONE,
        }
    }
}
