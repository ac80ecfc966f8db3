//! The candidates for the kernel's event list. The winner lives in
//! `src/kernel/event_list.rs`; the others are kept here to be measured beside it.

pub mod calendar_queue;
pub mod packed_heap;
pub mod std_heap;

use windtunnel::kernel::{EventList, Time};

/// What each candidate does, with times in nanoseconds.
pub trait Candidate<E>: Default {
    /// The name in the table.
    const NAME: &'static str;
    /// Adds an event.
    fn push(&mut self, time: u64, event: E);
    /// Removes the next event, first in first out among equal times.
    fn pop(&mut self) -> Option<(u64, E)>;
}

impl<E> Candidate<E> for EventList<E> {
    const NAME: &'static str = "kernel: 4-ary, line per family, root left open";

    fn push(&mut self, time: u64, event: E) {
        EventList::push(self, Time(time), event);
    }

    fn pop(&mut self) -> Option<(u64, E)> {
        EventList::pop(self).map(|(time, event)| (time.0, event))
    }
}
