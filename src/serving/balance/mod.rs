//! Who gets a request: ways of balancing load over the replicas of a model, one
//! file each.
//!
//! | balancer | sends a request to |
//! |---|---|
//! | [`round_robin`](RoundRobin) | the next replica in turn |
//! | [`random`](Random) | any replica |
//! | [`least_outstanding`](LeastOutstanding) | the one with the fewest requests under way |
//! | [`power_of_two`](PowerOfTwoSpec) | the less loaded of two that are drawn at random |
//! | [`least_kv`](LeastKv) | the one with the fewest tokens in its memory or waiting for it |
//! | [`prefix_affinity`](PrefixAffinitySpec) | the one that prompts with this beginning go to, unless it is overloaded |
//! | [`scores`](ScoresSpec) | the best by a weighted sum of load, memory and prefix |
//!
//! Another one is a file with a `pick`, and a line in each of the two enums
//! below. Balancers see [`Load`]s, never servers.

mod least_kv;
mod least_outstanding;
mod power_of_two;
mod prefix_affinity;
mod random;
mod round_robin;
mod scores;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use least_kv::LeastKv;
pub use least_outstanding::LeastOutstanding;
pub use power_of_two::PowerOfTwoSpec;
pub use prefix_affinity::PrefixAffinitySpec;
pub use random::Random;
pub use round_robin::RoundRobin;
pub use scores::ScoresSpec;

use crate::kernel::Stream;
use crate::spec::Problems;
use power_of_two::PowerOfTwo;
use prefix_affinity::PrefixAffinity;
use scores::Scores;

/// How load is balanced over the replicas of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BalanceSpec {
    /// Each replica in turn.
    #[default]
    RoundRobin,
    /// Any replica, by lot.
    Random,
    /// The replica with the fewest requests under way.
    LeastOutstanding,
    /// The least loaded of `choices` replicas drawn by lot:
    /// `power_of_two: { choices: 2 }`.
    PowerOfTwo(PowerOfTwoSpec),
    /// The replica with the fewest tokens in its memory or waiting for it.
    LeastKv,
    /// Prompts with the same beginning to the same replica, as long as that is
    /// not overloaded: `prefix_affinity: { blocks: 4, bound: 1.25 }`.
    PrefixAffinity(PrefixAffinitySpec),
    /// The highest weighted sum of free queue, free memory and prefix held:
    /// `scores: { outstanding: 1, kv: 1, prefix: 2 }`.
    Scores(ScoresSpec),
}

impl BalanceSpec {
    /// Reports settings that balance nothing.
    pub fn check(&self, problems: &mut Problems) {
        match self {
            BalanceSpec::PowerOfTwo(spec) => problems.at("power_of_two", |p| spec.check(p)),
            BalanceSpec::PrefixAffinity(spec) => problems.at("prefix_affinity", |p| spec.check(p)),
            BalanceSpec::Scores(spec) => problems.at("scores", |p| spec.check(p)),
            _ => {}
        }
    }

    /// Blocks at the beginning of a prompt by which it is sent; `None` where that
    /// does not matter.
    pub fn affinity_blocks(&self) -> Option<u32> {
        match self {
            BalanceSpec::PrefixAffinity(spec) => Some(spec.blocks),
            _ => None,
        }
    }

    /// Whether [`Load::kv_tokens`] is looked at.
    pub fn wants_kv(&self) -> bool {
        matches!(self, BalanceSpec::LeastKv | BalanceSpec::Scores(_))
    }

    /// Whether [`Load::matched`] is looked at, which takes a look into each cache.
    pub fn wants_matched(&self) -> bool {
        matches!(self, BalanceSpec::Scores(spec) if spec.prefix.get() > 0.0)
    }
}

/// How loaded a replica is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Requests sent to it and not finished.
    pub outstanding: u32,
    /// Tokens in an engine's memory, and those of requests that wait for it or are on their
    /// way; of other servers, tokens of the prompts of those requests.
    pub kv_tokens: u64,
    /// The share of the prompt at hand that its prefix cache has.
    pub matched: f32,
}

/// A request that needs a replica.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Stands for the beginning of the prompt.
    pub affinity: u64,
    /// By replica.
    pub loads: &'a [Load],
    /// The replicas that may be chosen, in rising order; at least one.
    pub available: &'a [u32],
}

impl Ask<'_> {
    /// The first of the least by `key`, counting from the available replica at
    /// `from` on and around, so that ties do not all fall to the same one.
    fn least<K: PartialOrd>(&self, from: usize, key: impl Fn(&Load) -> K) -> u32 {
        let count = self.available.len();
        let replica = |turn: usize| self.available[(from + turn) % count];
        let mut best = replica(0);
        let mut lowest = key(&self.loads[best as usize]);
        for turn in 1..count {
            let this = replica(turn);
            let value = key(&self.loads[this as usize]);
            if value < lowest {
                (best, lowest) = (this, value);
            }
        }
        best
    }
}

