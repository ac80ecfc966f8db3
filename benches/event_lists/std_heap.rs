//! The standard library's binary heap of whole events.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::Candidate;

struct Entry<E> {
    time: u64,
    order: u64,
    event: E,
}

impl<E> Ord for Entry<E> {
    /// Reversed, since the standard heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.time, other.order).cmp(&(self.time, self.order))
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<E> Eq for Entry<E> {}

/// See the module.
pub struct StdHeap<E> {
    heap: BinaryHeap<Entry<E>>,
    order: u64,
}

impl<E> Default for StdHeap<E> {
    fn default() -> Self {
        StdHeap { heap: BinaryHeap::new(), order: 0 }
    }
}

impl<E> Candidate<E> for StdHeap<E> {
    const NAME: &'static str = "std BinaryHeap";

    fn push(&mut self, time: u64, event: E) {
        self.order += 1;
        self.heap.push(Entry { time, order: self.order, event });
    }

    fn pop(&mut self) -> Option<(u64, E)> {
        self.heap.pop().map(|entry| (entry.time, entry.event))
    }
}
