//! A row of levels, fastest first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::level::check_ttl;
use super::{Key, Level, LevelSpec, LevelStats, PolicySpec, Size};
use crate::kernel::{Duration, Time};
use crate::spec::{Capacity, Problems};

/// The cache before the models: levels that are asked one after the other. An
/// answer is written to all of them, and copied to the faster ones where it is
/// found in a slow one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSpec {
    /// How long an answer lives after it was written, for levels that have no
    /// `ttl` of their own. Default: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// The levels, fastest first. Default: `l1` of 100 entries (lru, 0ms), `l2`
    /// of 500 (fifo, 10ms) and `l3` of 2000 (fifo, 50ms).
    pub levels: Vec<LevelSpec>,
}

impl Default for CacheSpec {
    /// The notebook's cache. Its lower levels do not note hits, which is FIFO.
    fn default() -> Self {
        let level = |name: &str, capacity, policy, millis| LevelSpec {
            name: Some(name.to_owned()),
            capacity: Capacity::Entries(capacity),
            policy,
            latency: Duration::from_millis(millis),
            ttl: None,
        };
        CacheSpec {
            ttl: None,
            levels: vec![
                level("l1", 100, PolicySpec::Lru, 0),
                level("l2", 500, PolicySpec::Fifo, 10),
                level("l3", 2000, PolicySpec::Fifo, 50),
            ],
        }
    }
}

impl CacheSpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        check_ttl(self.ttl, problems);
        problems.at("levels", |problems| {
            if self.levels.is_empty() {
                problems.error_help(
                    "a cache must have a level",
                    "leave `cache` out to do without a cache",
                );
            }
            let names: Vec<String> =
                self.levels.iter().enumerate().map(|(place, level)| level.name_at(place)).collect();
            for (place, level) in self.levels.iter().enumerate() {
                problems.at(place, |problems| {
                    level.check(problems);
                    if let Some(first) = names[..place].iter().position(|n| *n == names[place]) {
                        problems.at("name", |p| {
                            p.error_help(
                                format!("level {first} is called `{}` too", names[place]),
                                "give every level a name of its own",
                            );
                        });
                    }
                });
            }
        });
    }
}

/// Levels that are asked one after the other. Looking takes virtual time, so it
/// is the caller who goes from level to level:
///
/// ```
/// use windtunnel::cache::{CacheSpec, Hierarchy, Key, Size};
/// use windtunnel::kernel::Time;
///
/// let mut cache = Hierarchy::new(&CacheSpec::default());
/// let (key, mut now) = (Key(7), Time::ZERO);
/// cache.store(key, Size { bytes: 800, tokens: 200 }, "an answer", now);
/// for level in 0..cache.levels() {
///     now += cache.latency(level);
///     if let Some(answer) = cache.lookup(level, key, now) {
///         cache.promote(level, key, now);
///         assert_eq!((level, answer), (0, "an answer"));
///         break;
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Hierarchy<V> {
    levels: Vec<Level<V>>,
}

impl<V: Copy> Hierarchy<V> {
    /// Empty levels.
    pub fn new(spec: &CacheSpec) -> Self {
        let levels = spec.levels.iter().enumerate();
        Hierarchy {
            levels: levels.map(|(place, level)| Level::new(level, place, spec.ttl)).collect(),
        }
    }

    /// How many levels there are.
    pub fn levels(&self) -> usize {
        self.levels.len()
    }

    /// How long a look into a level takes.
    pub fn latency(&self, level: usize) -> Duration {
        self.levels[level].latency()
    }

    /// What results call a level.
    pub fn name(&self, level: usize) -> &str {
        self.levels[level].name()
    }

    /// Looks in one level: counts it there, and a hit as a use; no promotion.
    pub fn lookup(&mut self, level: usize, key: Key, now: Time) -> Option<V> {
        self.levels[level].lookup(key, now)
    }

    /// After a hit in level `found`: copies the entry, with what remains of its
    /// life, into the faster levels, nearest first. Does nothing if it is gone
    /// by `now`.
    pub fn promote(&mut self, found: usize, key: Key, now: Time) {
        let (faster, rest) = self.levels.split_at_mut(found);
        if faster.is_empty() {
            return;
        }
        if let Some(entry) = rest[0].peek(key, now) {
            for level in faster.iter_mut().rev() {
                level.take_promoted(key, entry, now);
            }
        }
    }

    /// Writes all levels.
    pub fn store(&mut self, key: Key, size: Size, value: V, now: Time) {
        for level in &mut self.levels {
            level.store(key, size, value, now);
        }
    }

    /// What happened in a level since the last reset.
    pub fn stats(&self, level: usize) -> &LevelStats {
        self.levels[level].stats()
    }

    /// Entries that a level holds, among them those that expired unnoticed.
    pub fn entries(&self, level: usize) -> usize {
        self.levels[level].len()
    }

    /// What a level holds, in the unit of its capacity.
    pub fn weight(&self, level: usize) -> u64 {
        self.levels[level].weight()
    }

    /// Counts from zero again, as at the end of a warm-up; the contents stay.
    pub fn reset_stats(&mut self) {
        self.levels.iter_mut().for_each(Level::reset_stats);
    }
}