/// A balancer at work.
#[derive(Clone, Debug)]
pub struct Balancer(Kind);

#[derive(Clone, Debug)]
enum Kind {
    RoundRobin(RoundRobin),
    Random(Random),
    LeastOutstanding(LeastOutstanding),
    PowerOfTwo(PowerOfTwo),
    LeastKv(LeastKv),
    PrefixAffinity(PrefixAffinity),
    Scores(Scores),
}

impl Balancer {
    /// The balancer of `spec` over at most `replicas` replicas; `stream` is for
    /// those that draw lots.
    pub fn new(spec: &BalanceSpec, replicas: u32, stream: Stream) -> Self {
        Balancer(match spec {
            BalanceSpec::RoundRobin => Kind::RoundRobin(RoundRobin::default()),
            BalanceSpec::Random => Kind::Random(Random::new(stream)),
            BalanceSpec::LeastOutstanding => Kind::LeastOutstanding(LeastOutstanding::default()),
            BalanceSpec::PowerOfTwo(spec) => Kind::PowerOfTwo(PowerOfTwo::new(spec, stream)),
            BalanceSpec::LeastKv => Kind::LeastKv(LeastKv::default()),
            BalanceSpec::PrefixAffinity(spec) => {
                Kind::PrefixAffinity(PrefixAffinity::new(spec, replicas))
            }
            BalanceSpec::Scores(spec) => Kind::Scores(Scores::new(spec)),
        })
    }

    /// The replica for a request.
    #[inline]
    pub fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        debug_assert!(!ask.available.is_empty(), "there is a replica to choose");
        match &mut self.0 {
            Kind::RoundRobin(balancer) => balancer.pick(ask),
            Kind::Random(balancer) => balancer.pick(ask),
            Kind::LeastOutstanding(balancer) => balancer.pick(ask),
            Kind::PowerOfTwo(balancer) => balancer.pick(ask),
            Kind::LeastKv(balancer) => balancer.pick(ask),
            Kind::PrefixAffinity(balancer) => balancer.pick(ask),
            Kind::Scores(balancer) => balancer.pick(ask),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    fn balancer(yaml: &str, replicas: u32) -> Balancer {
        let value = serde_yaml::from_str(yaml).unwrap();
        let spec: BalanceSpec =
            serde_yaml::with::singleton_map_recursive::deserialize::<_, serde_yaml::Value>(value)
                .unwrap();
        let mut problems = Problems::default();
        spec.check(&mut problems);
        assert_eq!(problems.list(), [], "{yaml}");
        Balancer::new(&spec, replicas, Streams::new(1, 0).stream("balance"))
    }

    const ALL: [&str; 7] = [
        "round_robin",
        "random",
        "least_outstanding",
        "power_of_two: {}",
        "least_kv",
        "prefix_affinity: {}",
        "scores: {}",
    ];

    #[test]
    fn every_balancer_chooses_an_available_replica_and_uses_all_of_them() {
        for yaml in ALL {
            let mut balancer = balancer(yaml, 8);
            let mut loads = [Load::default(); 8];
            let available = [1, 2, 5, 7];
            let mut chosen = [0_u32; 8];
            for affinity in 0..400_u64 {
                let ask = Ask {
                    affinity: affinity.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                    loads: &loads,
                    available: &available,
                };
                let replica = balancer.pick(&ask) as usize;
                chosen[replica] += 1;
                loads[replica].outstanding += 1;
                loads[replica].kv_tokens += 100;
            }
            for (replica, count) in chosen.into_iter().enumerate() {
                let expected = available.contains(&(replica as u32));
                assert_eq!(count > 0, expected, "{yaml}: {chosen:?}");
                assert!(count < 200, "{yaml} sends half of all to one of four: {chosen:?}");
            }
        }
    }

    #[test]
    fn ties_of_the_least_loaded_do_not_all_fall_to_the_first() {
        for yaml in ["least_outstanding", "least_kv", "scores: {}"] {
            let mut balancer = balancer(yaml, 3);
            let loads = [Load::default(); 3];
            let ask = Ask { affinity: 0, loads: &loads, available: &[0, 1, 2] };
            let mut chosen = [0; 3];
            (0..9).for_each(|_| chosen[balancer.pick(&ask) as usize] += 1);
            assert_eq!(chosen, [3, 3, 3], "{yaml}");
        }
    }
}
