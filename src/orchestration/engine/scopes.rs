//! Flows: which step begins when, and what comes of all of them.

use super::frames::{NONE, Scope, Status, StepState};
use super::{Draw, Engine, Path, Reason, Said, Todo, World, draw, subkey, then};
use crate::orchestration::OutcomeSpec;
use crate::orchestration::plan::Step;

/// What a flow is given.
pub(super) struct Given {
    pub instance: u32,
    pub parent: u32,
    pub key: u64,
    pub base: u32,
    pub text: u64,
    pub before: u64,
    pub label: u16,
    pub rank: u32,
    /// The only step that runs, where steps take turns.
    pub only: Option<u16>,
}

impl Engine {
    /// A flow begins: its first steps do.
    pub(super) fn begin_scope(
        &mut self,
        flow: u32,
        given: &Given,
        path: Path,
        world: &mut impl World,
    ) -> u32 {
        let plan = self.plan.clone();
        let count = plan.flows[flow as usize].count as u16;
        let mut states = self.spare_states.pop().unwrap_or_default();
        states.clear();
        states.extend((0..count).map(|step| StepState {
            pending: plan.step(flow, step).needs.len() as u16,
            run: NONE,
            ..StepState::default()
        }));
        let Given { instance, parent, key, base, text, before, label, rank, only } = *given;
        let scope = self.scopes.insert(Scope {
            instance,
            parent,
            flow,
            key,
            states,
            left: count,
            done: 0,
            base,
            text,
            before,
            label,
            spoken: 0,
            rank,
            failed: None,
        }) as u32;
        if let Some(only) = only {
            for step in (0..count).filter(|step| *step != only) {
                self.scopes[scope as usize].states[usize::from(step)].status = Status::Skipped;
                self.scopes[scope as usize].left -= 1;
            }
            self.begin_run(scope, only, path, world);
            return scope;
        }
        for step in &plan.flows[flow as usize].starters {
            self.decide(scope, *step, path, world);
        }
        scope
    }

    /// Something that a step waits for has ended, or nothing is to be waited for: it
    /// begins, is left out, or goes on waiting.
    fn decide(&mut self, scope: u32, step: u16, path: Path, world: &mut impl World) {
        let plan = self.plan.clone();
        let here = &self.scopes[scope as usize];
        let spec = plan.step(here.flow, step);
        let states = &here.states;
        let state = &states[usize::from(step)];
        if state.status != Status::Waiting {
            return;
        }
        let of = |it: &u16| &states[usize::from(*it)];
        let over = state.pending == 0;
        let count =
            |status: Status| spec.after.iter().filter(|it| of(it).status == status).count() as u32;
        let after = spec.after.len() as u32;
        let gone = if after > 0 { count(Status::Skipped) } else { 0 };
        match spec.join {
            None if !over => return,
            None => {}
            Some(join) => {
                let enough = count(Status::Done) >= join.of(after - gone).max(1);
                let decides = |it: &&u16| {
                    spec.when.iter().any(|(when, _)| when == *it) || spec.choosers.contains(it)
                };
                let mut others =
                    spec.needs.iter().filter(|it| !spec.after.contains(it) || decides(it));
                if enough && others.all(|it| of(it).status.has_ended()) {
                    // It goes on with those that there are.
                } else if !over {
                    return;
                } else if gone < after {
                    self.step_fails(scope, step, Reason::Join, path, world);
                    return;
                }
            }
        }
        let left_out = (after > 0 && gone == after)
            || !spec.when.iter().all(|(it, outcome)| ended_so(of(it), *outcome))
            || !(spec.choosers.is_empty()
                || spec.choosers.iter().any(|it| of(it).chosen == Some(step)))
            || (spec.chance < 1.0
                && draw(subkey(here.key, u64::from(step)), Draw::Chance) >= spec.chance);
        if left_out {
            self.count_step(scope, step, |it| it.skipped += 1);
            self.settle(scope, step, Status::Skipped, Said::default(), path, world);
        } else {
            self.begin_run(scope, step, path, world);
            if spec.join.is_some() && !over {
                self.call_off_stragglers(scope, spec, world);
            }
        }
    }

