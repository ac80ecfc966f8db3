//! What a level runs on: how long its lookups take, and how many at once.

use super::level_spec::LevelSpec;
use crate::kernel::{Admission, Duration, Station, StationConfig, Stream, Time};
use crate::spec::Bandwidth;
use crate::workload::Span;

/// A memory, a network or a disk. Those who look are known by a number, which
/// is given back when their turn comes.
#[derive(Clone, Debug)]
pub(super) struct Device {
    latency: Span,
    stream: Stream,
    bandwidth: Option<Bandwidth>,
    /// The queue, where not everyone is served at once.
    station: Option<Box<Station<u32>>>,
    served: u64,
    served_nanos: u128,
}

impl Device {
    /// An idle device.
    pub fn new(spec: &LevelSpec, stream: Stream) -> Self {
        let station = spec.concurrency.map(StationConfig::new).map(Station::new).map(Box::new);
        Device {
            latency: spec.latency.distribution(),
            stream,
            bandwidth: spec.bandwidth,
            station,
            served: 0,
            served_nanos: 0,
        }
    }

    /// `who` begins a lookup, which takes that long; `None`: it waits, and
    /// [`leave`](Device::leave) will name it.
    #[inline]
    pub fn enter(&mut self, who: u32, now: Time) -> Option<Duration> {
        if let Some(station) = &mut self.station
            && station.arrive(now, who, 0) != Admission::Start
        {
            return None;
        }
        Some(self.begin())
    }

    #[inline]
    fn begin(&mut self) -> Duration {
        let time = self.latency.draw(&mut self.stream);
        self.served += 1;
        self.served_nanos += u128::from(time.as_nanos());
        time
    }

    /// How long the `bytes` of an answer that was found take.
    #[inline]
    pub fn transfer(&mut self, bytes: u64) -> Duration {
        let Some(bandwidth) = self.bandwidth else { return Duration::ZERO };
        let time = bandwidth.time_of(bytes);
        self.served_nanos += u128::from(time.as_nanos());
        time
    }

    /// A lookup ends. Who begins now, and how long that takes, if anyone waited.
    #[inline]
    pub fn leave(&mut self, now: Time) -> Option<(u32, Duration)> {
        let who = self.station.as_mut()?.finish(now)?;
        Some((who, self.begin()))
    }

    /// Counts from zero again.
    pub fn reset(&mut self, now: Time) {
        (self.served, self.served_nanos) = (0, 0);
        if let Some(station) = &mut self.station {
            station.reset(now);
        }
    }

    /// Mean seconds of a lookup, its transfer included and its wait not.
    pub fn mean_s(&self) -> f64 {
        self.served_nanos as f64 / 1e9 / self.served as f64
    }

    /// Mean seconds of waiting before a lookup.
    pub fn wait_mean_s(&self) -> f64 {
        match &self.station {
            Some(station) => station.counts().wait_mean_s(),
            None if self.served > 0 => 0.0,
            None => f64::NAN,
        }
    }

    /// The busy share of what it can do at once; NaN where that has no limit.
    pub fn utilization(&self, now: Time) -> f64 {
        self.station.as_ref().map_or(f64::NAN, |station| station.utilization(now))
    }
}
