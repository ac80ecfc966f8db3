//! Latencies whose distribution is recorded.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A latency of which `latency.csv` has the quantiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LatencyMetric {
    /// From arrival to the finished answer.
    #[default]
    E2eS,
    /// From arrival to the first token.
    TtftS,
    /// Waiting in queues.
    QueueS,
}

impl LatencyMetric {
    /// All of them.
    pub const ALL: [LatencyMetric; 3] =
        [LatencyMetric::E2eS, LatencyMetric::TtftS, LatencyMetric::QueueS];

    /// The column of `latency.csv`.
    pub const fn column(self) -> &'static str {
        match self {
            LatencyMetric::E2eS => "e2e_s",
            LatencyMetric::TtftS => "ttft_s",
            LatencyMetric::QueueS => "queue_s",
        }
    }
}
