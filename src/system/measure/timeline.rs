//! What happened when: counts and averages over intervals of virtual time.

use super::in_flight_samples::InFlightSamples;
use crate::cost::Money;
use crate::kernel::{Duration, Time};
use crate::stats::{Cell, Table};

/// Intervals kept when the run's length is not known beforehand: beyond this,
/// pairs are joined and the interval doubles.
const MOST_INTERVALS: usize = 128;

/// Intervals kept where their length was asked for: beyond this, too, pairs are
/// joined, so that a long trace cannot exhaust the memory.
pub const MOST_FIXED_INTERVALS: usize = 100_000;

/// The columns of `timeline.csv` after `point` and `replication`.
pub const COLUMNS: [&str; 12] = [
    "time_s",
    "arrivals_rps",
    "completions_rps",
    "errors_rps",
    "in_flight",
    "queue",
    "utilization",
    "cache_hit_rate",
    "spend_usd",
    "e2e_mean_s",
    "replicas",
    "charged_usd",
];

/// Nanoseconds of an hour.
const HOUR: i128 = 3600 * 1_000_000_000;

/// What happened in one interval.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interval {
    /// Requests that came.
    pub arrivals: u64,
    /// Requests answered.
    pub completions: u64,
    /// Requests not answered.
    pub errors: u64,
    /// Cache hits.
    pub hits: u64,
    /// Requests that asked the caches.
    pub asked: u64,
    /// Money charged to users: for tokens, judges and tools.
    pub charged: Money,
    /// What wrong answers cost.
    pub wrong_answers: Money,
    /// Pico-dollars an hour x nanoseconds of servers that were paid for; what no one has
    /// the money for saturates.
    pub server_area: i128,
    /// Sum of the answered requests' end-to-end times, in nanoseconds.
    pub e2e_ns: u128,
    /// Requests in the system x nanoseconds; the next are such areas, too.
    pub in_flight_ns: u128,
    /// Requests that wait for a model server.
    pub queue_ns: u128,
    /// Servers at work.
    pub busy_ns: u128,
    /// Servers.
    pub servers_ns: u128,
    /// Replicas that are up.
    pub replicas_ns: u128,
}

impl Interval {
    fn join(&mut self, other: &Interval) {
        self.arrivals += other.arrivals;
        self.completions += other.completions;
        self.errors += other.errors;
        self.hits += other.hits;
        self.asked += other.asked;
        self.charged += other.charged;
        self.wrong_answers += other.wrong_answers;
        self.server_area = self.server_area.saturating_add(other.server_area);
        self.e2e_ns += other.e2e_ns;
        self.in_flight_ns += other.in_flight_ns;
        self.queue_ns += other.queue_ns;
        self.busy_ns += other.busy_ns;
        self.servers_ns += other.servers_ns;
        self.replicas_ns += other.replicas_ns;
    }

    /// Nanoseconds of an hour.
    pub const HOUR: f64 = HOUR as f64;

    /// All that was spent, in pico-dollars x [hours](Interval::HOUR): exact, so that what a
    /// window spent is a difference.
    pub fn spend_area(&self) -> i128 {
        let at_once = self.charged + self.wrong_answers;
        at_once.picos().saturating_mul(HOUR).saturating_add(self.server_area)
    }

    fn spend_usd(&self) -> f64 {
        (self.charged + self.wrong_answers).usd() + self.server_area as f64 / HOUR as f64 / 1e12
    }
}

/// A level whose time average the timeline shows.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    level: u32,
    since: Time,
}

impl Level {
    /// Adds level x nanoseconds until `until`.
    #[inline]
    fn fill(&mut self, until: Time, area: &mut u128) {
        *area += u128::from(until.since(self.since).as_nanos()) * u128::from(self.level);
        self.since = until;
    }

    #[inline]
    fn change(&mut self, by: i64) {
        debug_assert!(i64::from(self.level) + by >= 0, "a level is never negative");
        self.level = (i64::from(self.level) + by) as u32;
    }
}

/// What is there to serve, which seldom changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Serving {
    /// Model servers, where their number is limited.
    pub servers: u32,
    /// Replicas that are up.
    pub replicas: u32,
    /// What all that are paid for cost by the hour, in pico-dollars.
    pub per_hour: i128,
}

