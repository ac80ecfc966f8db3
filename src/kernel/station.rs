//! A service station: servers, and a queue of jobs before them.
//!
//! ```text
//!             refused ◄─┐          ┌──► removed (ran out of patience)
//!                       │          │
//! arrive ──────────────►┴── queue ─┴──► servers ───► finish
//!                             0..capacity in all
//! ```

use super::gauge::Gauge;
use super::queue::{Discipline, Queue, Ticket};
use super::time::{Duration, Time};

/// How a [`Station`] is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StationConfig {
    /// Jobs served at once; `None` for as many as come.
    pub servers: Option<u32>,
    /// Jobs waiting and in service together, beyond which arrivals are refused;
    /// `None` for no limit.
    pub capacity: Option<u64>,
    /// Who is next.
    pub discipline: Discipline,
}

impl StationConfig {
    /// A station of `servers` servers with an unlimited first-come queue.
    pub const fn new(servers: u32) -> Self {
        StationConfig { servers: Some(servers), capacity: None, discipline: Discipline::Fifo }
    }
}

/// What becomes of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// A server was free: the job's service begins now.
    Start,
    /// All servers are busy: the job waits, and [`Station::finish`] will give it.
    Queued(Ticket),
    /// The station is full: the job is lost.
    Refused,
}

/// What a station has counted in its window, which begins at time zero or at
/// the last [`reset`](Station::reset).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StationCounts {
    /// Jobs that came, the refused among them.
    pub arrivals: u64,
    /// Jobs that found the station full.
    pub refused: u64,
    /// Jobs that had to queue.
    pub queued: u64,
    /// Jobs whose service began.
    pub started: u64,
    /// Jobs whose service ended.
    pub finished: u64,
    /// Jobs taken out of the queue.
    pub removed: u64,
    /// Nanoseconds that the started jobs had waited, in all.
    pub wait_nanos: u128,
    /// The longest wait of a started job.
    pub wait_max: Duration,
}

impl StationCounts {
    /// The mean wait of the jobs whose service began, in seconds, those that did
    /// not wait among them; NaN if there were none.
    pub fn wait_mean_s(&self) -> f64 {
        self.wait_nanos as f64 / 1e9 / self.started as f64
    }

    /// The share of arrivals that were refused; NaN if none came.
    pub fn refused_share(&self) -> f64 {
        self.refused as f64 / self.arrivals as f64
    }
}

/// Servers and a queue before them, with statistics.
///
/// A station owns no events: the model schedules the end of each service that
/// begins, and calls [`finish`](Station::finish) when it comes.
///
/// ```
/// use windtunnel::kernel::{Admission, Station, StationConfig, Time};
///
/// let mut desk = Station::new(StationConfig::new(1));
/// assert_eq!(desk.arrive(Time(0), "ann", 0), Admission::Start);
/// assert!(matches!(desk.arrive(Time(2), "bob", 0), Admission::Queued(_)));
/// assert_eq!(desk.finish(Time(5)), Some("bob")); // who begins now
/// assert_eq!(desk.finish(Time(9)), None);
/// assert_eq!(desk.counts().wait_nanos, 3);
/// assert_eq!(desk.busy().mean(Time(18)), 0.5);
/// ```
#[derive(Clone, Debug)]
pub struct Station<J> {
    /// `u64::MAX` for no limit, as the next.
    servers: u64,
    capacity: u64,
    queue: Queue<J>,
    waiting: Gauge,
    busy: Gauge,
    counts: StationCounts,
}

impl<J: Copy> Station<J> {
    /// An empty station at time zero.
    pub fn new(config: StationConfig) -> Self {
        Station {
            servers: config.servers.map_or(u64::MAX, u64::from),
            capacity: config.capacity.unwrap_or(u64::MAX),
            queue: Queue::new(config.discipline),
            waiting: Gauge::default(),
            busy: Gauge::default(),
            counts: StationCounts::default(),
        }
    }

    /// A job comes. On [`Admission::Start`] the caller schedules the end of its
    /// service. A lower `priority` is served first, first come first served
    /// among equals; [`Discipline::Fifo`] does not look at it.
    #[inline]
    pub fn arrive(&mut self, now: Time, job: J, priority: u32) -> Admission {
        self.counts.arrivals += 1;
        if self.in_system() >= self.capacity {
            self.counts.refused += 1;
            return Admission::Refused;
        }
        if self.busy.level() < self.servers {
            self.counts.started += 1;
            self.busy.add(now, 1);
            return Admission::Start;
        }
        self.counts.queued += 1;
        self.waiting.add(now, 1);
        Admission::Queued(self.queue.push(now, job, priority))
    }

    /// A service ends. Returns the job, if any waits, whose service begins now on
    /// the server that is free; the caller schedules its end.
    #[inline]
    pub fn finish(&mut self, now: Time) -> Option<J> {
        debug_assert!(self.busy.level() > 0, "only a service that began can end");
        self.counts.finished += 1;
        let Some((since, job)) = self.queue.pop() else {
            self.busy.add(now, -1);
            return None;
        };
        self.waiting.add(now, -1);
        let wait = now.since(since);
        self.counts.started += 1;
        self.counts.wait_nanos += u128::from(wait.0);
        self.counts.wait_max = self.counts.wait_max.max(wait);
        Some(job)
    }

    /// Takes a job out of the queue: it ran out of patience. `None` if it is not
    /// in the queue any more.
    pub fn remove(&mut self, now: Time, ticket: Ticket) -> Option<J> {
        let job = self.queue.remove(ticket)?;
        self.waiting.add(now, -1);
        self.counts.removed += 1;
        Some(job)
    }

    /// The number of jobs waiting and in service.
    #[inline]
    pub const fn in_system(&self) -> u64 {
        self.waiting.level() + self.busy.level()
    }

    /// The number of jobs waiting, over time.
    pub const fn waiting(&self) -> &Gauge {
        &self.waiting
    }

    /// The number of busy servers, over time.
    pub const fn busy(&self) -> &Gauge {
        &self.busy
    }

    /// The mean share of servers that were busy; NaN for an empty window or
    /// unlimited servers.
    pub fn utilization(&self, now: Time) -> f64 {
        match self.servers {
            u64::MAX => f64::NAN,
            servers => self.busy.mean(now) / servers as f64,
        }
    }

    /// What was counted since the window began.
    pub const fn counts(&self) -> &StationCounts {
        &self.counts
    }

    /// Begins a new window of statistics at `now`: the end of a warm-up. Jobs
    /// that are here stay, and their wait counts in full when they start.
    pub fn reset(&mut self, now: Time) {
        self.waiting.reset(now);
        self.busy.reset(now);
        self.counts = StationCounts::default();
    }
}
