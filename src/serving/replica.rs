//! A model's server at work: how long requests take and which of them wait.

use super::fleet::QueueSpec;
use super::{Latency, ServerSpec, Service, Work};
use crate::kernel::{Admission, Duration, Station, StationConfig, Stream, Ticket, Time};

/// One replica of a model. Requests are known by their slot in the caller's
/// table; the caller schedules the end of each service that begins.
#[derive(Clone, Debug)]
pub struct Replica {
    latency: Latency,
    station: Station<u32>,
    limit: Option<u32>,
}

impl Replica {
    /// An idle replica. `stream` is for latency models that draw.
    pub fn new(spec: &ServerSpec, stream: Stream) -> Self {
        let capacity = match (spec.concurrency, spec.queue_limit) {
            // What waits elsewhere is given to it only when a server is free.
            (Some(servers), _) if spec.queue == QueueSpec::Shared => Some(u64::from(servers)),
            (Some(servers), Some(queue)) => Some(u64::from(servers) + u64::from(queue)),
            _ => None,
        };
        let config = StationConfig {
            servers: spec.concurrency,
            capacity,
            discipline: spec.policy.discipline(),
        };
        Replica {
            latency: Latency::new(&spec.latency(), stream),
            station: Station::new(config),
            limit: spec.concurrency,
        }
    }

    /// How many requests it works on at a time, if that is limited.
    pub const fn limit(&self) -> Option<u32> {
        self.limit
    }

    /// How long it will work on a request.
    #[inline]
    pub fn service(&mut self, work: &Work) -> Service {
        self.latency.service(work)
    }

    /// How long it takes to compute a token of a prompt.
    pub fn per_input_token(&self) -> Duration {
        self.latency.per_input_token()
    }

    /// A request comes. A lower `priority` goes first, where the queue goes by it.
    #[inline]
    pub fn arrive(&mut self, now: Time, slot: u32, priority: u32) -> Admission {
        self.station.arrive(now, slot, priority)
    }

    /// A request is done. Returns the one whose service begins now, if any
    /// waited.
    #[inline]
    pub fn finish(&mut self, now: Time) -> Option<u32> {
        self.station.finish(now)
    }

    /// A request leaves the queue unserved; `None` if it is not there.
    pub fn remove(&mut self, now: Time, ticket: Ticket) -> Option<u32> {
        self.station.remove(now, ticket)
    }

    /// The integral of the number of requests being worked on since the last reset,
    /// in seconds.
    pub fn busy_s(&self, now: Time) -> f64 {
        self.station.busy().area_secs(now)
    }

    /// The mean number of requests being worked on since the last reset.
    pub fn mean_busy(&self, now: Time) -> f64 {
        self.station.busy().mean(now)
    }

    /// Forgets the statistics, not the requests: the end of the warm-up.
    pub fn reset_stats(&mut self, now: Time) {
        self.station.reset(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    fn stream() -> Stream {
        Streams::new(1, 0).stream("latency")
    }

    #[test]
    fn a_full_queue_refuses_and_an_unlimited_replica_never_queues() {
        let spec =
            ServerSpec { concurrency: Some(1), queue_limit: Some(1), ..ServerSpec::default() };
        let mut limited = Replica::new(&spec, stream());
        assert_eq!(limited.arrive(Time(0), 0, 0), Admission::Start);
        assert!(matches!(limited.arrive(Time(0), 1, 0), Admission::Queued(_)));
        assert_eq!(limited.arrive(Time(0), 2, 0), Admission::Refused);
        assert_eq!(limited.finish(Time(10)), Some(1));
        assert!((limited.mean_busy(Time(20)) - 1.0).abs() < 1e-12);
        let mut unlimited = Replica::new(&ServerSpec::default(), stream());
        assert!((0..1000).all(|slot| unlimited.arrive(Time(0), slot, 0) == Admission::Start));
    }
}
