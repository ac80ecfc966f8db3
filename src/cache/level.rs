//! One level of a hierarchy: entries under a policy, each with its expiry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AnyPolicy, Key, PolicySpec, Slot};
use crate::kernel::{Duration, Time};
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

/// How large an answer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Its bytes.
    pub bytes: u64,
    /// Its tokens.
    pub tokens: u64,
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
    entries: Vec<Option<Entry<V>>>,
    stats: LevelStats,
}

impl<V: Copy> Level<V> {
    /// An empty level in the `place`th place from 0. `ttl` is for levels that
    /// have none of their own; `None`: entries never expire.
    pub fn new(spec: &LevelSpec, place: usize, ttl: Option<Duration>) -> Self {
        Level {
            name: spec.name_at(place),
            latency: spec.latency,
            ttl: spec.ttl.or(ttl).unwrap_or(Duration::MAX),
            capacity: spec.capacity,
            policy: spec.policy.build(spec.capacity),
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
        let Some((slot, entry)) = self.live(key, now) else {
            self.stats.misses += 1;
            return None;
        };
        self.stats.hits += 1;
        self.policy.hit(slot);
        Some(entry.value)
    }

    /// Writes `key`, in place if it is there.
    pub fn store(&mut self, key: Key, size: Size, value: V, now: Time) {
        let entry = Entry { value, size, expires: now.saturating_add(self.ttl) };
        let Some((slot, _)) = self.live(key, now) else {
            self.insert(key, entry);
            return;
        };
        let Some(weight) = self.weigh(size) else {
            // The old answer must not outlive the new one.
            self.policy.remove(slot);
            self.stats.evictions += 1;
            self.stats.rejected += 1;
            return;
        };
        self.stats.overwrites += 1;
        let evictions = &mut self.stats.evictions;
        if self.policy.rewrite(slot, weight, |_| *evictions += 1) {
            self.entries[slot.index()] = Some(entry);
        }
    }

    /// The entry of `key`, which is not counted as a use.
    pub(super) fn peek(&mut self, key: Key, now: Time) -> Option<Entry<V>> {
        self.live(key, now).map(|(_, entry)| entry)
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
    fn live(&mut self, key: Key, now: Time) -> Option<(Slot, Entry<V>)> {
        let slot = self.policy.find(key)?;
        let entry = self.entries[slot.index()]?;
        if entry.expires > now {
            return Some((slot, entry));
        }
        self.policy.remove(slot);
        self.stats.expirations += 1;
        None
    }

    /// Puts in a key that is not there; false if it is too large.
    fn insert(&mut self, key: Key, entry: Entry<V>) -> bool {
        let weight = self.weigh(entry.size);
        let evictions = &mut self.stats.evictions;
        let slot = match weight {
            Some(weight) => self.policy.admit(key, weight, |_| *evictions += 1),
            None => None,
        };
        let Some(slot) = slot else {
            self.stats.rejected += 1;
            return false;
        };
        if slot.index() >= self.entries.len() {
            self.entries.resize(slot.index() + 1, None);
        }
        self.entries[slot.index()] = Some(entry);
        self.stats.insertions += 1;
        true
    }

    /// What an entry counts for; `None` if it is larger than the level, or than
    /// 4 GiB or 2^32 tokens.
    fn weigh(&self, size: Size) -> Option<u32> {
        let (weight, capacity) = match self.capacity {
            Capacity::Entries(_) | Capacity::Unbounded => return Some(1),
            Capacity::Bytes(capacity) => (size.bytes, capacity),
            Capacity::Tokens(capacity) => (size.tokens, capacity),
        };
        u32::try_from(weight).ok().filter(|_| weight <= capacity)
    }
}