    /// A step has ended: others may begin.
    pub(super) fn settle(
        &mut self,
        scope: u32,
        step: u16,
        status: Status,
        said: Said,
        path: Path,
        world: &mut impl World,
    ) {
        let here = &mut self.scopes[scope as usize];
        here.left -= 1;
        here.done += u16::from(status == Status::Done);
        let done = if status == Status::Done { here.done } else { 0 };
        let state = &mut here.states[usize::from(step)];
        *state = StepState { status, said, done, run: NONE, ..*state };
        let (left, flow, key) = (here.left, here.flow, here.key);
        let plan = self.plan.clone();
        for next in &plan.step(flow, step).feeds {
            self.scopes[scope as usize].states[usize::from(*next)].pending -= 1;
        }
        for next in &plan.step(flow, step).feeds {
            self.decide(scope, *next, path, world);
        }
        if left == 0 {
            self.agenda.push_back(Todo::ScopeEnds { scope, key, path });
        }
    }

    /// A step that nobody waits for any more is called off.
    fn call_off_stragglers(&mut self, scope: u32, spec: &Step, world: &mut impl World) {
        let plan = self.plan.clone();
        for need in &spec.after {
            let here = &self.scopes[scope as usize];
            let state = here.states[usize::from(*need)];
            let waited_for = |it: &u16| here.states[usize::from(*it)].status == Status::Waiting;
            let feeds = &plan.step(here.flow, *need).feeds;
            if state.status == Status::Running && !feeds.iter().any(waited_for) {
                self.drop_run(state.run, true, world);
                let here = &mut self.scopes[scope as usize];
                here.left -= 1;
                here.states[usize::from(*need)].status = Status::CalledOff;
                here.states[usize::from(*need)].run = NONE;
                let flow = here.flow;
                for next in &plan.step(flow, *need).feeds {
                    self.scopes[scope as usize].states[usize::from(*next)].pending -= 1;
                }
            }
        }
    }

    /// A step failed for good.
    pub(super) fn step_fails(
        &mut self,
        scope: u32,
        step: u16,
        reason: Reason,
        path: Path,
        world: &mut impl World,
    ) {
        self.count_step(scope, step, |it| it.failed += 1);
        let here = &self.scopes[scope as usize];
        if self.plan.step(here.flow, step).survives {
            self.settle(scope, step, Status::Failed, Said::default(), path, world);
        } else {
            let key = here.key;
            self.agenda.push_back(Todo::ScopeFails { scope, key, reason, path });
        }
    }

    /// All steps of a flow have ended.
    pub(super) fn scope_ends(&mut self, scope: u32, path: Path, world: &mut impl World) {
        if self.scopes[scope as usize].failed.is_some() {
            return;
        }
        let here = self.scopes.remove(scope as usize);
        let mut said = Said { spoken: here.spoken, text: here.text, ..Said::default() };
        for (state, step) in here.states.iter().zip(0..) {
            if state.status == Status::Done && self.plan.step(here.flow, step).sink {
                said.tokens = said.tokens.saturating_add(state.said.tokens);
                said.text = then(said.text, state.said.text);
                said.verdict = state.said.verdict.or(said.verdict);
                if said.label == 0 {
                    said.label = state.said.label;
                }
            }
        }
        self.spare_states.push(here.states);
        self.scope_gone(here.instance, here.parent, Ok(said), path, world);
    }

    /// What a flow leaves to whatever it is within.
    pub(super) fn scope_gone(
        &mut self,
        instance: u32,
        parent: u32,
        outcome: Result<Said, Reason>,
        path: Path,
        world: &mut impl World,
    ) {
        if parent == NONE {
            self.end_instance(instance, outcome, path, world);
            return;
        }
        let job = &mut self.jobs[parent as usize];
        job.path = path;
        job.since = world.now();
        job.place = super::frames::Place::Between;
        self.agenda.push_back(Todo::JobEnds { job: parent, key: job.key, outcome });
    }

    /// Counts something of a step, if its workflow is measured.
    #[inline]
    pub(super) fn count_step(
        &mut self,
        scope: u32,
        step: u16,
        count: impl FnOnce(&mut super::OfStep),
    ) {
        let here = &self.scopes[scope as usize];
        if self.instances[here.instance as usize].measured {
            let index = self.plan.flows[here.flow as usize].first + u32::from(step);
            count(&mut self.tally.steps[index as usize]);
        }
    }
}

/// Whether a step ended so.
fn ended_so(state: &StepState, outcome: OutcomeSpec) -> bool {
    let done = state.status == Status::Done;
    match outcome {
        OutcomeSpec::Succeeded => done,
        OutcomeSpec::Failed => state.status == Status::Failed,
        OutcomeSpec::Skipped => state.status == Status::Skipped,
        OutcomeSpec::Right => done && state.said.label == 0,
        OutcomeSpec::Wrong => done && state.said.label != 0,
        OutcomeSpec::Accepted => done && state.said.verdict == Some(true),
        OutcomeSpec::Rejected => done && state.said.verdict == Some(false),
    }
}
