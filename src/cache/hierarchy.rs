//! A row of levels, fastest first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::level::check_ttl;
use super::{Key, Level, LevelSpec, LevelStats, PolicySpec, Size};
use crate::kernel::{Duration, Streams, Time};
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
/// use windtunnel::kernel::{Streams, Time};
///
/// let mut cache = Hierarchy::new(&CacheSpec::default(), &Streams::new(42, 0));
/// let (key, mut now) = (Key(7), Time::ZERO);
/// cache.store(key, Size { bytes: 800, tokens: 200, cost: 0.03 }, "an answer", now);
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
    /// Empty levels. A policy that draws lots has the stream
    /// `cache.NAME.policy`, where NAME is its level's.
    pub fn new(spec: &CacheSpec, streams: &Streams) -> Self {
        let level = |(place, level): (usize, &LevelSpec)| {
            let stream = streams.stream(&format!("cache.{}.policy", level.name_at(place)));
            Level::new(level, place, spec.ttl, stream)
        };
        Hierarchy { levels: spec.levels.iter().enumerate().map(level).collect() }
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

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { bytes: 1, tokens: 1, cost: 1.0 };

    fn cache(yaml: &str) -> Hierarchy<u64> {
        Hierarchy::new(&serde_yaml::from_str(yaml).unwrap(), &Streams::new(1, 0))
    }

    /// Asks level by level; promotes what is found. The level, from 1.
    fn ask(cache: &mut Hierarchy<u64>, key: u64, now: Time) -> Option<usize> {
        let found = (0..cache.levels()).find(|l| cache.lookup(*l, Key(key), now).is_some())?;
        cache.promote(found, Key(key), now);
        Some(found + 1)
    }

    const DEMO: &str =
        "levels: [{capacity: 5}, {capacity: 10, policy: fifo}, {capacity: 20, policy: fifo}]";

    #[test]
    fn the_notebooks_demo_gives_its_figures() {
        let mut cache = cache(DEMO);
        for q in 0..15 {
            cache.store(Key(q), SIZE, q, Time::ZERO);
        }
        assert_eq!([0, 1, 2].map(|level| cache.entries(level)), [5, 10, 15]);
        let found = [14, 13, 9, 8, 7, 99].map(|q| ask(&mut cache, q, Time::ZERO));
        assert_eq!(found, [Some(1), Some(1), Some(2), Some(2), Some(2), None]);
        assert_eq!([0, 1, 2].map(|level| cache.stats(level).hits), [2, 3, 0]);
        assert_eq!([0, 1, 2].map(|level| cache.stats(level).lookups), [6, 4, 1]);
        assert_eq!(cache.stats(0).promotions, 3);
    }

    #[test]
    fn a_hit_is_promoted_to_every_faster_level_and_to_no_other() {
        let mut cache = cache(DEMO);
        for q in 0..15 {
            cache.store(Key(q), SIZE, q, Time::ZERO);
        }
        assert_eq!(ask(&mut cache, 0, Time::ZERO), Some(3));
        assert_eq!([0, 1, 2].map(|level| cache.stats(level).promotions), [1, 1, 0]);
        assert_eq!(ask(&mut cache, 0, Time::ZERO), Some(1));
        assert_eq!(ask(&mut cache, 5, Time::ZERO), Some(3), "the promoted one took its place");
    }

    #[test]
    fn fifo_levels_do_not_refresh_on_a_hit_and_lru_levels_do() {
        for (policy, expected) in [("fifo", None), ("lru", Some(7))] {
            let mut cache = cache(&format!("levels: [{{capacity: 2, policy: {policy}}}]"));
            for key in [7, 8] {
                cache.store(Key(key), SIZE, key, Time::ZERO);
            }
            cache.lookup(0, Key(7), Time::ZERO);
            cache.store(Key(9), SIZE, 9, Time::ZERO);
            assert_eq!(cache.lookup(0, Key(7), Time::ZERO), expected, "{policy}");
        }
    }

    #[test]
    fn a_promoted_copy_lives_no_longer_than_its_original_nor_than_its_level_allows() {
        let mut cache = cache("{ttl: 100ns, levels: [{capacity: 1, ttl: 30ns}, {capacity: 9}]}");
        cache.store(Key(1), SIZE, 1, Time(0));
        cache.store(Key(2), SIZE, 2, Time(0));
        assert_eq!(ask(&mut cache, 1, Time(50)), Some(2));
        assert_eq!(ask(&mut cache, 1, Time(79)), Some(1));
        assert_eq!(ask(&mut cache, 1, Time(80)), Some(2), "30 ns after the promotion");
        assert_eq!(ask(&mut cache, 1, Time(99)), Some(1));
        assert_eq!(ask(&mut cache, 1, Time(100)), None, "100 ns after the store");
        assert_eq!(cache.stats(0).expirations, 2);
    }

    #[test]
    fn a_promotion_that_comes_late_does_no_harm() {
        let mut cache = cache("{ttl: 100ns, levels: [{capacity: 1}, {capacity: 2}]}");
        cache.store(Key(1), SIZE, 1, Time(0));
        cache.store(Key(2), SIZE, 2, Time(50));
        assert_eq!(cache.lookup(1, Key(1), Time(99)), Some(1));
        cache.promote(1, Key(1), Time(100));
        assert_eq!(cache.stats(0).promotions, 0, "expired on the way");
        assert_eq!(cache.lookup(1, Key(2), Time(100)), Some(2));
        cache.store(Key(3), SIZE, 3, Time(101));
        cache.store(Key(4), SIZE, 4, Time(102));
        cache.promote(1, Key(2), Time(103));
        assert_eq!(cache.stats(0).promotions, 0, "evicted on the way");
        assert_eq!(cache.lookup(0, Key(4), Time(103)), Some(4));
    }

    #[test]
    fn resetting_statistics_keeps_the_contents() {
        let mut cache = cache(DEMO);
        cache.store(Key(1), SIZE, 1, Time::ZERO);
        ask(&mut cache, 1, Time::ZERO);
        cache.reset_stats();
        assert_eq!(*cache.stats(0), LevelStats::default());
        assert_eq!(ask(&mut cache, 1, Time::ZERO), Some(1));
    }

    #[test]
    fn the_default_is_the_notebooks_cache() {
        let spec: CacheSpec = serde_yaml::from_str("{}").unwrap();
        let cache: Hierarchy<()> = Hierarchy::new(&spec, &Streams::new(1, 0));
        let latencies = [0, 1, 2].map(|level| cache.latency(level).as_nanos() / 1_000_000);
        assert_eq!((cache.levels(), latencies), (3, [0, 10, 50]));
        let again = serde_yaml::from_str(&serde_yaml::to_string(&spec).unwrap()).unwrap();
        assert_eq!(spec, again);
    }

    #[test]
    fn every_mistake_is_reported_at_its_place() {
        let found = |yaml: &str| {
            let spec: CacheSpec = serde_yaml::from_str(yaml).unwrap();
            let mut problems = Problems::default();
            spec.check(&mut problems);
            let paths = problems.list().iter().map(|problem| problem.path.to_string());
            paths.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found("{}"), "");
        assert_eq!(found("levels: []"), "levels");
        assert_eq!(
            found("{ttl: 0s, levels: [{capacity: 0B}, {ttl: 0s}, {name: l1}, {name: ''}]}"),
            "ttl levels.0.capacity levels.1.ttl levels.2.name levels.3.name"
        );
        assert!(serde_yaml::from_str::<CacheSpec>("levels: [{polcy: lru}]").is_err());
    }
}
