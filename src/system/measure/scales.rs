//! Which metrics are shares, which may be below zero: how their intervals are made.

use super::metrics::MetricId;
use crate::cache::prompt::Reason;
use crate::stats::Scale;

/// Ends of the names of shares.
const SHARES: [&str; 2] = ["_rate", "_share"];

/// Shares that are called otherwise.
const OTHER_SHARES: [&str; 16] = [
    "semantic_precision",
    "semantic_recall",
    "slo_attainment",
    "class_fairness",
    "user_fairness",
    "utilization",
    "saturation",
    "quality_mean",
    "allocation_jain",
    "gateway_fairness",
    "allocation_utility",
    "availability",
    "kv_use_mean",
    "prefill_utilization",
    "decode_utilization",
    "overloaded",
];

/// What may be below zero: the choice of models may cost more than it saves, as may writing
/// to a prefix cache, and queues shrink. What other levers and caches save is an amount.
const SIGNED: [&str; 4] = ["routing_saved_usd", "prefix_saved_usd", "sticky_quality_lost", "drift"];

/// What tokens cost more than reading them from a prompt cache would have: less, where reading
/// is dear.
fn is_margin(name: &str) -> bool {
    let reason = name.strip_prefix("prompt_cache_").and_then(|rest| rest.strip_suffix("_usd"));
    reason.is_some_and(|reason| Reason::ALL.iter().any(|it| it.name() == reason))
}

/// What values a metric can have, from its name.
pub fn scale_of(name: &str) -> Scale {
    let ends = |all: &[&str]| all.iter().any(|end| name.ends_with(end));
    if ends(&SHARES) || OTHER_SHARES.contains(&name) {
        Scale::Share
    } else if SIGNED.contains(&name) || is_margin(name) {
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
        for name in SIGNED {
            assert_eq!(MetricId::named(name).map(MetricId::scale), Some(Scale::Any), "{name}");
        }
        for end in SHARES {
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
        for name in ["cost", "coalesced", "compression", "trimming", "batch"] {
            assert_eq!(scale_of(&format!("{name}_saved_usd")), Scale::Amount, "{name}");
        }
    }
}
