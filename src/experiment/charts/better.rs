//! Which end of a metric is wanted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which end of a metric is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Little of it.
    Lower,
    /// Much of it.
    Higher,
}

/// Ends of the names of metrics that nobody wants much of, beside times and money.
const BAD: [&str; 31] = [
    "abandoned",
    "blocked_share",
    "bytes",
    "called_off",
    "calls_per_workflow",
    "crashed",
    "denied",
    "drift",
    "error_rate",
    "errors",
    "faults_missed",
    "false_alarms",
    "false_hits",
    "hours",
    "misses",
    "overloaded",
    "preemptions",
    "queue_share",
    "rate_limited",
    "rejected",
    "rejections",
    "retries",
    "saturation",
    "shed",
    "stale_hit_rate",
    "stale_hits",
    "throttled",
    "timeouts",
    "tokens_per_workflow",
    "unsent",
    "wrong_answers",
];

impl Better {
    /// What most people want of a metric, from its name: little of times, money, errors and
    /// the like, much of all else.
    pub fn of_metric(metric: &str) -> Better {
        let ends = |end: &str| metric.ends_with(end);
        // Savings are money and rates end in seconds, yet much is wanted of both.
        let good = ends("_saved_usd") || ends("_per_s");
        let spent = ends("_s") || ends("_usd");
        if BAD.into_iter().any(ends) || spent && !good { Better::Lower } else { Better::Higher }
    }

    /// `lower is better`.
    pub const fn in_words(self) -> &'static str {
        match self {
            Better::Lower => "lower is better",
            Better::Higher => "higher is better",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_of_a_metric_follows_from_its_name() {
        for lower in [
            "e2e_p99_s",
            "cost_usd",
            "cost_per_output_mtok_usd",
            "error_rate",
            "replica_hours",
            "semantic_false_hits",
            "queue_share",
        ] {
            assert_eq!(Better::of_metric(lower), Better::Lower, "{lower}");
        }
        for higher in [
            "quality_mean",
            "throughput_rps",
            "cache_hit_rate",
            "cost_saved_usd",
            "output_tokens_per_s",
            "tokens_per_s_per_gpu",
            "tokens_per_s_per_user",
            "jobs_per_gpu_hour",
        ] {
            assert_eq!(Better::of_metric(higher), Better::Higher, "{higher}");
        }
    }
}
