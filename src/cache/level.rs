//! One level of a hierarchy: entries under a policy, each with its expiry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AnyPolicy, Item, Key, PolicySpec, Slot};
use crate::kernel::{Duration, Stream, Time};
use crate::spec::{Capacity, Problems};

/// One level of a cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LevelSpec {
    /// What results call the level. Default: `l1`, `l2`, ... by its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How much it holds: entries (`1000`), bytes (`64MiB`), tokens (`2M tokens`)
    /// or `unbounded`. Bytes and tokens are those of the answers. Default: 1000
    /// entries.
    pub capacity: Capacity,
    /// Which entry goes when it is full. Default: `lru`.
    pub policy: PolicySpec,
    /// How long a look into it takes, found or not. Default: 0ms.
    pub latency: Duration,
    /// How long an entry lives after it was written. Default: the cache's `ttl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
}

impl Default for LevelSpec {
    fn default() -> Self {
        LevelSpec {
            name: None,
            capacity: Capacity::Entries(1000),
            policy: PolicySpec::default(),
            latency: Duration::ZERO,
            ttl: None,
        }
    }
}

impl LevelSpec {
    /// The level's name, given its place from 0.
    pub fn name_at(&self, place: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("l{}", place + 1))
    }

    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if self.name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            problems.at("name", |p| {
                p.error_help("a level's name cannot be empty", "leave it out to have `l1`, ...");
            });
        }
        if let Capacity::Entries(0) | Capacity::Bytes(0) | Capacity::Tokens(0) = self.capacity {
            problems.at("capacity", |p| {
                p.error_help("a level must hold something", "leave the level out to do without it");
            });
        }
        problems.at("policy", |p| self.policy.check(p));
        check_ttl(self.ttl, problems);
    }
}

/// Reports a time to live of nothing.
pub(super) fn check_ttl(ttl: Option<Duration>, problems: &mut Problems) {
    if ttl.is_some_and(Duration::is_zero) {
        problems.at("ttl", |p| {
            p.error_help(
                "entries would expire as they are written",
                "leave `ttl` out for entries that never expire",
            );
        });
    }
}

/// How large an answer is, and what it is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// Its bytes.
    pub bytes: u64,
    /// Its tokens.
    pub tokens: u64,
    /// What it costs to make again, US dollars.
    pub cost: f32,
}

/// What happened in a level. As long as statistics are not reset,
/// `insertions = evictions + expirations + entries held`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelStats {
    /// Times it was asked.
    pub lookups: u64,
    /// Lookups that found an entry.
    pub hits: u64,
    /// Lookups that did not, or found an expired one.
    pub misses: u64,
    /// Entries that came in, by stores and promotions.
    pub insertions: u64,
    /// Stores of a key that was there already.
    pub overwrites: u64,
    /// Insertions that were copies of an entry found in a slower level.
    pub promotions: u64,
    /// Entries that went to make room, or outgrew the level.
    pub evictions: u64,
    /// Entries found to be expired, and removed.
    pub expirations: u64,
    /// Entries not stored, being larger than the whole level.
    pub rejected: u64,
}

/// A value in a level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<V> {
    value: V,
    size: Size,
    /// From this instant on it is gone.
    expires: Time,
}

/// A cache with one policy and one capacity.
#[derive(Clone, Debug)]
pub struct Level<V> {
    name: String,
    latency: Duration,
    ttl: Duration,
    capacity: Capacity,
    policy: AnyPolicy,
    /// By slot; what is in a free slot means nothing.
    entries: Vec<Entry<V>>,
    stats: LevelStats,
}

impl<V: Copy> Level<V> {
    /// An empty level in the `place`th place from 0. `ttl` is for levels that
    /// have none of their own; `None`: entries never expire. `stream` is for a
    /// policy that draws lots.
    pub fn new(spec: &LevelSpec, place: usize, ttl: Option<Duration>, stream: Stream) -> Self {
        Level {
            name: spec.name_at(place),
            latency: spec.latency,
            ttl: spec.ttl.or(ttl).unwrap_or(Duration::MAX),
            capacity: spec.capacity,
            policy: spec.policy.build(spec.capacity, stream),
            entries: Vec::new(),
            stats: LevelStats::default(),
        }
    }

    /// What results call the level.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long a look into it takes.
    pub fn latency(&self) -> Duration {
        self.latency
    }

    /// Entries held, among them those that expired unnoticed.
    pub fn len(&self) -> usize {
        self.policy.table().len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.policy.table().is_empty()
    }

    /// What is held, in the unit of the capacity.
    pub fn weight(&self) -> u64 {
        self.policy.table().weight()
    }

