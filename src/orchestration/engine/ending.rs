//! Ends: workflows that wait for their turn, retries, what is called off, what
//! fails, and what is undone then.

use super::frames::{Failed, Instance, Job, NONE, Owner, Place, Run, Scope, Status};
use super::tally::{Blocked, Spent};
use super::{
    Draw, End, Engine, PLAIN_ROOT, Path, Reason, Said, Todo, Turns, Wake, World, draw, subkey,
};
use crate::cost::Money;
use crate::kernel::keyed_uniform::mix;
use crate::kernel::{Duration, Time};
use crate::orchestration::plan::{Kind, Window};

impl Engine {
    /// A workflow begins, waits for its turn, or is turned away.
    pub(super) fn take_turn(&mut self, id: u32, world: &mut impl World) {
        let root = self.instances[id as usize].root as usize;
        let spec = &self.plan.roots[root];
        let turns = &mut self.turns[root];
        if let Some(Window { most, span }) = spec.budget {
            turns.begin_window(world.now(), span);
            if turns.spent >= most {
                self.end_instance(id, Err(Reason::Budget), Path::default(), world);
                return;
            }
        }
        if turns.running < spec.max_concurrent {
            turns.running += 1;
            self.begin_instance(id, world);
        } else if (turns.waiting.len() as u32) < spec.max_waiting {
            turns.waiting.push_back(id);
        } else {
            self.end_instance(id, Err(Reason::Full), Path::default(), world);
        }
    }

    fn begin_instance(&mut self, id: u32, world: &mut impl World) {
        let now = world.now();
        let Instance { root, incoming, key, .. } = self.instances[id as usize];
        let waited = now.since(incoming.at);
        let deadline = self.plan.roots[root as usize].deadline;
        let deadline =
            deadline.map(|span| world.wake_in(span.saturating_sub(waited), Wake::Workflow(id)));
        let instance = &mut self.instances[id as usize];
        (instance.began, instance.deadline) = (now, deadline);
        instance.spent.blocked_ns[Blocked::Limit as usize] += u128::from(waited.0);
        let mut path = Path::default();
        path.add(Kind::Blocked, waited);
        let given = super::scopes::Given {
            instance: id,
            parent: NONE,
            key: mix(key),
            base: u32::try_from(incoming.input_decitokens / 10).unwrap_or(u32::MAX),
            text: mix(incoming.prompt.0),
            before: 0,
            label: 0,
            rank: 0,
            only: None,
        };
        let flow = self.plan.roots[root as usize].flow;
        let scope = self.begin_scope(flow, &given, path, world);
        self.instances[id as usize].scope = scope;
    }

    /// A workflow has ended; the next of its kind may begin.
    pub(super) fn end_instance(
        &mut self,
        id: u32,
        outcome: Result<Said, Reason>,
        path: Path,
        world: &mut impl World,
    ) {
        let instance = self.instances.remove(id as usize);
        self.recorded.try_remove(instance.recorded as usize);
        if let Some(deadline) = instance.deadline {
            world.cancel(deadline);
        }
        let makespan = world.now().since(instance.incoming.at);
        self.count_instance(&instance, outcome, &path, makespan);
        let Instance { root, incoming, number, measured, spent, .. } = instance;
        let is_plain = root == PLAIN_ROOT;
        let workflow = root;
        world.ended(End { incoming, number, measured, outcome, is_plain, workflow, spent, path });
        if outcome.is_err_and(Reason::is_rejection) {
            return;
        }
        let turns = &mut self.turns[root as usize];
        turns.running -= 1;
        if let Some(next) = turns.waiting.pop_front() {
            turns.running += 1;
            self.begin_instance(next, world);
        }
    }

    fn count_instance(
        &mut self,
        instance: &Instance,
        outcome: Result<Said, Reason>,
        path: &Path,
        makespan: Duration,
    ) {
        if !instance.measured {
            return;
        }
        let mut spent = instance.spent;
        if outcome.is_err() {
            spent.wasted = spent.cost;
        }
        let of = &mut self.tally.roots[instance.root as usize];
        of.spent.add(&spent);
        of.jobs += u64::from(instance.jobs);
        match outcome {
            Ok(said) => {
                debug_assert_eq!(path.total(), makespan, "the way to the end is its whole time");
                of.completed += 1;
                of.right += u64::from(said.label == 0);
                of.makespan.record(makespan);
                self.tally.path(instance.root, path);
            }
            Err(reason) => {
                of.failed_makespan.record(makespan);
                of.failed[reason.index()] += 1;
            }
        }
    }

