//! Limits before calls of models: so many at a time, so many a minute.

use std::collections::VecDeque;

use super::frames::Place;
use super::tally::Blocked;
use super::{Engine, Wake, World};
use crate::kernel::{EventId, Time};
use crate::orchestration::plan::{self, Kind};
use crate::serving::resilience::Limits;

/// A limit, and the calls that wait for it.
#[derive(Debug)]
pub(super) struct Gate {
    concurrency: u32,
    limits: Limits,
    active: u32,
    /// Jobs with their keys, as they may be called off meanwhile.
    queue: VecDeque<(u32, u64)>,
    timer: Option<EventId>,
}

impl Gate {
    pub fn new(plan: &plan::Gate) -> Self {
        Gate {
            concurrency: plan.concurrency,
            limits: Limits::new(plan.rpm, plan.tpm),
            active: 0,
            queue: VecDeque::new(),
            timer: None,
        }
    }

    /// Lets a call of so many tokens through, if it may.
    fn admit(&mut self, now: Time, tokens: u64) -> bool {
        let goes = self.active < self.concurrency && self.limits.admit(now, tokens);
        self.active += u32::from(goes);
        goes
    }
}

impl Engine {
    /// The gates that a job's calls pass: its step's, then its workflow's.
    fn gates_of(&self, job: u32) -> [Option<u32>; 2] {
        let job = &self.jobs[job as usize];
        let root = self.instances[job.instance as usize].root;
        [self.plan.steps[job.step as usize].gate, self.plan.roots[root as usize].gate]
    }

    /// A call goes through the gates before it, as far as they let it.
    pub(super) fn pass_gates(&mut self, job: u32, world: &mut impl World) {
        let now = world.now();
        let gates = self.gates_of(job);
        if gates == [None; 2] {
            self.ask(job, world);
            return;
        }
        let tokens = self.most_tokens(job);
        while let Some(gate) = gates.get(usize::from(self.jobs[job as usize].gates)) {
            if let Some(gate) = *gate {
                let open = &mut self.gates[gate as usize];
                if !open.queue.is_empty() || !open.admit(now, tokens) {
                    let waiting = &mut self.jobs[job as usize];
                    waiting.place = Place::Gate;
                    waiting.since = now;
                    open.queue.push_back((job, waiting.key));
                    self.await_opening(gate, tokens, world);
                    return;
                }
            }
            self.jobs[job as usize].gates += 1;
        }
        self.ask(job, world);
    }

    /// Wakes the engine when the first in the queue could go, if time alone lets it.
    fn await_opening(&mut self, gate: u32, tokens: u64, world: &mut impl World) {
        let it = &mut self.gates[gate as usize];
        if it.timer.is_some() || it.active >= it.concurrency {
            return;
        }
        let wait = it.limits.wait(world.now(), tokens);
        it.timer = Some(world.wake_in(wait, Wake::Gate(gate)));
    }

    pub(super) fn gate_opens(&mut self, gate: u32, world: &mut impl World) {
        self.gates[gate as usize].timer = None;
        self.pump(gate, world);
    }

    /// Lets through whoever may go.
    fn pump(&mut self, gate: u32, world: &mut impl World) {
        let now = world.now();
        while let Some(&(job, key)) = self.gates[gate as usize].queue.front() {
            let here = self.jobs.get(job as usize);
            let waits = here.is_some_and(|it| it.key == key && matches!(it.place, Place::Gate));
            if waits {
                let tokens = self.most_tokens(job);
                if !self.gates[gate as usize].admit(now, tokens) {
                    self.await_opening(gate, tokens, world);
                    return;
                }
            }
            self.gates[gate as usize].queue.pop_front();
            if waits {
                let waited = self.jobs[job as usize].spend(Kind::Blocked, now);
                self.blocked(job, Blocked::Limit, waited);
                let it = &mut self.jobs[job as usize];
                it.place = Place::Between;
                it.gates += 1;
                self.pass_gates(job, world);
            }
        }
    }

    /// A job's call has ended, or will not be made: its places are free.
    pub(super) fn leave_gates(&mut self, job: u32, world: &mut impl World) {
        let passed = usize::from(std::mem::take(&mut self.jobs[job as usize].gates));
        if passed == 0 {
            return;
        }
        let gates = self.gates_of(job);
        for gate in gates.into_iter().take(passed).flatten() {
            self.gates[gate as usize].active -= 1;
            self.pump(gate, world);
        }
    }
}