    /// What happened since the last [`reset_stats`](Level::reset_stats).
    pub fn stats(&self) -> &LevelStats {
        &self.stats
    }

    /// Counts from zero again; the entries stay.
    pub fn reset_stats(&mut self) {
        self.stats = LevelStats::default();
    }

    /// Asks for `key`: a hit counts as a use.
    pub fn lookup(&mut self, key: Key, now: Time) -> Option<V> {
        self.stats.lookups += 1;
        let Some(slot) = self.live(key, now) else {
            self.stats.misses += 1;
            return None;
        };
        self.stats.hits += 1;
        self.policy.hit(slot);
        Some(self.entries[slot.index()].value)
    }

    /// Writes `key`, in place if it is there.
    pub fn store(&mut self, key: Key, size: Size, value: V, now: Time) {
        let entry = Entry { value, size, expires: now.saturating_add(self.ttl) };
        let Some(slot) = self.live(key, now) else {
            self.insert(key, entry);
            return;
        };
        let Some(item) = self.item(key, size) else {
            // The old answer must not outlive the new one.
            self.policy.remove(slot);
            self.stats.evictions += 1;
            self.stats.rejected += 1;
            return;
        };
        self.stats.overwrites += 1;
        let evictions = &mut self.stats.evictions;
        if self.policy.rewrite(slot, item, |_| *evictions += 1) {
            self.entries[slot.index()] = entry;
        }
    }

    /// The entry of `key`, which is not counted as a use.
    pub(super) fn peek(&mut self, key: Key, now: Time) -> Option<Entry<V>> {
        self.live(key, now).map(|slot| self.entries[slot.index()])
    }

    /// Takes a copy of an entry of a slower level, which lives no longer than
    /// the original, nor longer than entries live here. What was written here
    /// meanwhile is newer, and stays.
    pub(super) fn take_promoted(&mut self, key: Key, entry: Entry<V>, now: Time) {
        if self.live(key, now).is_some() {
            return;
        }
        let expires = entry.expires.min(now.saturating_add(self.ttl));
        if self.insert(key, Entry { expires, ..entry }) {
            self.stats.promotions += 1;
        }
    }

    /// Where `key` is; removes it if it is expired.
    fn live(&mut self, key: Key, now: Time) -> Option<Slot> {
        let slot = self.policy.find(key)?;
        if self.entries[slot.index()].expires > now {
            return Some(slot);
        }
        self.policy.remove(slot);
        self.stats.expirations += 1;
        None
    }

    /// Puts in a key that is not there; false if it is too large.
    fn insert(&mut self, key: Key, entry: Entry<V>) -> bool {
        let item = self.item(key, entry.size);
        let evictions = &mut self.stats.evictions;
        let slot = match item {
            Some(item) => self.policy.admit(item, |_| *evictions += 1),
            None => None,
        };
        let Some(slot) = slot else {
            self.stats.rejected += 1;
            return false;
        };
        if slot.index() >= self.entries.len() {
            self.entries.resize(slot.index() + 1, entry);
        }
        self.entries[slot.index()] = entry;
        self.stats.insertions += 1;
        true
    }

