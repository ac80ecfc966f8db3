//! What a monitor can watch.

use super::span::Span;
use super::spec::BadSpec;
use super::sums::Pair;
use super::tally::{Tally, Wanted};
use super::threshold::Unit;
use crate::kernel::Time;

/// What is taken of the times in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// Their mean.
    Mean,
    /// The longest.
    Max,
    /// The least time that this share of them does not exceed.
    Quantile(f64),
}

/// Spans, by the beginning of a metric's name.
const SPANS: [(&str, Span); 5] = [
    ("e2e", Span::E2e),
    ("ttft", Span::Ttft),
    ("tpot", Span::Tpot),
    ("queue", Span::Queue),
    ("inference", Span::Inference),
];

/// Statistics, by the middle of a metric's name.
const STATISTICS: [(&str, Statistic); 6] = [
    ("mean", Statistic::Mean),
    ("p50", Statistic::Quantile(0.50)),
    ("p90", Statistic::Quantile(0.90)),
    ("p95", Statistic::Quantile(0.95)),
    ("p99", Statistic::Quantile(0.99)),
    ("max", Statistic::Max),
];

/// A metric over a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Watched {
    /// Requests that came, per second.
    Arrivals,
    /// Answers per second.
    Throughput,
    /// Answers within the SLO per second.
    Goodput,
    /// Requests per second that ended without an answer.
    Errors,
    /// Of the requests that ended, the share without an answer.
    ErrorRate,
    /// Of the requests that ended, the share answered within the SLO.
    Attainment,
    /// Of the requests that asked the caches, the share that was answered there.
    HitRate,
    /// Busy share of the models' servers, where their number is limited.
    Utilization,
    /// Mean number of requests that wait for a model server.
    Queue,
    /// Mean number of requests in the system.
    InFlight,
    /// Mean number of replicas that are up.
    Replicas,
    /// All that was spent in the window: charges, servers by the hour, wrong answers.
    Cost,
    /// The same by the hour.
    CostPerHour,
    /// The same by request that ended.
    CostPerRequest,
    /// Mean quality of the answers.
    Quality,
    /// A statistic of a time that answered requests took.
    Times(Span, Statistic),
}

const NAMED: [(&str, Watched); 15] = [
    ("arrivals_rps", Watched::Arrivals),
    ("throughput_rps", Watched::Throughput),
    ("goodput_rps", Watched::Goodput),
    ("errors_rps", Watched::Errors),
    ("error_rate", Watched::ErrorRate),
    ("slo_attainment", Watched::Attainment),
    ("cache_hit_rate", Watched::HitRate),
    ("utilization", Watched::Utilization),
    ("queue", Watched::Queue),
    ("in_flight", Watched::InFlight),
    ("replicas", Watched::Replicas),
    ("cost_usd", Watched::Cost),
    ("cost_per_hour_usd", Watched::CostPerHour),
    ("cost_per_request_usd", Watched::CostPerRequest),
    ("quality_mean", Watched::Quality),
];

/// The names of all metrics that can be watched.
pub fn watched_names() -> Vec<String> {
    let times = SPANS.iter().flat_map(|(span, _)| {
        STATISTICS.iter().map(move |(statistic, _)| format!("{span}_{statistic}_s"))
    });
    NAMED.iter().map(|(name, _)| (*name).to_owned()).chain(times).collect()
}

impl Watched {
    /// The metric called `name`.
    pub fn named(name: &str) -> Option<Watched> {
        let plain = NAMED.iter().find(|(known, _)| *known == name).map(|(_, metric)| *metric);
        plain.or_else(|| {
            let (span, statistic) = name.strip_suffix("_s")?.split_once('_')?;
            let (_, span) = SPANS.iter().find(|(known, _)| *known == span)?;
            let (_, statistic) = STATISTICS.iter().find(|(known, _)| *known == statistic)?;
            Some(Watched::Times(*span, *statistic))
        })
    }

    /// What its values measure.
    pub(super) const fn unit(self) -> Unit {
        match self {
            Watched::Arrivals | Watched::Throughput | Watched::Goodput | Watched::Errors => {
                Unit::PerSecond
            }
            Watched::ErrorRate
            | Watched::Attainment
            | Watched::HitRate
            | Watched::Utilization
            | Watched::Quality => Unit::Share,
            Watched::Queue | Watched::InFlight | Watched::Replicas => Unit::Count,
            Watched::Cost | Watched::CostPerRequest => Unit::Usd,
            Watched::CostPerHour => Unit::UsdPerHour,
            Watched::Times(..) => Unit::Seconds,
        }
    }

    /// Whether it can be taken of the requests of one class.
    pub(super) const fn has_classes(self) -> bool {
        matches!(
            self,
            Watched::Throughput
                | Watched::Goodput
                | Watched::Errors
                | Watched::ErrorRate
                | Watched::Attainment
                | Watched::Quality
                | Watched::Times(..)
        )
    }

