//! Steps under way: their items, their rounds, and what comes of them.

use super::frames::{Job, NONE, Owner, Place, Run, Status, Votes};
use super::scopes::Given;
use super::{Draw, Engine, Path, Reason, Said, Todo, Wake, World, draw, subkey, then};
use crate::cost::Money;
use crate::orchestration::plan::{Body, END, Step};
use crate::orchestration::{LoopContext, MOST_ITEMS, OnMax, PickSpec, UntilSpec};
use crate::workload::lengths::{Lengths, MAX_TOKENS};

impl Engine {
    /// A step begins.
    pub(super) fn begin_run(&mut self, scope: u32, step: u16, path: Path, world: &mut impl World) {
        let plan = self.plan.clone();
        let here = &self.scopes[scope as usize];
        let spec = plan.step(here.flow, step);
        let mut reads = Said { label: here.label, ..Said::default() };
        for read in &spec.reads {
            let state = &here.states[usize::from(*read)];
            if state.status == Status::Done {
                reads.tokens = reads.tokens.saturating_add(state.said.tokens).min(MAX_TOKENS);
                reads.text = then(reads.text, state.said.text);
                if reads.label == 0 {
                    reads.label = state.said.label;
                }
            }
        }
        let key = subkey(here.key, u64::from(step));
        let drawn = |lengths: &Lengths| lengths.pick(draw(key, Draw::Items)).min(MOST_ITEMS);
        let items = spec.map.as_ref().map_or(1, |map| drawn(&map.items));
        let spare = self.spare_runs.pop();
        let (mut jobs, mut votes) =
            spare.map_or_else(Default::default, |spare| (spare.jobs, spare.votes));
        jobs.clear();
        votes.clear();
        let run = self.runs.vacant_key() as u32;
        let deadline = spec.deadline.map(|span| world.wake_in(span, Wake::Step(run)));
        self.runs.insert(Run {
            scope,
            step,
            key,
            round: 0,
            items,
            next: 0,
            taken: 0,
            ok: 0,
            failed: 0,
            jobs,
            reads,
            grown: 0,
            before: 0,
            all: Said::default(),
            votes,
            round_spoken: 0,
            spoken: 0,
            majority: 0,
            cost: Money::ZERO,
            turn: spec.repeat.as_ref().and_then(|it| Some(it.hand_off.as_ref()?.0)),
            deadline,
            began: world.now(),
        });
        let state = &mut self.scopes[scope as usize].states[usize::from(step)];
        (state.status, state.run) = (Status::Running, run);
        self.count_step(scope, step, |it| it.runs += 1);
        self.begin_round(run, path, world);
    }

    /// The step of a run, and its index among all.
    pub(super) fn step_of(&self, run: u32) -> u32 {
        let Run { scope, step, .. } = self.runs[run as usize];
        let flow = self.scopes[scope as usize].flow;
        self.plan.flows[flow as usize].first + u32::from(step)
    }

    /// A step is done once more: its items begin, as many as may at a time.
    fn begin_round(&mut self, run: u32, path: Path, world: &mut impl World) {
        let plan = self.plan.clone();
        let spec = &plan.steps[self.step_of(run) as usize];
        let it = &mut self.runs[run as usize];
        let (key, round, items) = (it.key, it.round, it.items);
        let taken = match &spec.map {
            Some(map) if map.chance < 1.0 => {
                (0..items).filter(|item| takes_part(key, round, *item, map.chance)).count() as u32
            }
            _ => items,
        };
        (it.next, it.taken, it.ok, it.failed, it.round_spoken) = (0, taken, 0, 0, 0);
        it.all = Said::default();
        it.votes.clear();
        let (scope, step) = (it.scope, it.step);
        self.count_step(scope, step, |it| it.rounds += 1);
        if taken == 0 {
            self.agenda.push_back(Todo::RunFails { run, key, reason: Reason::Deadlock, path });
            return;
        }
        self.fill(run, spec, path, world);
    }

