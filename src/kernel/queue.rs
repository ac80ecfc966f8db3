//! A queue: before a station's servers, or before several servers.

use std::collections::{BTreeMap, VecDeque};

use super::time::Time;

/// Who is served next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Discipline {
    /// First come, first served.
    #[default]
    Fifo,
    /// The lowest priority number; first come, first served among equals.
    Priority,
}

/// A job's place in a queue, for taking it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    priority: u32,
    number: u64,
}

#[derive(Clone, Debug)]
struct Waiting<J> {
    since: Time,
    job: J,
}

/// Jobs in the order in which they will be served.
#[derive(Clone, Debug)]
pub struct Queue<J> {
    /// Number of the next ticket.
    next: u64,
    order: Order<J>,
}

#[derive(Clone, Debug)]
enum Order<J> {
    /// The jobs of the last tickets given; `None` where one was taken out.
    Fifo(VecDeque<Option<Waiting<J>>>),
    Priority(BTreeMap<Ticket, Waiting<J>>),
}

impl<J> Queue<J> {
    /// An empty queue.
    pub fn new(discipline: Discipline) -> Self {
        let order = match discipline {
            Discipline::Fifo => Order::Fifo(VecDeque::new()),
            Discipline::Priority => Order::Priority(BTreeMap::new()),
        };
        Queue { next: 0, order }
    }

    #[inline]
    /// A job waits from `since` on.
    pub fn push(&mut self, since: Time, job: J, priority: u32) -> Ticket {
        let ticket = Ticket { priority, number: self.next };
        self.next += 1;
        match &mut self.order {
            Order::Fifo(jobs) => jobs.push_back(Some(Waiting { since, job })),
            Order::Priority(jobs) => {
                jobs.insert(ticket, Waiting { since, job });
            }
        }
        ticket
    }

    /// The job to serve next.
    pub fn first(&self) -> Option<&J> {
        let first = match &self.order {
            Order::Fifo(jobs) => jobs.iter().flatten().next(),
            Order::Priority(jobs) => jobs.values().next(),
        };
        first.map(|waiting| &waiting.job)
    }

    /// The job to serve next, and since when it waited.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, J)> {
        let Waiting { since, job } = match &mut self.order {
            Order::Fifo(jobs) => loop {
                if let Some(first) = jobs.pop_front()? {
                    break first;
                }
            },
            Order::Priority(jobs) => jobs.pop_first()?.1,
        };
        Some((since, job))
    }

    /// Takes a job out; `None` if it is not there.
    pub fn remove(&mut self, ticket: Ticket) -> Option<J> {
        let waiting = match &mut self.order {
            Order::Fifo(jobs) => {
                let first = self.next - jobs.len() as u64;
                let place = ticket.number.checked_sub(first)?;
                let waiting = jobs.get_mut(place as usize)?.take();
                // Gaps at the front need not wait for a server.
                while let Some(None) = jobs.front() {
                    jobs.pop_front();
                }
                waiting
            }
            Order::Priority(jobs) => jobs.remove(&ticket),
        };
        waiting.map(|waiting| waiting.job)
    }
}