    /// A job that failed is tried once more, if it may be.
    pub(super) fn try_again(&mut self, id: u32, world: &mut impl World) -> bool {
        let plan = self.plan.clone();
        let job = &mut self.jobs[id as usize];
        let spec = &plan.steps[job.step as usize];
        if job.tries >= spec.retries {
            return false;
        }
        let longest = spec.backoff.get(job.tries.min(63) as usize).copied().unwrap_or(0.0);
        let share = if spec.jitter {
            draw(subkey(job.key, u64::from(job.tries)), Draw::Backoff)
        } else {
            1.0
        };
        job.tries += 1;
        job.since = world.now();
        let (instance, step) = (job.instance, job.step);
        self.tally.messages.failed += 1;
        self.tally.messages.begun += 1;
        if self.instances[instance as usize].measured {
            self.tally.steps[step as usize].retries += 1;
        }
        let wait = Duration::from_secs_f64(longest * share);
        if wait.is_zero() {
            self.begin_try(id, world);
        } else {
            let timer = world.wake_in(wait, Wake::Job(id));
            self.jobs[id as usize].place = Place::Backoff(timer);
        }
        true
    }

    /// A step under way fails.
    pub(super) fn fail_run(
        &mut self,
        run: u32,
        reason: Reason,
        path: Path,
        world: &mut impl World,
    ) {
        let Run { scope, step, .. } = self.runs[run as usize];
        self.drop_run(run, true, world);
        self.step_fails(scope, step, reason, path, world);
    }

    /// A workflow fails as a whole.
    pub(super) fn fail_instance(&mut self, id: u32, reason: Reason, world: &mut impl World) {
        let scope = self.instances[id as usize].scope;
        let running = self.scopes[scope as usize].states.iter().find(|it| it.run != NONE);
        let path = running.map_or_else(Path::default, |it| self.latest_path(it.run, world.now()));
        self.fail_scope(scope, reason, path, world);
    }

    /// The same, when what is being done now is done.
    pub(super) fn fail_later(&mut self, instance: u32, reason: Reason, path: Path) {
        let scope = self.instances[instance as usize].scope;
        // At the very beginning its scope is not known yet: it is the last made.
        let scope = if scope == NONE { self.root_scope(instance) } else { scope };
        if let Some(key) = self.scopes.get(scope as usize).map(|it| it.key) {
            self.agenda.push_back(Todo::ScopeFails { scope, key, reason, path });
        }
    }

    fn root_scope(&self, instance: u32) -> u32 {
        let root = |(_, it): &(usize, &Scope)| it.instance == instance && it.parent == NONE;
        self.scopes.iter().find(root).map_or(NONE, |(scope, _)| scope as u32)
    }

    /// A flow fails: what is under way is called off, and what was done is undone, the
    /// last first.
    pub(super) fn fail_scope(
        &mut self,
        scope: u32,
        reason: Reason,
        path: Path,
        world: &mut impl World,
    ) {
        if self.scopes[scope as usize].failed.is_some() {
            return;
        }
        self.drop_runs_of(scope, world);
        self.scopes[scope as usize].failed = Some(Failed { reason, path, at: world.now() });
        self.undo_next(scope, world);
    }

    /// Undoes the last step that was done and can be undone; if there is none, the flow
    /// has failed.
    pub(super) fn undo_next(&mut self, scope: u32, world: &mut impl World) {
        let plan = self.plan.clone();
        let here = &self.scopes[scope as usize];
        let flow = here.flow;
        let undone = |it: u16| plan.step(flow, it).compensate.is_some();
        let last = (0..here.states.len() as u16)
            .filter(|it| here.states[usize::from(*it)].done > 0 && undone(*it))
            .max_by_key(|it| here.states[usize::from(*it)].done);
        let (instance, key) = (here.instance, here.key);
        let Some(step) = last else {
            let gone = self.scopes.remove(scope as usize);
            self.spare_states.push(gone.states);
            if let Some(Failed { reason, mut path, at }) = gone.failed {
                path.add(Kind::Tool, world.now().since(at));
                self.scope_gone(gone.instance, gone.parent, Err(reason), path, world);
            }
            return;
        };
        self.scopes[scope as usize].states[usize::from(step)].done = 0;
        let now = world.now();
        let key = subkey(key ^ 0x756e_646f, u64::from(step));
        let among_all = plan.flows[flow as usize].first + u32::from(step);
        let of = (instance, among_all, 0);
        let job = Job::new(Owner::Undo(scope), of, key, Path::default(), now);
        let job = self.jobs.insert(job) as u32;
        self.tally.messages.begun += 1;
        if let Some(tool) = plan.step(flow, step).compensate {
            self.call_tool(job, tool, world);
        }
    }

    fn drop_runs_of(&mut self, scope: u32, world: &mut impl World) {
        for step in 0..self.scopes[scope as usize].states.len() {
            let state = &mut self.scopes[scope as usize].states[step];
            if state.status == Status::Running {
                let run = std::mem::replace(&mut state.run, NONE);
                state.status = Status::CalledOff;
                if run != NONE {
                    self.drop_run(run, true, world);
                }
            }
        }
    }

    /// A step is called off.
    pub(super) fn drop_run(&mut self, run: u32, cancel: bool, world: &mut impl World) {
        self.drop_jobs(run, cancel, world);
        let it = self.runs.remove(run as usize);
        if let Some(deadline) = it.deadline {
            world.cancel(deadline);
        }
        self.scopes[it.scope as usize].states[usize::from(it.step)].run = NONE;
        self.spare_runs.push(it);
    }