    /// Items begin, as many as may at a time.
    fn fill(&mut self, run: u32, spec: &Step, path: Path, world: &mut impl World) {
        let most = spec.map.as_ref().map_or(1, |map| map.concurrency);
        let chance = spec.map.as_ref().map_or(1.0, |map| map.chance);
        loop {
            let it = &mut self.runs[run as usize];
            if it.next >= it.items || it.jobs.len() as u32 >= most {
                return;
            }
            let item = it.next;
            it.next += 1;
            if chance >= 1.0 || takes_part(it.key, it.round, item, chance) {
                self.begin_job(run, item, path, world);
            }
        }
    }

    fn begin_job(&mut self, run: u32, item: u32, path: Path, world: &mut impl World) {
        let step = self.step_of(run);
        let now = world.now();
        let it = &mut self.runs[run as usize];
        let instance = self.scopes[it.scope as usize].instance;
        let key = subkey(it.key ^ u64::from(it.round), u64::from(item) + 1);
        let job = Job::new(Owner::Run(run), (instance, step, item), key, path, now);
        let job = self.jobs.insert(job) as u32;
        it.jobs.push(job);
        self.tally.messages.begun += 1;
        self.begin_try(job, world);
    }

    /// An item is done, for the first time or once more.
    pub(super) fn begin_try(&mut self, job: u32, world: &mut impl World) {
        let plan = self.plan.clone();
        let Job { instance, step, key, .. } = self.jobs[job as usize];
        let run = self.jobs[job as usize].run();
        let spec = &plan.steps[step as usize];
        let of = &mut self.instances[instance as usize];
        of.jobs += 1;
        if of.measured {
            self.tally.steps[step as usize].jobs += 1;
        }
        if let Some(memo) = spec.memo {
            let input = self.text_for(job);
            if let Some(said) = self.memos[memo as usize].get(input, world.now()) {
                if self.instances[instance as usize].measured {
                    self.tally.steps[step as usize].memo_hits += 1;
                }
                self.agenda.push_back(Todo::JobEnds { job, key, outcome: Ok(said) });
                return;
            }
        }
        match spec.body {
            Body::Nothing => {
                let outcome = Ok(Said { spoken: 0, ..self.runs[run as usize].reads });
                self.agenda.push_back(Todo::JobEnds { job, key, outcome });
            }
            Body::Llm(_) => {
                if self.count_call(job) {
                    self.pass_gates(job, world);
                }
            }
            Body::Recorded => self.begin_replay(job, world),
            Body::Tool(tool) => self.call_tool(job, tool, world),
            Body::Flow(flow) => {
                let it = &self.runs[run as usize];
                let here = &self.scopes[it.scope as usize];
                let base = if spec.input { here.base } else { 0 };
                let base = base.saturating_add(it.reads.tokens).saturating_add(it.grown);
                let given = Given {
                    instance,
                    parent: job,
                    key: subkey(key, u64::from(self.jobs[job as usize].tries)),
                    base: base.min(MAX_TOKENS),
                    text: self.conversation_for(job),
                    before: if it.before == 0 { here.before } else { then(here.before, it.before) },
                    label: it.reads.label,
                    rank: here
                        .rank
                        .saturating_add(plan.after(spec, here.flow))
                        .saturating_add(spec.still_ms(spec.once, it.round)),
                    only: it.turn,
                };
                let path = self.jobs[job as usize].path;
                let scope = self.begin_scope(flow, &given, path, world);
                self.jobs[job as usize].place = Place::Scope(scope);
            }
        }
    }

    /// Counts a call that a job is about to make; false, and its workflow fails, where that
    /// has made as many as it may.
    pub(super) fn count_call(&mut self, job: u32) -> bool {
        let Job { instance, path, .. } = self.jobs[job as usize];
        let allowed = self.instances[instance as usize].calls < self.root_of(instance).max_calls;
        if allowed {
            self.instances[instance as usize].calls += 1;
        } else {
            self.fail_later(instance, Reason::Calls, path);
        }
        allowed
    }

