//! The queue of jobs that wait for their first step, or for being computed again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::sequences::{Sequences, State};

/// Jobs by rank, the least first. One that was taken back stays until it is met, or
/// until there are too many of its kind.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    heap: BinaryHeap<Reverse<((u64, u64), u32)>>,
    jobs: u32,
    /// What they are to compute: their prompts, and what was made of their answers.
    tokens: u64,
}

impl Waiting {
    /// How many jobs wait.
    #[inline]
    pub const fn jobs(&self) -> u32 {
        self.jobs
    }

    /// Tokens that they are to compute.
    #[inline]
    pub const fn tokens(&self) -> u64 {
        self.tokens
    }

    /// A job waits.
    pub fn push(&mut self, sequences: &Sequences, slot: u32) {
        self.heap.push(Reverse((sequences[slot].rank, slot)));
        self.jobs += 1;
        self.tokens += u64::from(sequences[slot].target());
    }

    /// The job that is next.
    pub fn first(&mut self, sequences: &Sequences) -> Option<u32> {
        while let Some(Reverse((rank, slot))) = self.heap.peek() {
            if waits(sequences, *rank, *slot) {
                return Some(*slot);
            }
            self.heap.pop();
        }
        None
    }

    /// The job that is next, in `slot`, begins.
    pub fn pop(&mut self, sequences: &Sequences, slot: u32) {
        self.heap.pop();
        self.jobs -= 1;
        self.tokens -= u64::from(sequences[slot].target());
    }

    /// A job that waited with `tokens` to compute has been forgotten.
    pub fn one_left(&mut self, sequences: &Sequences, tokens: u32) {
        self.jobs -= 1;
        self.tokens -= u64::from(tokens);
        if self.heap.len() > 2 * self.jobs as usize + 64 {
            self.heap.retain(|Reverse((rank, slot))| waits(sequences, *rank, *slot));
        }
    }

    /// Forgets all jobs.
    pub fn clear(&mut self) {
        *self = Waiting { heap: std::mem::take(&mut self.heap), ..Waiting::default() };
        self.heap.clear();
    }
}

/// Whether the job in `slot` is still the one of `rank`, and waits.
fn waits(sequences: &Sequences, rank: (u64, u64), slot: u32) -> bool {
    sequences[slot].state == State::Waiting && sequences[slot].rank == rank
}
