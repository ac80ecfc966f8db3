//! Calls of tools: their places, their time, their results.

use super::asking::accepts;
use super::frames::{Job, Owner, Place, Said};
use super::tally::{Blocked, Spent};
use super::{Draw, Engine, Reason, Todo, Wake, World, draw, subkey, then};
use crate::kernel::{Admission, Time};
use crate::orchestration::plan::{Body, Kind, Tool};
use crate::workload::lengths::MAX_TOKENS;

impl Engine {
    /// The tool that a job calls.
    fn tool_of(&self, job: &Job) -> Option<u32> {
        let step = &self.plan.steps[job.step as usize];
        match (job.owner, step.body) {
            (Owner::Undo(_), _) => step.compensate,
            (Owner::Run(_), Body::Tool(tool)) => Some(tool),
            (Owner::Run(_) | Owner::Replay(_), _) => None,
        }
    }

    /// What a job is at.
    pub(super) fn kind_of(&self, job: &Job) -> Kind {
        match job.place {
            Place::Between | Place::Gate | Place::Queued(_) => Kind::Blocked,
            Place::Call(_) | Place::Scope(_) | Place::Replay(_) => Kind::Llm,
            Place::Backoff(_) => Kind::Backoff,
            Place::Tool(_) => {
                self.tool_of(job).map_or(Kind::Tool, |tool| self.plan.tools[tool as usize].kind)
            }
        }
    }

    /// Calls a tool, or waits for a place there.
    pub(super) fn call_tool(&mut self, job: u32, tool: u32, world: &mut impl World) {
        let now = world.now();
        self.jobs[job as usize].since = now;
        let station = self.plan.tools[tool as usize].station;
        match station.map(|station| self.stations[station as usize].arrive(now, job, 0)) {
            Some(Admission::Queued(ticket)) => {
                self.jobs[job as usize].place = Place::Queued(ticket);
            }
            // A station here refuses nobody.
            None | Some(Admission::Start | Admission::Refused) => self.use_tool(job, tool, world),
        }
    }

    fn use_tool(&mut self, job: u32, tool: u32, world: &mut impl World) {
        let plan = self.plan.clone();
        let spec = &plan.tools[tool as usize];
        let Job { instance, step, key, tries, .. } = self.jobs[job as usize];
        let span = spec.latency.pick(draw(subkey(key, u64::from(tries)), Draw::Latency));
        let timer = world.wake_in(span, Wake::Job(job));
        let it = &mut self.jobs[job as usize];
        (it.place, it.since) = (Place::Tool(timer), world.now());
        let Some(cost) = spec.cost else { return };
        let of = &mut self.instances[instance as usize];
        let spent = Spent { cost, tools: cost, ..Spent::default() };
        of.spent.add(&spent);
        let (measured, root) = (of.measured, of.root);
        if measured {
            self.tally.steps[step as usize].spent.add(&spent);
        }
        self.spend_budget(root, cost, world.now());
        world.charge(self.instances[instance as usize].incoming.user, cost, measured);
        self.check_costs(job, cost);
    }

    /// A tool is done with a job, or its wait before the next try is over.
    pub(super) fn job_woken(&mut self, id: u32, world: &mut impl World) {
        let now = world.now();
        let job = self.jobs[id as usize];
        if let Owner::Replay(_) = job.owner {
            self.recorded_pause_ends(id, world);
            return;
        }
        let kind = self.kind_of(&job);
        let it = &mut self.jobs[id as usize];
        it.spend(kind, now);
        it.place = Place::Between;
        if let Place::Backoff(_) = job.place {
            self.begin_try(id, world);
            return;
        }
        let Some(tool) = self.tool_of(&job) else { return };
        self.free_place(tool, world);
        let plan = self.plan.clone();
        let spec = &plan.tools[tool as usize];
        let key = subkey(job.key, u64::from(job.tries));
        let outcome = if spec.failure > 0.0 && draw(key, Draw::Failure) < spec.failure {
            Err(Reason::Tool)
        } else if let Owner::Undo(_) = job.owner {
            Ok(Said::default())
        } else {
            Ok(self.result_of(spec, &job, id, key))
        };
        self.agenda.push_back(Todo::JobEnds { job: id, key: job.key, outcome });
    }

    /// A tool's place is free: the next in the queue begins.
    pub(super) fn free_place(&mut self, tool: u32, world: &mut impl World) {
        let Some(station) = self.plan.tools[tool as usize].station else { return };
        let now = world.now();
        if let Some(next) = self.stations[station as usize].finish(now) {
            let waited = self.jobs[next as usize].spend(Kind::Blocked, now);
            self.blocked(next, Blocked::Tool, waited);
            // Another step's tool may share the places.
            if let Some(tool) = self.tool_of(&self.jobs[next as usize]) {
                self.use_tool(next, tool, world);
            }
        }
    }

    /// Takes a job out of a tool's queue.
    pub(super) fn leave_queue(&mut self, job: &Job, now: Time) {
        let station = self.tool_of(job).and_then(|tool| self.plan.tools[tool as usize].station);
        if let (Some(station), Place::Queued(ticket)) = (station, job.place) {
            self.stations[station as usize].remove(now, ticket);
        }
    }

    /// The tool that a job is at, whose place it leaves.
    pub(super) fn leave_tool(&mut self, job: &Job, world: &mut impl World) {
        if let Some(tool) = self.tool_of(job) {
            self.free_place(tool, world);
        }
    }

    fn result_of(&self, spec: &Tool, job: &Job, id: u32, key: u64) -> Said {
        let run = &self.runs[job.run() as usize];
        let given = run.reads.label;
        let tokens = spec.output.as_ref().map_or(0, |(results, lengths)| {
            let each =
                |result: u32| lengths.pick(draw(subkey(key, u64::from(result)), Draw::Output));
            (0..*results).map(each).fold(0, u32::saturating_add).min(MAX_TOKENS)
        });
        let text = then(self.text_for(id), 0);
        if let Some(errors) = spec.judge {
            let verdict = Some(accepts(key, given, errors));
            return Said { tokens, spoken: tokens, text, label: given, verdict };
        }
        let right = spec.right >= 1.0 || draw(key, Draw::Right) < spec.right;
        let label = if given == 0 { u16::from(!right) } else { given };
        Said { tokens, spoken: tokens, text, label, verdict: None }
    }
}
