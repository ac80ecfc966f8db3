//! Who gets a request: ways of balancing load over the replicas of a model, one
//! file each.
//!
//! | balancer | sends a request to |
//! |---|---|
//! | [`round_robin`](RoundRobin) | the next replica in turn |
//! | [`random`](Random) | any replica |
//! | [`least_outstanding`](LeastOutstanding) | the one with the fewest requests under way |
//! | [`power_of_two`](PowerOfTwo) | the less loaded of two that are drawn at random |
//! | [`least_kv`](LeastKv) | the one with the fewest tokens in its memory or waiting for it |
//! | [`prefix_affinity`](PrefixAffinity) | the one that prompts with this beginning go to, unless it is overloaded |
//! | [`scores`](Scores) | the best by a weighted sum of load, memory and prefix |
//!
//! To add one: write its file, implementing [`Balance`], and give it a line in the list
//! below. What all share is in `load_balancing`, below them. Balancers see [`Loads`], never
//! servers. The loads are kept up to date as they change, and in order where a balancer
//! [needs](Needs) that, so that a choice takes about as long among thousands of replicas as
//! among a few.

#[macro_use]
mod list;

mod ask;
mod least_kv;
mod least_outstanding;
mod load_balancing;
mod loads;
mod power_of_two;
mod prefix_affinity;
mod random;
mod round_robin;
mod scores;
mod tournament;

#[cfg(test)]
pub(in crate::serving) mod definition;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use ask::{Among, Ask};
pub use least_kv::LeastKv;
pub use least_outstanding::LeastOutstanding;
pub use load_balancing::Balance;
pub use loads::{Load, Loads, Needs, Order, room_for};
pub use power_of_two::{PowerOfTwo, PowerOfTwoSpec};
pub use prefix_affinity::{PrefixAffinity, PrefixAffinitySpec};
pub use random::Random;
pub use round_robin::RoundRobin;
pub use scores::{Scores, ScoresSpec};
pub use tournament::Tournament;

use crate::kernel::Stream;
use crate::spec::Problems;

balancers! {
    /// Each replica in turn.
    #[default]
    "round_robin": RoundRobin;
    /// Any replica, by lot.
    "random": Random;
    /// The replica with the fewest requests under way.
    "least_outstanding": LeastOutstanding;
    /// The least loaded of `choices` replicas drawn by lot:
    /// `power_of_two: { choices: 2 }`.
    "power_of_two": PowerOfTwo(spec: PowerOfTwoSpec);
    /// The replica with the fewest tokens in its memory or waiting for it.
    "least_kv": LeastKv;
    /// Prompts with the same beginning to the same replica, as long as that is
    /// not overloaded: `prefix_affinity: { blocks: 4, bound: 1.25 }`.
    "prefix_affinity": PrefixAffinity(spec: PrefixAffinitySpec);
    /// The highest weighted sum of free queue, free memory and prefix held:
    /// `scores: { outstanding: 1, kv: 1, prefix: 2 }`.
    "scores": Scores(spec: ScoresSpec);
}
