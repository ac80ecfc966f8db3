//! What GPUs are connected by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Duration;
use crate::spec::Bandwidth;

/// A connection between GPUs: a latency, and bytes by a bandwidth (R. Hockney, Parallel
/// Computing 20, 1994).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkSpec {
    /// What an exchange takes however small it is.
    pub latency: Duration,
    /// What a GPU sends while it receives as much: what is reached, rather than what the data
    /// sheet says.
    pub bandwidth: Bandwidth,
}

impl LinkSpec {
    /// `InfiniBand` NDR with an adapter for each GPU: 400 Gbit/s.
    pub(in crate::serving::step) fn network() -> Self {
        LinkSpec::of(20, 40)
    }

    pub(super) fn of(latency_us: u64, gb_s: u32) -> Self {
        LinkSpec {
            latency: Duration(latency_us * 1000),
            bandwidth: format!("{gb_s}GB/s").parse().expect("a bandwidth"),
        }
    }
}
