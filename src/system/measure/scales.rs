//! Which metrics are shares, which may be below zero: how their intervals are made.

use super::metrics::MetricId;
use crate::stats::Scale;

/// Ends of the names of shares.
const SHARES: [&str; 2] = ["_rate", "_share"];

/// Shares that are called otherwise.
const OTHER_SHARES: [&str; 15] = [
    "semantic_precision",
    "semantic_recall",
    "slo_attainment",
    "class_fairness",
    "user_fairness",
    "utilization",
    "saturation",
    "quality_mean",
    "allocation_jain",
    "allocation_utility",
    "availability",
    "kv_use_mean",
    "prefill_utilization",
    "decode_utilization",
    "overloaded",
];

/// Ends of the names of what may be below zero: a lever may cost more than it saves, and
/// queues shrink.
const SIGNED: [&str; 2] = ["_saved_usd", "drift"];

/// What values a metric can have, from its name.
pub fn scale_of(name: &str) -> Scale {
    let ends = |all: &[&str]| all.iter().any(|end| name.ends_with(end));
    if ends(&SHARES) || OTHER_SHARES.contains(&name) {
        Scale::Share
    } else if ends(&SIGNED) {
        Scale::Any
    } else {
        Scale::Amount
    }
}

impl MetricId {
    /// What values it can have.
    pub fn scale(self) -> Scale {
        scale_of(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_share_that_is_listed_is_a_metric() {
        for name in OTHER_SHARES {
            assert_eq!(MetricId::named(name).map(MetricId::scale), Some(Scale::Share), "{name}");
        }
        for end in SHARES.iter().chain(&SIGNED) {
            assert!(MetricId::names().any(|name| name.ends_with(end)), "no metric ends on {end}");
        }
    }

    #[test]
    fn what_is_said_to_be_a_share_is_one() {
        // By their meaning: a share, a ratio of a part to its whole, or Jain's index.
        let metrics = || crate::system::METRICS.iter();
        for metric in metrics().filter(|metric| metric.meaning.starts_with("share of")) {
            assert_eq!(scale_of(metric.name), Scale::Share, "{}", metric.name);
        }
        assert_eq!(scale_of("e2e_p99_s"), Scale::Amount);
        assert_eq!(scale_of("routing_saved_usd"), Scale::Any);
    }
}