    /// The entry as the policy sees it; `None` if it is larger than the level, or
    /// than 4 GiB or 2^32 tokens.
    fn item(&self, key: Key, size: Size) -> Option<Item> {
        let (weight, capacity) = match self.capacity {
            Capacity::Entries(_) | Capacity::Unbounded => (1, u64::MAX),
            Capacity::Bytes(capacity) => (size.bytes, capacity),
            Capacity::Tokens(capacity) => (size.tokens, capacity),
        };
        let weight = u32::try_from(weight).ok().filter(|_| weight <= capacity)?;
        Some(Item { key, weight, cost: size.cost })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: Size = Size { bytes: 10, tokens: 1, cost: 1.0 };

    fn stream() -> Stream {
        crate::kernel::Streams::new(1, 0).stream("policy")
    }

    fn level(capacity: Capacity, ttl: Option<u64>) -> Level<u32> {
        let spec = LevelSpec { capacity, ttl: ttl.map(Duration), ..LevelSpec::default() };
        Level::new(&spec, 0, None, stream())
    }

    #[test]
    fn an_entry_lives_for_its_ttl_after_the_last_write_and_no_longer() {
        let mut level = level(Capacity::Entries(10), Some(100));
        level.store(Key(1), SMALL, 7, Time(0));
        assert_eq!(level.lookup(Key(1), Time(99)), Some(7), "a look does not prolong it");
        assert_eq!(level.lookup(Key(1), Time(100)), None);
        assert_eq!((level.len(), level.stats().expirations, level.stats().misses), (0, 1, 1));

        level.store(Key(1), SMALL, 8, Time(200));
        level.store(Key(1), SMALL, 9, Time(250));
        assert_eq!(level.lookup(Key(1), Time(349)), Some(9), "a write does");
        assert_eq!(level.lookup(Key(1), Time(350)), None);
        assert_eq!((level.stats().insertions, level.stats().overwrites), (2, 1));
    }

    #[test]
    fn without_a_ttl_nothing_expires() {
        let mut level = level(Capacity::Entries(10), None);
        level.store(Key(1), SMALL, 7, Time(5));
        assert_eq!(level.lookup(Key(1), Time(u64::MAX - 1)), Some(7));
    }

    #[test]
    fn a_store_over_an_expired_entry_counts_as_a_new_one() {
        let mut level = level(Capacity::Entries(10), Some(100));
        level.store(Key(1), SMALL, 7, Time(0));
        level.store(Key(1), SMALL, 8, Time(100));
        let stats = level.stats();
        assert_eq!((stats.insertions, stats.expirations, stats.overwrites), (2, 1, 0));
    }

    #[test]
    fn capacity_is_in_bytes_or_tokens_where_it_says_so() {
        let size = |bytes, tokens| Size { bytes, tokens, cost: 1.0 };
        for (capacity, held) in [
            (Capacity::Entries(2), 2),
            (Capacity::Bytes(100), 1),
            (Capacity::Tokens(7), 3),
            (Capacity::Unbounded, 4),
        ] {
            let mut level = level(capacity, None);
            for key in 0..4 {
                level.store(Key(key), size(60, 2), 0, Time(0));
            }
            assert_eq!(level.len(), held, "{capacity}");
        }
    }

    #[test]
    fn what_is_larger_than_the_level_is_rejected_and_replaces_nothing_but_itself() {
        let mut level = level(Capacity::Bytes(100), None);
        let size = |bytes| Size { bytes, tokens: 0, cost: 1.0 };
        level.store(Key(1), size(60), 1, Time(0));
        level.store(Key(2), size(101), 2, Time(0));
        level.store(Key(3), size(u64::MAX), 3, Time(0));
        assert_eq!((level.len(), level.weight(), level.stats().rejected), (1, 60, 2));
        level.store(Key(1), size(101), 1, Time(0));
        assert_eq!(level.lookup(Key(1), Time(0)), None, "the old answer is out of date");
        assert_eq!((level.stats().rejected, level.stats().evictions), (3, 1));
    }

    #[test]
    fn entries_of_no_size_still_take_room() {
        let mut level = level(Capacity::Tokens(3), None);
        for key in 0..10 {
            level.store(Key(key), Size::default(), 0, Time(0));
        }
        assert_eq!((level.len(), level.weight()), (3, 3));
    }

    proptest! {
        #[test]
        fn levels_stay_within_capacity_and_their_books_balance(
            capacity in prop_oneof![
                (1u64..20).prop_map(Capacity::Entries),
                (1u64..200).prop_map(Capacity::Bytes),
                (1u64..50).prop_map(Capacity::Tokens),
            ],
            policy in prop_oneof![Just(PolicySpec::Lru), Just(PolicySpec::Fifo)],
            ops in prop::collection::vec((0u64..30, 0u64..60, any::<bool>()), 1..300),
        ) {
            let ttl = Some(Duration(40));
            let mut level = Level::new(&LevelSpec { capacity, policy, ttl, ..LevelSpec::default() }, 0, None, stream());
            let most = match capacity {
                Capacity::Entries(n) | Capacity::Bytes(n) | Capacity::Tokens(n) => n,
                Capacity::Unbounded => u64::MAX,
            };
            let mut written = std::collections::BTreeMap::new();
            for (now, (key, size, store)) in ops.into_iter().enumerate() {
                let now = Time(now as u64);
                if store {
                    level.store(Key(key), Size { bytes: size, tokens: size / 4, cost: 1.0 }, now, now);
                    written.insert(key, now);
                } else if let Some(value) = level.lookup(Key(key), now) {
                    prop_assert_eq!(Some(&value), written.get(&key), "the last value written");
                    prop_assert!(now.since(value) < Duration(40));
                }
                let stats = *level.stats();
                prop_assert!(level.weight() <= most);
                prop_assert_eq!(stats.lookups, stats.hits + stats.misses);
                prop_assert_eq!(
                    stats.insertions,
                    stats.evictions + stats.expirations + level.len() as u64
                );
            }
        }
    }
}