    /// An item is done, or has failed.
    pub(super) fn job_ends(
        &mut self,
        job: u32,
        outcome: Result<Said, Reason>,
        world: &mut impl World,
    ) {
        let Job { owner, path, step, .. } = self.jobs[job as usize];
        self.gantt_job(job, world.now());
        if let Owner::Undo(scope) = owner {
            self.count_end(outcome.is_ok());
            self.jobs.remove(job as usize);
            self.undo_next(scope, world);
            return;
        }
        if let Owner::Replay(replay) = owner {
            self.count_end(outcome.is_ok());
            self.recorded_call_ends(job, replay, outcome, world);
            return;
        }
        let run = self.jobs[job as usize].run();
        if outcome.is_err() && self.try_again(job, world) {
            return;
        }
        self.count_end(outcome.is_ok());
        let plan = self.plan.clone();
        let spec = &plan.steps[step as usize];
        if let (Some(memo), Ok(said)) = (spec.memo, outcome) {
            let input = self.text_for(job);
            self.memos[memo as usize].put(input, said, world.now());
        }
        let item = self.jobs[job as usize].item;
        self.jobs.remove(job as usize);
        let it = &mut self.runs[run as usize];
        if let Some(place) = it.jobs.iter().position(|known| *known == job) {
            it.jobs.swap_remove(place);
        }
        let needed = spec.map.as_ref().map_or(1, |map| map.join.of(it.taken));
        match outcome {
            Ok(said) => it.take(item, &said),
            Err(_) => it.failed += 1,
        }
        if it.ok >= needed.max(1) {
            let cancel = spec.map.as_ref().is_none_or(|map| map.cancel);
            self.drop_jobs(run, cancel, world);
            self.round_ends(run, spec, path, world);
        } else if it.taken - it.failed < needed.max(1) {
            let reason = outcome.err().unwrap_or(Reason::Join);
            self.fail_run(run, reason, path, world);
        } else {
            self.fill(run, spec, path, world);
        }
    }

    /// All items that count are done: the step ends, or is done once more.
    fn round_ends(&mut self, run: u32, spec: &Step, path: Path, world: &mut impl World) {
        let it = &mut self.runs[run as usize];
        let pick = spec.map.as_ref().map_or(PickSpec::All, |map| map.pick);
        let said = it.result(pick);
        it.spoken = it.spoken.saturating_add(it.round_spoken).min(MAX_TOKENS);
        it.majority = it.most().map_or(0, |votes| votes.said.label);
        if let Some(repeat) = &spec.repeat {
            let u = subkey(it.key, u64::from(it.round) << 32 | 0xffff_ffff);
            let agreed = it.votes.len() == 1;
            let met = repeat.until.is_some_and(|until| match until {
                UntilSpec::Accepted => said.verdict == Some(true),
                UntilSpec::Right => said.label == 0,
                UntilSpec::Agreed => agreed,
            });
            let next = repeat.hand_off.as_ref().map(|(_, rows)| {
                let row = it.turn.and_then(|turn| rows.get(usize::from(turn))?.as_ref());
                row.map_or(END, |row| row.pick(draw(u, Draw::HandOff)))
            });
            let stops = repeat.stop > 0.0 && draw(u, Draw::Stop) < repeat.stop;
            if !(met || stops || next == Some(END)) {
                it.round += 1;
                if it.round < repeat.max {
                    it.turn = next;
                    if repeat.context == LoopContext::Grow {
                        it.grown = it.grown.saturating_add(it.round_spoken).min(MAX_TOKENS);
                        it.before = then(it.before, it.all.text);
                    }
                    self.begin_round(run, path, world);
                    return;
                }
                if repeat.on_max == OnMax::Fail {
                    self.fail_run(run, Reason::Runaway, path, world);
                    return;
                }
            }
        }
        self.run_ends(run, spec, said, path, world);
    }

