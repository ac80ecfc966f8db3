//! One replica of a fleet.

use super::Batching;
use crate::kernel::{Gauge, Time};
use crate::serving::Replica;
use crate::serving::resilience::Breaker;

/// What a replica is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing: it is not wanted, and costs nothing.
    Off,
    /// It is starting.
    Starting,
    /// It serves.
    Up,
    /// It finishes what it has, and gets nothing more.
    Draining,
    /// It has crashed and is being repaired.
    Down,
}

impl Phase {
    /// How many there are.
    pub(super) const ALL: usize = Phase::Down as usize + 1;

    /// Whether requests are served.
    pub const fn serves(self) -> bool {
        matches!(self, Phase::Up | Phase::Draining)
    }

    /// Its name in a trace.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Off => "off",
            Phase::Starting => "starting",
            Phase::Up => "up",
            Phase::Draining => "draining",
            Phase::Down => "down",
        }
    }

    /// Whether it is paid for.
    pub const fn is_on(self) -> bool {
        !matches!(self, Phase::Off)
    }
}

/// How a replica works.
#[derive(Clone, Debug)]
pub enum Server {
    /// So many requests side by side, each as if it were alone.
    Station(Box<Replica>),
    /// Requests in batches.
    Engine(Box<Batching>),
}

impl Server {
    /// How many requests it works on at a time, if that is limited.
    pub fn limit(&self) -> Option<u32> {
        match self {
            Server::Station(station) => station.limit(),
            Server::Engine(batching) => Some(batching.max_num_seqs()),
        }
    }
}

/// One replica of a fleet.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its server.
    pub server: Server,
    /// What keeps requests away where it fails.
    pub breaker: Option<Breaker>,
    /// How often it has crashed since the warm-up.
    pub crashes: u64,
    phase: Phase,
    since: Time,
    /// Until its last work.
    serving: Gauge,
    /// Until the window closes: what is paid for, and what its time was.
    up: Gauge,
    down: Gauge,
    on: Gauge,
    closes: Time,
}

impl Node {
    pub(super) fn new(server: Server, phase: Phase, breaker: Option<Breaker>) -> Self {
        let gauge = |level: bool| Gauge::new(Time::ZERO, u64::from(level));
        Node {
            server,
            breaker,
            crashes: 0,
            phase,
            since: Time::ZERO,
            serving: gauge(phase.serves()),
            up: gauge(phase.serves()),
            down: gauge(false),
            on: gauge(phase.is_on()),
            closes: Time::MAX,
        }
    }

    /// The window closes then: what comes later is in no sum of its time.
    pub(super) const fn close_at(&mut self, closes: Time) {
        self.closes = closes;
    }

    /// What it is doing.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Since when.
    pub const fn since(&self) -> Time {
        self.since
    }

    pub(super) fn enter(&mut self, now: Time, phase: Phase) {
        self.phase = phase;
        self.since = now;
        self.serving.set(now, u64::from(phase.serves()));
        let within = now.min(self.closes);
        self.up.set(within, u64::from(phase.serves()));
        self.down.set(within, u64::from(phase == Phase::Down));
        self.on.set(within, u64::from(phase.is_on()));
        self.crashes += u64::from(phase == Phase::Down);
    }

    /// How long it served within the window, in seconds.
    pub fn up_s(&self, now: Time) -> f64 {
        self.up.area_secs(now.min(self.closes))
    }

    /// How long it served, after the window as well, in seconds.
    pub fn served_s(&self, now: Time) -> f64 {
        self.serving.area_secs(now)
    }

    /// How much of what it could do it did: seconds of work, and the seconds times
    /// requests that it could have worked for, after the window as well. An engine is at
    /// work while a step runs. `None` where it can do any number of things at a time.
    pub fn busy_s(&mut self, now: Time) -> Option<(f64, f64)> {
        let up = self.served_s(now);
        match &mut self.server {
            Server::Station(station) => {
                Some((station.busy_s(now), up * f64::from(station.limit()?)))
            }
            Server::Engine(batching) => Some((batching.engine_mut().stats(now).busy_s, up)),
        }
    }

    /// How long it was down within the window, in seconds.
    pub fn down_s(&self, now: Time) -> f64 {
        self.down.area_secs(now.min(self.closes))
    }

    /// How long it was paid for within the window, in nanoseconds.
    pub fn on_ns(&self, now: Time) -> u128 {
        self.on.area(now.min(self.closes))
    }

    pub(super) fn reset_stats(&mut self, now: Time) {
        self.crashes = 0;
        self.serving.reset(now);
        let within = now.min(self.closes);
        self.up.reset(within);
        self.down.reset(within);
        self.on.reset(within);
        match &mut self.server {
            Server::Station(station) => station.reset_stats(now),
            Server::Engine(batching) => batching.engine_mut().reset_stats(now),
        }
        self.breaker.iter_mut().for_each(Breaker::reset_stats);
    }
}