/// Collects intervals. It needs no events of its own: levels change only at
/// events, so whatever passed since the last one is filled in at the next.
#[derive(Debug)]
pub struct Timeline {
    interval: Duration,
    /// More intervals are joined in pairs.
    most: usize,
    closed: Vec<Interval>,
    /// The sum of all closed ones.
    total: Interval,
    open: Interval,
    open_ends: Time,
    samples: InFlightSamples,
    /// When the interval ends or a sample is due, whichever is first.
    wakes: Time,
    /// Requests in the system.
    in_flight: Level,
    /// Of these, waiting for a model server.
    queue: Level,
    /// Model servers at work, where their number is limited.
    busy: Level,
    serving: Serving,
    serving_since: Time,
    /// Servers are paid for until then.
    closes: Time,
}

impl Timeline {
    /// Intervals of the given length; without one, as many as give 64 to 128 in
    /// the whole run. `serving` is what there is at first.
    pub fn new(interval: Option<Duration>, serving: Serving) -> Self {
        let length = interval.unwrap_or(Duration::from_millis(1));
        Timeline {
            interval: length,
            most: if interval.is_some() { MOST_FIXED_INTERVALS } else { MOST_INTERVALS },
            closed: Vec::with_capacity(MOST_INTERVALS),
            total: Interval::default(),
            open: Interval::default(),
            open_ends: Time::ZERO + length,
            samples: InFlightSamples::default(),
            wakes: Time::ZERO,
            in_flight: Level::default(),
            queue: Level::default(),
            busy: Level::default(),
            serving,
            serving_since: Time::ZERO,
            closes: Time::MAX,
        }
    }

    /// Servers are paid for until the window closes.
    #[must_use]
    pub fn paid_until(mut self, closes: Time) -> Self {
        self.closes = closes;
        self
    }

    /// The interval that `now` is in, for counting.
    #[inline]
    pub fn at(&mut self, now: Time) -> &mut Interval {
        self.turn_to(now);
        &mut self.open
    }

    /// There are so many requests more in the system from `now` on.
    #[inline]
    pub fn in_flight(&mut self, now: Time, change: i64) {
        self.turn_to(now);
        self.in_flight.fill(now, &mut self.open.in_flight_ns);
        self.in_flight.change(change);
    }

    /// There are so many requests more waiting for a model server from `now` on.
    #[inline]
    pub fn queue(&mut self, now: Time, change: i64) {
        self.turn_to(now);
        self.queue.fill(now, &mut self.open.queue_ns);
        self.queue.change(change);
    }

    /// There are so many servers more at work from `now` on, of those whose number is
    /// limited.
    #[inline]
    pub fn busy(&mut self, now: Time, change: i64) {
        if change != 0 {
            self.turn_to(now);
            self.busy.fill(now, &mut self.open.busy_ns);
            self.busy.change(change);
        }
    }

    /// Whether nothing is in the system, in queues or at work.
    pub fn is_idle(&self) -> bool {
        [self.in_flight, self.queue, self.busy].iter().all(|it| it.level == 0)
    }

    /// Closes the intervals that end by `now`.
    #[inline]
    fn turn_to(&mut self, now: Time) {
        if now >= self.wakes {
            self.catch_up(now);
        }
    }

    /// What there is to serve from `now` on.
    pub fn serve(&mut self, now: Time, change: impl FnOnce(&mut Serving)) {
        self.turn_to(now);
        self.fill_serving(now);
        change(&mut self.serving);
    }

    /// What happened from the start of the run until `now`, if nothing else happens. The run
    /// may be over before: who asks does not pass the time.
    pub fn totals(&self, now: Time) -> Interval {
        let mut all = self.total;
        all.join(&self.open);
        let mut levels = [self.in_flight, self.queue, self.busy];
        let areas = [&mut all.in_flight_ns, &mut all.queue_ns, &mut all.busy_ns];
        levels.iter_mut().zip(areas).for_each(|(level, area)| level.fill(now, area));
        self.serve_until(now, &mut all);
        all
    }

    /// Requests x nanoseconds in the system and in queues, until now.
    pub fn areas(&self) -> [u128; 2] {
        [self.total.in_flight_ns + self.open.in_flight_ns, self.total.queue_ns + self.open.queue_ns]
    }

    /// The mean numbers of requests in the system in `count` equal parts of the span
    /// between `from` and `end`.
    pub fn mean_in_flight(&mut self, from: Time, end: Time, count: u64) -> Vec<f64> {
        // The run may have gone on.
        let over = self.in_flight.since.max(end);
        self.at(over);
        self.fill(over);
        let [area, _] = self.areas();
        self.samples.parts(from, end, (over, area), count)
    }

    fn fill_serving(&mut self, until: Time) {
        let mut open = self.open;
        self.serve_until(until, &mut open);
        self.open = open;
        self.serving_since = until;
    }