    fn run_ends(&mut self, run: u32, spec: &Step, said: Said, path: Path, world: &mut impl World) {
        let it = self.runs.remove(run as usize);
        if let Some(deadline) = it.deadline {
            world.cancel(deadline);
        }
        let (scope, step, spoken) = (it.scope, it.step, it.spoken);
        let time = world.now().since(it.began);
        self.count_step(scope, step, |of| {
            of.done += 1;
            of.right += u64::from(said.label == 0);
            of.time_ns += u128::from(time.0);
        });
        let here = &mut self.scopes[scope as usize];
        here.spoken = here.spoken.saturating_add(spoken).min(MAX_TOKENS);
        if let Some(choice) = &spec.choose {
            here.states[usize::from(step)].chosen = Some(choice.pick(draw(it.key, Draw::Choose)));
        }
        self.spare_runs.push(it);
        self.settle(scope, step, Status::Done, said, path, world);
    }

    fn count_end(&mut self, succeeded: bool) {
        let messages = &mut self.tally.messages;
        messages.succeeded += u64::from(succeeded);
        messages.failed += u64::from(!succeeded);
    }
}

/// Whether an item is done at all in a round.
fn takes_part(key: u64, round: u32, item: u32, chance: f64) -> bool {
    draw(subkey(key ^ u64::from(round), u64::from(item) + 1), Draw::TakesPart) < chance
}

impl Run {
    /// An item has said something.
    fn take(&mut self, item: u32, said: &Said) {
        self.ok += 1;
        self.round_spoken = self.round_spoken.saturating_add(said.spoken).min(MAX_TOKENS);
        let all = &mut self.all;
        all.tokens = all.tokens.saturating_add(said.tokens).min(MAX_TOKENS);
        // The order in which items end must not matter.
        all.text = all.text.wrapping_add(then(said.text, u64::from(item)));
        all.verdict = said.verdict.or(all.verdict);
        if all.label == 0 {
            all.label = said.label;
        }
        match self.votes.iter_mut().find(|votes| votes.said.label == said.label) {
            Some(votes) => {
                votes.count += 1;
                if item < votes.item {
                    (votes.item, votes.said) = (item, *said);
                }
            }
            None => self.votes.push(Votes { count: 1, item, said: *said }),
        }
    }

    /// What most say; of those that as many say, what the first item says.
    fn most(&self) -> Option<&Votes> {
        self.votes.iter().max_by_key(|votes| (votes.count, std::cmp::Reverse(votes.item)))
    }

    /// The round's result.
    fn result(&self, pick: PickSpec) -> Said {
        let picked = match pick {
            PickSpec::All => return self.all,
            PickSpec::Vote => self.most(),
            PickSpec::Best => self.votes.iter().find(|it| it.said.label == 0).or(self.most()),
            // Votes are in the order in which they were first given.
            PickSpec::First => self.votes.first(),
        };
        picked.map_or(self.all, |votes| votes.said)
    }
}

impl Engine {
    /// The way to where a step is now, for one that is broken off: that of the item
    /// which began first, and what it has waited for since.
    pub(super) fn latest_path(&self, run: u32, now: crate::kernel::Time) -> Path {
        let it = &self.runs[run as usize];
        let Some(first) = it.jobs.first() else { return Path::default() };
        let job = &self.jobs[*first as usize];
        if let Place::Scope(scope) = job.place {
            let inner = self.scopes[scope as usize].states.iter().find(|it| it.run != NONE);
            if let Some(inner) = inner {
                return self.latest_path(inner.run, now);
            }
        }
        let first = match job.place {
            Place::Replay(replay) => self.first_of_replay(replay),
            _ => None,
        };
        let job = first.map_or(job, |first| &self.jobs[first as usize]);
        let mut path = job.path;
        path.add(self.kind_of(job), now.since(job.since));
        path
    }
}