    /// The items of a step that are under way are called off; calls of models may go
    /// on in vain.
    pub(super) fn drop_jobs(&mut self, run: u32, cancel: bool, world: &mut impl World) {
        while let Some(job) = self.runs[run as usize].jobs.pop() {
            self.drop_job(job, cancel, world);
        }
    }

    pub(super) fn drop_job(&mut self, id: u32, cancel: bool, world: &mut impl World) {
        let now = world.now();
        self.gantt_job(id, now);
        self.tally.messages.called_off += 1;
        let job = self.jobs[id as usize];
        if self.instances[job.instance as usize].measured {
            self.tally.steps[job.step as usize].called_off += 1;
        }
        match job.place {
            Place::Between | Place::Gate => {}
            Place::Call(call) => {
                self.calls[call.index()].job = NONE;
                if cancel {
                    world.call_off(call);
                }
            }
            Place::Queued(_) => self.leave_queue(&job, now),
            Place::Tool(timer) => {
                world.cancel(timer);
                self.leave_tool(&job, world);
            }
            Place::Backoff(timer) => world.cancel(timer),
            Place::Replay(replay) => self.drop_replay(replay, cancel, world),
            Place::Scope(scope) => {
                self.drop_runs_of(scope, world);
                self.drop_undoing(scope, world);
                let gone = self.scopes.remove(scope as usize);
                self.spare_states.push(gone.states);
            }
        }
        self.leave_gates(id, world);
        self.jobs.remove(id as usize);
    }

    /// Calls off what undoes a flow's steps.
    fn drop_undoing(&mut self, scope: u32, world: &mut impl World) {
        if self.scopes[scope as usize].failed.is_none() {
            return;
        }
        let undoes = |(_, job): &(usize, &Job)| job.owner == Owner::Undo(scope);
        let job = self.jobs.iter().find(undoes).map(|(job, _)| job as u32);
        if let Some(job) = job {
            self.drop_job(job, true, world);
        }
    }

    /// Records what a job did, where that is kept.
    pub(super) fn gantt_job(&mut self, id: u32, now: Time) {
        let Some(timeline) = &mut self.timeline else { return };
        let job = &self.jobs[id as usize];
        let number = self.instances[job.instance as usize].number;
        if !timeline.keeps(number) || matches!(job.place, Place::Scope(_)) {
            return;
        }
        let step = &self.plan.steps[job.step as usize];
        let kind = match step.body {
            crate::orchestration::plan::Body::Llm(_) => Kind::Llm.name(),
            crate::orchestration::plan::Body::Tool(tool) => {
                self.plan.tools[tool as usize].kind.name()
            }
            _ => return,
        };
        let round = match job.owner {
            Owner::Run(run) => self.runs[run as usize].round,
            Owner::Undo(_) | Owner::Replay(_) => 0,
        };
        timeline.push(number, step, (round, job.item), (job.began, now), kind);
    }

    /// Nothing that was spent is lost: what workflows used and what was used after
    /// they were gone. For tests of conservation.
    pub fn spent(&self) -> Spent {
        let mut all = Spent::default();
        self.tally.roots.iter().for_each(|root| all.add(&root.spent));
        all
    }
}

impl Engine {
    /// More was charged for a job: its workflow, or a step that it is within, may have
    /// cost too much.
    pub(super) fn check_costs(&mut self, job: u32, cost: Money) {
        let Job { instance, mut owner, .. } = self.jobs[job as usize];
        let most = self.root_of(instance).max_cost;
        if most.is_some_and(|most| self.instances[instance as usize].spent.cost > most) {
            let key = self.instances[instance as usize].key;
            self.agenda.push_back(Todo::InstanceCosts { instance, key });
            return;
        }
        while let Owner::Run(run) = owner {
            let most = self.plan.steps[self.step_of(run) as usize].max_cost;
            let it = &mut self.runs[run as usize];
            it.cost += cost;
            if most.is_some_and(|most| it.cost > most) {
                self.agenda.push_back(Todo::RunCosts { run, key: it.key });
            }
            match self.scopes[it.scope as usize].parent {
                NONE => return,
                parent => owner = self.jobs[parent as usize].owner,
            }
        }
    }

    /// All workflows of a kind have spent more.
    pub(super) fn spend_budget(&mut self, root: u32, cost: Money, now: Time) {
        if let Some(Window { span, .. }) = self.plan.roots[root as usize].budget {
            let turns = &mut self.turns[root as usize];
            turns.begin_window(now, span);
            turns.spent += cost;
        }
    }
}

impl Turns {
    fn begin_window(&mut self, now: Time, span: Duration) {
        let window = now.0 / span.0.max(1);
        if window != self.window {
            (self.window, self.spent) = (window, Money::ZERO);
        }
    }
}
