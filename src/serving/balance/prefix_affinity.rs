//! The same beginning, the same replica.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ask, Balance, Needs};
use crate::kernel::Stream;
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

/// Places of each replica on the ring: enough for shares within some 10 %.
const PLACES: u64 = 128;

/// A ring on which each replica has many places.
#[derive(Clone, Debug)]
pub struct PrefixAffinity {
    /// Places in rising order, and whose they are.
    places: Vec<u64>,
    owners: Vec<u32>,
    /// The first place of each of as many equal parts as a power of two, where a search
    /// begins.
    parts: Vec<u32>,
    /// How much of a place does not say in which part it is.
    shift: u32,
    bound: f64,
}

impl PrefixAffinity {
    fn on_ring(replicas: u32, bound: f64) -> Self {
        let place = |replica: u32, turn: u64| (mix(u64::from(replica) * PLACES + turn), replica);
        let mut ring: Vec<(u64, u32)> = (0..replicas)
            .flat_map(|replica| (0..PLACES).map(move |turn| place(replica, turn)))
            .collect();
        ring.sort_unstable();
        // Two parts at least: a place cannot be shifted by all of its bits.
        let bits = ring.len().max(2).next_power_of_two().ilog2();
        let shift = u64::BITS - bits;
        let mut parts = Vec::with_capacity(1 << bits);
        for (index, (place, _)) in ring.iter().enumerate() {
            let part = (*place >> shift) as usize;
            parts.resize(parts.len().max(part + 1), index as u32);
        }
        parts.resize(1 << bits, ring.len() as u32);
        PrefixAffinity {
            parts,
            places: ring.iter().map(|(place, _)| *place).collect(),
            owners: ring.iter().map(|(_, replica)| *replica).collect(),
            shift,
            bound,
        }
    }

    /// The first place from `hash` on; behind the last if there is none.
    #[inline]
    fn first_from(&self, hash: u64) -> usize {
        let mut from = self.parts[(hash >> self.shift) as usize] as usize;
        while self.places.get(from).is_some_and(|place| *place < hash) {
            from += 1;
        }
        from
    }
}

impl Balance for PrefixAffinity {
    type Spec = PrefixAffinitySpec;

    fn check(spec: &PrefixAffinitySpec, problems: &mut Problems) {
        if spec.bound.get() < 1.0 {
            problems.at("bound", |p| {
                p.error("expected 1 or more: not all replicas can be below the mean");
            });
        }
        if spec.blocks == 0 {
            problems.at("blocks", |p| p.error("expected at least 1 block"));
        }
    }

    fn needs(spec: &PrefixAffinitySpec) -> Needs {
        Needs { affinity_blocks: Some(spec.blocks), ..Needs::default() }
    }

    fn new(spec: &PrefixAffinitySpec, replicas: u32, _stream: Stream) -> Self {
        PrefixAffinity::on_ring(replicas, spec.bound.get())
    }

    fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        let mean = (ask.outstanding() + 1) as f64 / ask.among.count() as f64;
        let most = libm::ceil(self.bound * mean) as u64;
        let from = self.first_from(mix(ask.affinity));
        let (before, after) = self.owners.split_at(from);
        let fits =
            |replica: u32| u64::from(ask.loads.outstanding(replica)) < most && ask.may(replica);
        let found = after.iter().chain(before).find(|replica| fits(**replica));
        // One is below the mean, hence below the bound; the first is for a ring without it.
        found.map_or_else(|| ask.among.nth(0), |replica| *replica)
    }
}

fn mix(value: u64) -> u64 {
    keyed_bits(value, 0)
}

#[cfg(test)]
mod tests {
    use super::super::{Among, Loads};
    use super::*;

    fn pick(balancer: &mut PrefixAffinity, affinity: u64, loads: &Loads, up: &[u32]) -> u32 {
        balancer.pick(&Ask { affinity, loads, among: Among::List(up) })
    }

    #[test]
    fn a_lost_replica_s_prompts_move_and_no_others() {
        let mut balancer = PrefixAffinity::on_ring(8, 1.25);
        let idle = Loads::new(8, 8, Needs::default(), false);
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
        let mut balancer = PrefixAffinity::on_ring(4, 1.25);
        let mut loads = Loads::new(4, 4, Needs::default(), false);
        for count in 1..=400_u32 {
            let chosen = pick(&mut balancer, 7, &loads, &[0, 1, 2, 3]);
            loads.join(chosen);
            let most = (1.25 * f64::from(count) / 4.0).ceil();
            assert!(f64::from(loads.outstanding(chosen)) <= most, "{count}: {loads:?}");
        }
    }

    #[test]
    fn a_search_of_the_ring_finds_what_a_search_of_all_of_it_finds() {
        for replicas in [1, 2, 3, 40] {
            let balancer = PrefixAffinity::on_ring(replicas, 1.25);
            let places = balancer.places.iter().flat_map(|place| [place - 1, *place, place + 1]);
            for hash in places.chain([0, u64::MAX]).chain((0..1000).map(mix)) {
                let expected = balancer.places.partition_point(|place| *place < hash);
                assert_eq!(balancer.first_from(hash), expected, "{replicas} replicas, {hash}");
            }
        }
    }
}
