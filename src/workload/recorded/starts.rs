//! When recorded jobs begin, and those that are under way.

use std::sync::Arc;

use slab::Slab;

use super::job::RecordedJob;
use crate::kernel::{Stream, Streams, Time};
use crate::workload::arrivals::Arrivals;
use crate::workload::incoming::{Incoming, UserId};
use crate::workload::waiting_clients::ThreadId;

/// Recorded jobs from their arrival to their end.
#[derive(Debug)]
pub(in crate::workload) struct JobStarts {
    /// When they begin; `None` for when they did.
    arrivals: Option<Arrivals>,
    gaps: Stream,
    under_way: Slab<Arc<RecordedJob>>,
}

/// When a job begins instead of one that has ended.
pub(in crate::workload) struct Successor {
    pub at: Time,
    /// Who asks, if it is the same again.
    pub user: Option<UserId>,
}

impl JobStarts {
    pub fn new(arrivals: Option<Arrivals>, streams: &Streams) -> Self {
        let gaps = streams.stream("workload.arrivals");
        JobStarts { arrivals, gaps, under_way: Slab::new() }
    }

    /// Whether jobs begin when they did.
    pub fn as_recorded(&self) -> bool {
        self.arrivals.is_none()
    }

    /// When the next job begins; `None` if no more begin before others have ended.
    #[inline]
    pub fn next_at(&mut self) -> Option<Time> {
        self.arrivals.as_mut()?.next_at(&mut self.gaps)
    }

    /// A job begins with a request of this id.
    pub fn begin(&mut self, job: Arc<RecordedJob>) -> ThreadId {
        ThreadId::new(self.under_way.insert(job))
    }

    /// The job that a request began.
    pub fn get(&self, asked: &Incoming) -> Option<Arc<RecordedJob>> {
        self.under_way.get(asked.thread?.index()).cloned()
    }

    /// A job has ended at `now`: another may take its place.
    pub fn end(&mut self, asked: &Incoming, now: Time) -> Option<Successor> {
        self.under_way.try_remove(asked.thread?.index())?;
        match self.arrivals.as_mut()? {
            Arrivals::ClosedLoop(closed) => {
                let at = now.saturating_add(closed.think().draw(&mut self.gaps));
                Some(Successor { at, user: Some(asked.user) })
            }
            Arrivals::Concurrency(limited) => {
                let at = limited.instead_at(now, &mut self.gaps)?;
                Some(Successor { at, user: None })
            }
            _ => None,
        }
    }
}
