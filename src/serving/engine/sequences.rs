//! The jobs that are in the engine, and the order in which the running ones began.

use super::blocks::{Kept, Unit};
use super::job::JobId;
use crate::kernel::Time;

/// No sequence.
pub const NONE: u32 = u32::MAX;

/// Where a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nowhere: the slot is free.
    #[default]
    Gone,
    /// Waits for its first step, or for being computed again.
    Waiting,
    /// Has begun; tokens of its prompt (or, after it was preempted, of its answer)
    /// must be computed before the next token.
    Prefill,
    /// Lacks one token, as those that decode do, but makes its next one apart from them: it
    /// was left out of a step, or its prompt was computed elsewhere.
    Single,
    /// Makes a token in each step.
    Decode,
    /// Its last token is made in the running step, and the next one goes without it.
    Ending,
}

/// A job in the engine.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    /// The caller's number.
    pub id: JobId,
    pub input: u32,
    pub output: u32,
    /// Its place in the queue: the policy's, then that of its arrival.
    pub rank: (u64, u64),
    pub arrived: Time,
    pub state: State,
    /// Tokens of its answer; while it decodes, when it began to.
    pub made: u32,
    /// Tokens whose keys and values are there; while it decodes, when it began to.
    pub computed: u32,
    /// While it decodes: the count of decode steps when it began to.
    pub joined: u64,
    /// Counts the jobs that began, in their order.
    pub began: u64,
    /// The clock at its last token, if `made` is not 0; while it decodes, when it began to.
    pub last_token: u128,
    /// While it is in `Engine::parts`: tokens that the composed step computes of it.
    pub chunk: u32,
    /// The round in which it was last given its blocks (while room is made).
    pub given: u64,
    /// Its chain of blocks.
    pub chain: Vec<u64>,
    /// Its blocks that hold a known prefix, by the ids of its chain.
    pub units: Vec<Unit>,
    /// After it was preempted: those of its full blocks beyond the chain that are free
    /// and can be found again.
    pub kept: Option<Kept>,
    pub prefilled: bool,
    pub started: bool,
    /// Neighbours among those that run.
    before: u32,
    after: u32,
}

impl Sequence {
    /// Tokens that must have been computed for the next token of the answer.
    #[inline]
    pub const fn target(&self) -> u32 {
        self.input + self.made
    }

    /// Tokens that are still to be computed, the last of which gives the next token.
    #[inline]
    pub const fn remaining(&self) -> u32 {
        self.target() - self.computed
    }
}

/// All jobs, in slots; those that run are linked in the order in which they began.
#[derive(Clone, Debug, Default)]
pub struct Sequences {
    slots: Vec<Sequence>,
    free: Vec<u32>,
    /// The slot of the job that has an index of the caller's.
    by_index: Vec<u32>,
    first: Option<u32>,
    last: Option<u32>,
    running: u32,
}

impl std::ops::Index<u32> for Sequences {
    type Output = Sequence;
    #[inline]
    fn index(&self, slot: u32) -> &Sequence {
        &self.slots[slot as usize]
    }
}

impl std::ops::IndexMut<u32> for Sequences {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut Sequence {
        &mut self.slots[slot as usize]
    }
}

impl Sequences {
    /// A slot for the job `id`: what is in it is of an older job, save its `id`.
    pub fn add(&mut self, id: JobId) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Sequence::default());
            self.slots.len() as u32 - 1
        });
        let index = id.index as usize;
        if self.by_index.len() <= index {
            self.by_index.resize(index + 1, NONE);
        }
        debug_assert_eq!(self.by_index[index], NONE, "an index is of one job at a time");
        self.by_index[index] = slot;
        self.slots[slot as usize].id = id;
        slot
    }

    /// The slot of the job `id`.
    pub fn find(&self, id: JobId) -> Option<u32> {
        let slot = *self.by_index.get(id.index as usize)?;
        (slot != NONE && self.slots[slot as usize].id == id).then_some(slot)
    }

    /// A job is no longer known by its number, which others may have from now on.
    pub fn take_back(&mut self, slot: u32) {
        let index = self.slots[slot as usize].id.index as usize;
        if self.by_index[index] == slot {
            self.by_index[index] = NONE;
        }
    }

    /// Forgets a job that does not run.
    pub fn forget(&mut self, slot: u32) {
        self.take_back(slot);
        self.slots[slot as usize].state = State::Gone;
        self.free.push(slot);
    }

    /// Puts a job behind all others that run.
    pub fn begin(&mut self, slot: u32) {
        self.slots[slot as usize].before = self.last.unwrap_or(NONE);
        self.slots[slot as usize].after = NONE;
        match self.last {
            Some(last) => self.slots[last as usize].after = slot,
            None => self.first = Some(slot),
        }
        self.last = Some(slot);
        self.running += 1;
    }

    /// Takes a job out of those that run.
    pub fn end(&mut self, slot: u32) {
        let Sequence { before, after, .. } = self.slots[slot as usize];
        match self.slots.get_mut(before as usize) {
            Some(neighbour) => neighbour.after = after,
            None => self.first = Some(after).filter(|slot| *slot != NONE),
        }
        match self.slots.get_mut(after as usize) {
            Some(neighbour) => neighbour.before = before,
            None => self.last = Some(before).filter(|slot| *slot != NONE),
        }
        self.running -= 1;
    }

    /// How many run.
    #[inline]
    pub const fn running(&self) -> u32 {
        self.running
    }

    /// The first of those that run.
    pub const fn first(&self) -> Option<u32> {
        self.first
    }

    /// The last of those that run.
    pub const fn last(&self) -> Option<u32> {
        self.last
    }

    /// The one that began after `slot`.
    pub fn next(&self, slot: u32) -> Option<u32> {
        Some(self.slots[slot as usize].after).filter(|slot| *slot != NONE)
    }

    /// The slots of all jobs that are in the engine.
    pub fn all(&self) -> impl Iterator<Item = u32> {
        (0..self.slots.len() as u32).filter(|slot| self[*slot].state != State::Gone)
    }

    /// Forgets all jobs.
    pub fn clear(&mut self) {
        for slot in 0..self.slots.len() as u32 {
            if self[slot].state != State::Gone {
                self[slot].units.clear();
                self[slot].kept = None;
                self.forget(slot);
            }
        }
        (self.first, self.last, self.running) = (None, None, 0);
    }
}