    /// How much of the part and of the whole make one of the metric's units.
    const fn units(self) -> (f64, f64) {
        const NANOS: f64 = 1e9;
        // Of money that runs up by the hour: pico-dollars x hours.
        const DOLLAR_HOUR: f64 = 1e12 * Totals::HOUR;
        match self {
            Watched::Arrivals | Watched::Throughput | Watched::Goodput | Watched::Errors => {
                (1.0, NANOS)
            }
            Watched::Cost | Watched::CostPerRequest => (DOLLAR_HOUR, 1.0),
            Watched::CostPerHour => (DOLLAR_HOUR, Totals::HOUR),
            Watched::Quality | Watched::Times(..) => (NANOS, 1.0),
            _ => (1.0, 1.0),
        }
    }

    /// The metric of what a window gathered; none where there was nothing to measure.
    pub(super) fn of(self, sums: Pair) -> Option<f64> {
        let (part, whole) = self.units();
        let part_sum = sums.part as f64 / part;
        if self == Watched::Cost {
            return Some(part_sum);
        }
        (sums.whole > 0).then(|| part_sum / (sums.whole as f64 / whole))
    }

    /// What of each request it is counted of.
    pub(super) const fn wants(self) -> Wanted {
        match self {
            Watched::Goodput | Watched::Attainment => Wanted::GOOD,
            Watched::Quality => Wanted::QUALITY,
            Watched::Times(span, _) => Wanted::span(span),
            _ => Wanted::NOTHING,
        }
    }
}

/// What a window holds sums of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Summed {
    /// What makes a metric.
    Metric(Watched),
    /// Requests that use up an error budget, of all.
    Bad(BadSpec),
}

impl Summed {
    /// What of each request it is counted of.
    pub const fn wants(self) -> Wanted {
        match self {
            Summed::Metric(metric) => metric.wants(),
            Summed::Bad(BadSpec::Slow) => Wanted::GOOD,
            Summed::Bad(BadSpec::Errors) => Wanted::NOTHING,
        }
    }

    /// What there was from the start of the run until `now`: a difference of two such
    /// pairs is a window's. `tally` is of the requests in question.
    pub fn until(self, now: Time, tally: &Tally, totals: &Totals) -> Pair {
        let clock = u128::from(now.0);
        let area = |area: u128, whole: u128| Pair { part: area as i128, whole };
        let count = |part: u64, whole: u128| Pair { part: i128::from(part), whole };
        let ended = u128::from(tally.ended);
        let metric = match self {
            Summed::Bad(bad) => return count(tally.bad(bad), ended),
            Summed::Metric(metric) => metric,
        };
        match metric {
            Watched::Arrivals => count(totals.arrivals, clock),
            Watched::Throughput => count(tally.answered, clock),
            Watched::Goodput => count(tally.good, clock),
            Watched::Errors => count(tally.failed(), clock),
            Watched::ErrorRate => count(tally.failed(), ended),
            Watched::Attainment => count(tally.good, ended),
            Watched::HitRate => count(totals.hits, u128::from(totals.asked)),
            Watched::Utilization => area(totals.busy_ns, totals.servers_ns),
            Watched::Queue => area(totals.queue_ns, clock),
            Watched::InFlight => area(totals.in_flight_ns, clock),
            Watched::Replicas => area(totals.replicas_ns, clock),
            Watched::Cost | Watched::CostPerHour => {
                Pair { part: totals.spend_area(), whole: clock }
            }
            Watched::CostPerRequest => Pair { part: totals.spend_area(), whole: ended },
            Watched::Quality => Pair { part: tally.quality, whole: u128::from(tally.answered) },
            Watched::Times(span, _) => {
                let (nanos, requests) = tally.times[span as usize];
                Pair { part: nanos, whole: u128::from(requests) }
            }
        }
    }
}

/// What the timeline counted from the start of the run.
pub(in crate::system) type Totals = crate::system::measure::Interval;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_metric_and_no_other_is() {
        let names = watched_names();
        assert_eq!(names.len(), 45);
        assert!(names.iter().all(|name| Watched::named(name).is_some()));
        assert_eq!(
            Watched::named("ttft_p95_s"),
            Some(Watched::Times(Span::Ttft, Statistic::Quantile(0.95)))
        );
        for name in ["e2e_p98_s", "e2e_p99", "queue_s", "_mean_s", "cost"] {
            assert_eq!(Watched::named(name), None, "{name}");
        }
    }

    #[test]
    fn rates_that_are_whole_are_exact() {
        // A bound of 20/s is not exceeded by 1200 requests in a minute.
        let minute = Pair { part: 1200, whole: 60_000_000_000 };
        assert_eq!(Watched::Throughput.of(minute), Some(20.0));
        let dollars =
            Pair { part: 3_000_000_000_000 * 3_600_000_000_000, whole: 1_800_000_000_000 };
        assert_eq!(Watched::CostPerHour.of(dollars), Some(6.0));
        assert_eq!(Watched::ErrorRate.of(Pair { part: 1, whole: 20 }), Some(0.05));
        assert_eq!(Watched::ErrorRate.of(Pair::default()), None);
    }
}
