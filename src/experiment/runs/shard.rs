//! A part of a sweep's runs, for one machine of several.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::experiment::sweep::points::MOST_RUNS;

/// Shard `number` of `of`.
///
/// Runs are dealt out like cards, `of` at a time, one to each shard, and not cut into
/// blocks: neighbours are replications of one point and the points beside it, which
/// cost about the same, so that every shard gets its share of the points that take
/// long (a high load, a large cache). Each round begins at another shard: else, where
/// `of` is a multiple of what an axis repeats after, a shard would get the same value
/// of that axis in every round. Points are dealt out whole, in the same way, where the
/// results of a point's runs decide how many it gets (`precision`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// All runs.
    pub const WHOLE: Shard = Shard { number: 1, of: 1 };

    /// How many shards there are.
    pub fn of(self) -> usize {
        self.of
    }

    /// The name of its folder.
    pub fn folder(self, experiment: &str) -> String {
        format!("{experiment}.shard-{}-of-{}", self.number, self.of)
    }

    /// All shards of as many.
    pub fn all(of: usize) -> impl Iterator<Item = Shard> {
        (1..=of).map(move |number| Shard { number, of })
    }

    /// The index of the shard among `of` that is dealt `number`.
    pub fn index_of(number: usize, of: usize) -> usize {
        (number + first_of_round(number / of, of)) % of
    }

    /// Whether it is dealt `number`.
    pub fn has(self, number: usize) -> bool {
        Shard::index_of(number, self.of) == self.number - 1
    }

    /// What it is dealt of the numbers below `end`, in rising order.
    pub fn share(self, end: usize) -> impl Iterator<Item = usize> {
        let Shard { number, of } = self;
        let dealt = move |round| round * of + (number - 1 + of - first_of_round(round, of)) % of;
        (0..end.div_ceil(of)).map(dealt).filter(move |number| *number < end)
    }
}

/// The index of the shard that a round begins at: multiples of the golden ratio fill a
/// circle evenly, however many there are (Knuth, The Art of Computer Programming,
/// volume 3, section 6.4).
fn first_of_round(round: usize, of: usize) -> usize {
    round * (of * 618 / 1000) % of
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<usize>().ok();
        let parts = text.split_once('/').and_then(|(i, n)| Some((number(i)?, number(n)?)));
        match parts {
            None => Err("expected a shard and how many there are, such as `1/4`".to_owned()),
            Some((_, 0)) => Err("expected at least 1 shard, as in `1/1`".to_owned()),
            Some((_, of)) if of as u64 > MOST_RUNS => {
                Err(format!("expected at most {MOST_RUNS} shards"))
            }
            Some((number, of)) if number == 0 || number > of => {
                Err(format!("shards are numbered from 1: expected `1/{of}` to `{of}/{of}`"))
            }
            Some((number, of)) => Ok(Shard { number, of }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_in_just_one_shard() {
        for (runs, of) in [(10, 3), (2, 5), (0, 2), (7, 1)] {
            let mut dealt: Vec<usize> =
                Shard::all(of).flat_map(|shard| shard.share(runs)).collect();
            dealt.sort_unstable();
            assert_eq!(dealt, (0..runs).collect::<Vec<_>>());
            for (index, shard) in Shard::all(of).enumerate() {
                assert!(shard.share(runs).all(|run| Shard::index_of(run, of) == index));
                assert!(shard.share(runs).all(|run| shard.has(run)));
            }
        }
    }

    #[test]
    fn no_shard_gets_one_value_of_an_axis_only() {
        // 1,000 points by 100 replications; the last axis repeats after 10 points.
        for of in [10, 100, 500, 1000] {
            let mut most = 0;
            for shard in Shard::all(of) {
                let mut counts = [0; 10];
                shard.share(100_000).for_each(|run| counts[run / 100 % 10] += 1);
                most = most.max(counts.into_iter().max().unwrap_or(0) * of);
            }
            assert!(most <= 12_000, "of {of} shards, one has {most} of 10,000 in its share");
        }
    }

    #[test]
    fn what_is_no_shard_is_refused_with_what_would_be() {
        let refused = |text: &str| text.parse::<Shard>().expect_err("no shard");
        for text in ["", "x", "1", "1/", "/4", "-1/4", "1/4/2", "1.5/4"] {
            assert!(refused(text).contains("such as `1/4`"), "{text}");
        }
        assert!(refused("5/4").contains("`1/4` to `4/4`"));
        assert!(refused("0/4").contains("from 1"));
        assert!(refused("0/0").contains("at least 1 shard"));
        assert!(refused("1/999999999999").contains("at most"));
        assert_eq!("4/4".parse::<Shard>().map(|shard| shard.to_string()), Ok("4/4".to_owned()));
    }
}
