//! Prefill and decode on different replicas, as `DistServe` (Zhong et al., OSDI 2024) and
//! Splitwise (Patel et al., ISCA 2024) have it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Duration;
use crate::spec::{Positive, Problems};

/// Prompts are computed on some replicas and answers made on the others, with the
/// keys and values moved in between.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DisaggregateSpec {
    /// How many of the `replicas`, the first, compute prompts; the others decode.
    /// With 0 each does both. Default 1.
    pub prefill: u32,
    /// What a transfer takes before its first byte. Default 1 ms.
    pub latency: Duration,
    /// Bytes of a token's keys and values. Default 131072, Llama 3.1 8B's in 16 bits.
    pub kv_bytes_per_token: Positive,
    /// How fast they move, in 10^9 bytes a second; transfers do not slow down one another.
    /// Default 50, a 400 Gbit/s link's.
    pub bandwidth_gb_s: Positive,
}

impl Default for DisaggregateSpec {
    fn default() -> Self {
        let positive = |value| Positive::try_from(value).expect("links move something");
        DisaggregateSpec {
            prefill: 1,
            latency: Duration::from_millis(1),
            kv_bytes_per_token: positive(131_072.0),
            bandwidth_gb_s: positive(50.0),
        }
    }
}

impl DisaggregateSpec {
    /// How long a prompt's keys and values are on their way: `latency + tokens x
    /// bytes of a token / bandwidth`.
    pub fn transfer(&self, tokens: u32) -> Duration {
        let bytes = f64::from(tokens) * self.kv_bytes_per_token.get();
        let moving = Duration::from_secs_f64(bytes / (self.bandwidth_gb_s.get() * 1e9));
        self.latency + moving
    }

    /// Reports a side without replicas; there are `replicas` in all.
    pub fn check(&self, replicas: u32, problems: &mut Problems) {
        if self.prefill >= replicas {
            problems.at("prefill", |p| {
                p.error_help(
                    format!(
                        "{} of {replicas} replicas compute prompts, and none is left to decode",
                        self.prefill
                    ),
                    "set `replicas` to those of both sides together",
                );
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_takes_its_latency_and_its_bytes() {
        let spec: DisaggregateSpec = serde_yaml::from_str(
            "{ latency: 2ms, kv_bytes_per_token: 100000, bandwidth_gb_s: 10 }",
        )
        .unwrap();
        assert_eq!(spec.transfer(0), Duration::from_millis(2));
        assert_eq!(spec.transfer(1000), Duration::from_millis(12));
        // Llama 3.1 8B over 400 Gbit/s: 131072 B at 50 GB/s are 2.62 us a token.
        assert_eq!(DisaggregateSpec::default().transfer(1000).0, 1_000_000 + 2_621_440);
    }

    #[test]
    fn either_side_needs_a_replica() {
        let found = |prefill: u32, replicas: u32| {
            let mut problems = Problems::default();
            DisaggregateSpec { prefill, ..DisaggregateSpec::default() }
                .check(replicas, &mut problems);
            problems.list().len()
        };
        assert_eq!([found(0, 4), found(3, 4), found(0, 1)], [0, 0, 0], "0 is none apart");
        assert_eq!([found(4, 4), found(1, 1)], [1, 1], "nobody would decode");
    }
}
