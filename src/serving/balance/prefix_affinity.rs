//! The same beginning, the same replica.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Ask;
use crate::kernel::keyed_uniform::keyed_bits;
use crate::spec::{Positive, Problems};

/// Consistent hashing with bounded load (Mirrokni, Thorup, Zadimoghaddam, SODA
/// 2018): prompts that begin with the same blocks go to the same place on a ring
/// of replicas, unless the replica there has more than `bound` times the mean
/// load; then to the next one that has not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrefixAffinitySpec {
    /// Blocks at the beginning of a prompt that decide; of a shorter prompt, all.
    /// Default 1.
    pub blocks: u32,
    /// The most load of a replica as a multiple of the mean. Default 1.25.
    pub bound: Positive,
}

impl Default for PrefixAffinitySpec {
    fn default() -> Self {
        PrefixAffinitySpec {
            blocks: 1,
            bound: Positive::try_from(1.25).expect("1.25 is greater than 0"),
        }
    }
}

impl PrefixAffinitySpec {
    /// Reports a bound that leaves requests without a replica.
    pub fn check(&self, problems: &mut Problems) {
        if self.bound.get() < 1.0 {
            problems.at("bound", |p| {
                p.error("expected 1 or more: not all replicas can be below the mean");
            });
        }
        if self.blocks == 0 {
            problems.at("blocks", |p| p.error("expected at least 1 block"));
        }
    }
}

/// Places of each replica on the ring: enough for shares within some 10 %.
const PLACES: u64 = 128;

#[derive(Clone, Debug)]
pub(super) struct PrefixAffinity {
    /// Places and their replicas, in rising order.
    ring: Vec<(u64, u32)>,
    bound: f64,
}

impl PrefixAffinity {
    pub fn new(spec: &PrefixAffinitySpec, replicas: u32) -> Self {
        let place = |replica: u32, turn: u64| (mix(u64::from(replica) * PLACES + turn), replica);
        let mut ring: Vec<(u64, u32)> = (0..replicas)
            .flat_map(|replica| (0..PLACES).map(move |turn| place(replica, turn)))
            .collect();
        ring.sort_unstable();
        PrefixAffinity { ring, bound: spec.bound.get() }
    }

    pub fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        let load = |replica: u32| u64::from(ask.loads[replica as usize].outstanding);
        let total: u64 = ask.available.iter().map(|replica| load(*replica)).sum();
        let mean = (total + 1) as f64 / ask.available.len() as f64;
        let most = libm::ceil(self.bound * mean) as u64;
        let from = self.ring.partition_point(|(place, _)| *place < mix(ask.affinity));
        let (before, after) = self.ring.split_at(from);
        let fits =
            |replica: u32| load(replica) < most && ask.available.binary_search(&replica).is_ok();
        let found = after.iter().chain(before).find(|(_, replica)| fits(*replica));
        // One is below the mean, hence below the bound; 0 is for a ring without it.
        found.map_or(ask.available[0], |(_, replica)| *replica)
    }
}

fn mix(value: u64) -> u64 {
    keyed_bits(value, 0)
}

#[cfg(test)]
mod tests {
    use super::super::Load;
    use super::*;

    fn pick(balancer: &mut PrefixAffinity, affinity: u64, loads: &[Load], up: &[u32]) -> u32 {
        balancer.pick(&Ask { affinity, loads, available: up })
    }

    #[test]
    fn a_lost_replica_s_prompts_move_and_no_others() {
        let mut balancer = PrefixAffinity::new(&PrefixAffinitySpec::default(), 8);
        let idle = [Load::default(); 8];
        let all: Vec<u32> = (0..8).collect();
        let without: Vec<u32> = all.iter().copied().filter(|replica| *replica != 3).collect();
        let mut moved = 0;
        for affinity in 0..1000 {
            let home = pick(&mut balancer, affinity, &idle, &all);
            assert_eq!(home, pick(&mut balancer, affinity, &idle, &all));
            let other = pick(&mut balancer, affinity, &idle, &without);
            assert_eq!(home == other, home != 3);
            moved += u32::from(home == 3);
        }
        assert!((60..200).contains(&moved), "an eighth of 1000: {moved}");
    }

    #[test]
    fn no_replica_gets_more_than_its_bound_however_hot_the_prefix() {
        let mut balancer = PrefixAffinity::new(&PrefixAffinitySpec::default(), 4);
        let mut loads = [Load::default(); 4];
        for count in 1..=400_u32 {
            let chosen = pick(&mut balancer, 7, &loads, &[0, 1, 2, 3]) as usize;
            loads[chosen].outstanding += 1;
            let most = (1.25 * f64::from(count) / 4.0).ceil();
            assert!(f64::from(loads[chosen].outstanding) <= most, "{count}: {loads:?}");
        }
    }
}