    /// Adds what there was to serve since it last changed.
    fn serve_until(&self, until: Time, to: &mut Interval) {
        let span = u128::from(until.since(self.serving_since).as_nanos());
        to.servers_ns += span * u128::from(self.serving.servers);
        to.replicas_ns += span * u128::from(self.serving.replicas);
        let paid = i128::from(until.min(self.closes).since(self.serving_since).as_nanos());
        let cost = self.serving.per_hour.saturating_mul(paid);
        to.server_area = to.server_area.saturating_add(cost);
    }

    fn fill(&mut self, until: Time) {
        self.in_flight.fill(until, &mut self.open.in_flight_ns);
        self.queue.fill(until, &mut self.open.queue_ns);
        self.busy.fill(until, &mut self.open.busy_ns);
    }

    #[cold]
    fn catch_up(&mut self, now: Time) {
        // Both steps double, so that these are few however far `now` is; and nothing
        // happens at the end of time, where they would stand still.
        while now >= self.wakes && self.wakes < Time::MAX {
            self.fill(self.wakes);
            if self.wakes == self.samples.next {
                let [area, _] = self.areas();
                self.samples.push(area);
            }
            if self.wakes == self.open_ends {
                self.close();
            }
            self.wakes = self.open_ends.min(self.samples.next);
        }
    }

    fn close(&mut self) {
        self.fill_serving(self.open_ends);
        self.total.join(&self.open);
        self.closed.push(std::mem::take(&mut self.open));
        if self.closed.len() == self.most {
            self.halve();
        }
        self.open_ends = self.open_ends.saturating_add(self.interval);
    }

    fn halve(&mut self) {
        for pair in 0..self.most / 2 {
            let second = self.closed[2 * pair + 1];
            self.closed[pair] = self.closed[2 * pair];
            self.closed[pair].join(&second);
        }
        self.closed.truncate(self.most / 2);
        self.interval = self.interval * 2;
    }

    /// How long an interval is now.
    #[inline]
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// The end, in seconds, and the length of each row of the table until `end`. What is
    /// left after the last full interval is a row of its own if it is at least half as
    /// long; else it joins that row, as rates over next to no time mean nothing.
    pub fn rows(&mut self, end: Time) -> Vec<(f64, Duration)> {
        self.at(end);
        self.fill(end);
        self.fill_serving(end);
        let full = self.closed.len();
        let mut lengths = vec![self.interval; full];
        let rest = end.since(Time::ZERO + self.interval * full as u64);
        match lengths.last_mut() {
            Some(last) if rest * 2 < self.interval => *last += rest,
            _ => lengths.push(rest.max(Duration::from_nanos(1))),
        }
        let ends = lengths.into_iter().enumerate().map(|(index, length)| {
            // A row that a sliver joined keeps its nominal end, which all
            // replications share.
            let starts = self.interval * index as u64;
            ((starts + length.min(self.interval)).as_secs_f64(), length)
        });
        ends.collect()
    }

    /// The table of all intervals until `end`, with the columns [`COLUMNS`].
    pub fn finish(mut self, end: Time) -> Table {
        let rows = self.rows(end);
        let joins = rows.len() == self.closed.len();
        match self.closed.last_mut() {
            Some(last) if joins => last.join(&self.open),
            _ => self.closed.push(self.open),
        }
        let mut table = Table::new(COLUMNS);
        for (interval, (end_s, length)) in self.closed.iter().zip(rows) {
            table.push(Self::row(end_s, length, interval));
        }
        table
    }

    fn row(end_s: f64, length: Duration, interval: &Interval) -> Vec<Cell> {
        let length_s = length.as_secs_f64();
        // Servers x seconds; exact where none came or went.
        let (servers, part) = (
            interval.servers_ns / u128::from(length.0),
            interval.servers_ns % u128::from(length.0),
        );
        let served =
            if part == 0 { length_s * servers as f64 } else { interval.servers_ns as f64 / 1e9 };
        let per_s = |count: u64| Cell::Num(count as f64 / length_s);
        let average = |area: u128| Cell::Num(area as f64 / 1e9 / length_s);
        let ratio =
            |part: f64, whole: f64| if whole > 0.0 { Cell::Num(part / whole) } else { Cell::Empty };
        vec![
            Cell::Num(end_s),
            per_s(interval.arrivals),
            per_s(interval.completions),
            per_s(interval.errors),
            average(interval.in_flight_ns),
            average(interval.queue_ns),
            ratio(interval.busy_ns as f64 / 1e9, served),
            ratio(interval.hits as f64, interval.asked as f64),
            Cell::Num(interval.spend_usd()),
            ratio(interval.e2e_ns as f64 / 1e9, interval.completions as f64),
            average(interval.replicas_ns),
            Cell::Num(interval.charged.usd()),
        ]
    }
}
