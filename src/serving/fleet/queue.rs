//! Where requests wait: each replica has a queue, or all of them share one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Admission, Discipline, Queue, Ticket, Time};

/// Where requests wait for a replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueSpec {
    /// Each replica has a queue of its own: a request is given to one as it comes.
    #[default]
    PerReplica,
    /// All replicas share one, before them: the first that waits is given to the first
    /// replica that has room.
    Shared,
}

/// Which of the requests that wait is next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicySpec {
    /// First come, first served.
    #[default]
    Fcfs,
    /// The smallest priority first: that of its workflow's call
    /// (`orchestration.schedule`), or the place of its SLO class among all. First come,
    /// first served among equals.
    Priority,
}

impl PolicySpec {
    /// The same for a queue of the kernel.
    pub(in crate::serving) fn discipline(self) -> Discipline {
        match self {
            PolicySpec::Fcfs => Discipline::Fifo,
            PolicySpec::Priority => Discipline::Priority,
        }
    }
}

/// The queue that all replicas share.
#[derive(Clone, Debug)]
pub(super) struct SharedQueue {
    jobs: Queue<u32>,
    count: u32,
    limit: u32,
}

impl SharedQueue {
    /// An empty queue of at most `limit` requests.
    pub fn new(limit: Option<u32>, policy: PolicySpec) -> Self {
        let jobs = Queue::new(policy.discipline());
        SharedQueue { jobs, count: 0, limit: limit.unwrap_or(u32::MAX) }
    }

    pub const fn count(&self) -> u32 {
        self.count
    }

    pub fn first(&self) -> Option<u32> {
        self.jobs.first().copied()
    }

    pub fn push(&mut self, now: Time, job: u32, priority: u32) -> Admission {
        if self.count >= self.limit {
            return Admission::Refused;
        }
        self.count += 1;
        Admission::Queued(self.jobs.push(now, job, priority))
    }

    pub fn pop(&mut self) {
        self.count -= u32::from(self.jobs.pop().is_some());
    }

    pub fn remove(&mut self, ticket: Ticket) -> bool {
        let found = self.jobs.remove(ticket).is_some();
        self.count -= u32::from(found);
        found
    }
}
