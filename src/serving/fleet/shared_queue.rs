//! The queue before all replicas, as part of a fleet.

use super::Fleet;
use super::queue::SharedQueue;
use crate::kernel::{Admission, Ticket, Time};

impl Fleet {
    /// Requests that wait before all replicas.
    pub fn queued(&self) -> u32 {
        self.queue.as_ref().map_or(0, SharedQueue::count)
    }

    /// The request that has waited longest before all replicas.
    pub fn first_queued(&self) -> Option<u32> {
        self.queue.as_ref().and_then(SharedQueue::first)
    }

    /// No replica has room for a request: it waits before them, unless that queue is full.
    /// `None` if there is no such queue.
    pub fn enqueue(&mut self, now: Time, job: u32, priority: u32) -> Option<Admission> {
        let admission = self.queue.as_mut()?.push(now, job, priority);
        self.under_way.add(now, i64::from(admission != Admission::Refused));
        Some(admission)
    }

    /// The request that has waited longest before all replicas leaves that queue.
    pub fn dequeue(&mut self, now: Time) {
        if let Some(queue) = &mut self.queue {
            queue.pop();
            self.under_way.add(now, -1);
        }
    }

    /// A request leaves the queue before all replicas unserved. False if it is not there.
    pub fn leave_shared(&mut self, now: Time, ticket: Ticket) -> bool {
        let found = self.queue.as_mut().is_some_and(|queue| queue.remove(ticket));
        self.under_way.add(now, -i64::from(found));
        found
    }
}
