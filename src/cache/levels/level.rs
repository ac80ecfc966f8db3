//! One level of a hierarchy: entries under a policy, each with its expiry.

use super::deadlines::Deadlines;
use super::entry::{Entries, Entry, Moment, PassOn, Passed};
use super::level_spec::LevelSpec;
use crate::cache::{Admission, AdmissionSpec, AnyPolicy, Hit, Item, Key, Slot};
use crate::kernel::{Duration, Stream, Time};
use crate::spec::Capacity;

/// What happened in a level. As long as statistics are not reset, `insertions =
/// evictions + expirations + invalidations + moved + entries held`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelStats {
    /// Times it was asked.
    pub lookups: u64,
    /// Lookups that found an entry.
    pub hits: u64,
    /// Of these, those whose key had changed since the entry was written.
    pub stale_hits: u64,
    /// Lookups that did not, or found an expired one.
    pub misses: u64,
    /// Entries that came in, by stores, promotions and from a faster level.
    pub insertions: u64,
    /// Stores of a key that was there already.
    pub overwrites: u64,
    /// Insertions of an entry that was found in a slower level.
    pub promotions: u64,
    /// Entries that went to make room, or outgrew the level.
    pub evictions: u64,
    /// Entries that were passed to the next level, of an exclusive cache.
    pub demotions: u64,
    /// The same of a write-back cache: entries that the next level did not have.
    pub write_backs: u64,
    /// Entries that were removed as expired.
    pub expirations: u64,
    /// Entries that were removed because their key had changed.
    pub invalidations: u64,
    /// Entries that left for another level, of an exclusive cache: they were
    /// found here and went up, or were written anew above.
    pub moved: u64,
    /// Entries not stored, being larger than the whole level, or not admitted.
    pub rejected: u64,
}

/// How a level differs from others besides its spec.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// For levels that have none of their own; `None`: entries never expire.
    pub ttl: Option<Duration>,
    /// The same after the last use.
    pub idle_ttl: Option<Duration>,
    /// Expired entries go by themselves.
    pub timer: bool,
    /// Stale entries go by themselves.
    pub purge: bool,
    /// What goes on to the next level.
    pub pass_on: PassOn,
    /// Whether more is asked of entries than when they expire: their age, their last
    /// use, whether they are stale.
    pub detailed: bool,
}

/// A cache with one policy and one capacity.
#[derive(Clone, Debug)]
pub(super) struct Level<V> {
    name: String,
    /// The level's own time to live, and the one that holds without any.
    own_ttl: Duration,
    ttl: Duration,
    idle_ttl: Duration,
    capacity: Capacity,
    admission: Option<Box<Admission>>,
    policy: AnyPolicy,
    entries: Entries<V>,
    passed: Passed<V>,
    timer: Option<Deadlines>,
    purge: Option<Deadlines>,
    stats: LevelStats,
}

impl<V: Copy> Level<V> {
    /// An empty level in the `place`th place from 0. `stream` is for a policy
    /// that draws lots.
    pub fn new(spec: &LevelSpec, place: usize, rules: &Rules, stream: Stream) -> Self {
        Level {
            name: spec.name_at(place),
            own_ttl: spec.ttl.unwrap_or(Duration::MAX),
            ttl: spec.ttl.or(rules.ttl).unwrap_or(Duration::MAX),
            idle_ttl: spec.idle_ttl.or(rules.idle_ttl).unwrap_or(Duration::MAX),
            capacity: spec.capacity,
            admission: (spec.admission != AdmissionSpec::default())
                .then(|| Box::new(Admission::new(&spec.admission))),
            policy: spec.policy.build(spec.capacity, stream),
            entries: Entries::new(rules.detailed),
            passed: Passed { which: rules.pass_on, entries: Vec::new() },
            timer: rules.timer.then(Deadlines::default),
            purge: rules.purge.then(Deadlines::default),
            stats: LevelStats::default(),
        }
    }

    /// What results call the level.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Entries held, among them those that expired unnoticed.
    pub fn len(&self) -> usize {
        self.policy.table().len()
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
    #[inline]
    pub fn lookup(&mut self, key: Key, at: Moment) -> Option<Hit<V>> {
        self.advance(at);
        self.stats.lookups += 1;
        let Some(slot) = self.live(key, at.now) else {
            self.stats.misses += 1;
            return None;
        };
        self.stats.hits += 1;
        self.policy.hit(slot);
        let idle = at.now.saturating_add(self.idle_ttl);
        let hit = self.entries.use_until(slot, idle, at.changes);
        self.stats.stale_hits += u64::from(hit.stale);
        Some(hit)
    }

    /// Writes an entry, in place if its key is there. It lives as long as entries
    /// do here, counted from when its answer was made.
    pub fn write(&mut self, mut entry: Entry<V>, at: Moment) {
        self.advance(at);
        let ttl = self.ttl_of(&entry);
        entry.expires = match ttl {
            Duration::MAX => Time::MAX,
            ttl => at.now + ttl.saturating_sub(entry.age(at.now)),
        };
        entry.idle = at.now.saturating_add(self.idle_ttl);
        let there = self.live(entry.key, at.now);
        if entry.expires <= at.now {
            // It came too late; so would the older one that it replaces.
            if let Some(slot) = there {
                self.policy.remove(slot);
                self.stats.expirations += 1;
            }
            return;
        }
        let Some(slot) = there else {
            self.insert(entry, at.now);
            return;
        };
        let Some(item) = self.item(&entry) else {
            // The old answer must not outlive the new one.
            self.policy.remove(slot);
            self.stats.evictions += 1;
            self.stats.rejected += 1;
            self.passed.offer(&entry, at.now);
            return;
        };
        self.stats.overwrites += 1;
        self.entries.put(slot, &entry);
        self.mark(slot);
        let Level { policy, entries, stats, passed, .. } = self;
        policy.rewrite(slot, item, |victim| {
            stats.evictions += 1;
            passed.offer_kept(entries, victim, at.now);
        });
    }

    /// The entry of `key`, which is not counted as a use.
    pub fn peek(&mut self, key: Key, at: Moment) -> Option<Entry<V>> {
        self.advance(at);
        self.live(key, at.now).map(|slot| self.entries.get(slot))
    }

    /// Takes the entry of `key` out, for another level.
    pub fn take(&mut self, key: Key, at: Moment) -> Option<Entry<V>> {
        self.advance(at);
        let slot = self.live(key, at.now)?;
        self.policy.remove(slot);
        self.stats.moved += 1;
        Some(self.entries.get(slot))
    }

    /// Takes an entry that was found in a slower level, to live no longer than it
    /// would have there, nor longer than entries live here. What was written here
    /// meanwhile is newer, and stays.
    pub fn take_promoted(&mut self, entry: Entry<V>, at: Moment) {
        self.advance(at);
        if self.live(entry.key, at.now).is_some() {
            return;
        }
        let expires = entry.expires.min(at.now.saturating_add(self.ttl_of(&entry)));
        let idle = at.now.saturating_add(self.idle_ttl);
        if self.insert(Entry { expires, idle, ..entry }, at.now) {
            self.stats.promotions += 1;
        }
    }

    /// Lets all that is due until `at` go.
    #[inline]
    pub fn advance(&mut self, at: Moment) {
        if self.timer.is_some() {
            self.expire(at.now);
        }
        if self.purge.is_some() {
            self.invalidate(at.changes);
        }
    }

    fn expire(&mut self, now: Time) {
        let Some(timer) = &mut self.timer else { return };
        while let Some((deadline, key)) = timer.due(now.0) {
            let Some(slot) = self.policy.find(key) else { continue };
            if self.entries.mark(slot) != deadline {
                continue;
            }
            let ends = self.entries.ends(slot);
            if ends > now {
                // It was used meanwhile.
                self.entries.set_mark(slot, ends.0);
                timer.add(ends.0, key);
            } else {
                self.policy.remove(slot);
                self.stats.expirations += 1;
            }
        }
    }

    fn invalidate(&mut self, changes: u64) {
        let Some(purge) = &mut self.purge else { return };
        while let Some((change, key)) = purge.due(changes) {
            let Some(slot) = self.policy.find(key) else { continue };
            if self.entries.stale_from(slot) == change {
                self.policy.remove(slot);
                self.stats.invalidations += 1;
            }
        }
    }

    /// Keeps the age of every entry, which is not known otherwise where nothing
    /// depends on it; there must be no entries yet.
    pub fn keep_ages(&mut self) {
        self.entries.keep_detail();
    }

    /// The live entries, the next to be evicted first.
    pub fn into_entries(mut self, at: Moment) -> Vec<Entry<V>> {
        self.advance(at);
        let entries = self.entries;
        let gone = std::iter::from_fn(|| self.policy.pop()).map(|slot| entries.get(slot));
        gone.filter(|entry| entry.ends() > at.now).collect()
    }

    /// The entries that go on to the next level, to be put back when empty.
    pub fn passed(&mut self) -> &mut Vec<Entry<V>> {
        &mut self.passed.entries
    }

    /// Counts `entries` as passed on.
    pub fn count_passed(&mut self, entries: u64) {
        match self.passed.which {
            PassOn::None => {}
            PassOn::Dirty => self.stats.write_backs += entries,
            PassOn::All => self.stats.demotions += entries,
        }
    }

    /// How long an entry may live here after its answer was made.
    fn ttl_of(&self, entry: &Entry<V>) -> Duration {
        if entry.life == Duration::MAX { self.ttl } else { entry.life.min(self.own_ttl) }
    }

    /// Where `key` is; removes it if it is expired.
    #[inline]
    fn live(&mut self, key: Key, now: Time) -> Option<Slot> {
        let slot = self.policy.find(key)?;
        if self.entries.ends(slot) > now {
            return Some(slot);
        }
        self.policy.remove(slot);
        self.stats.expirations += 1;
        None
    }

    /// Puts in an entry whose key is not there; false if it is too large or not
    /// admitted.
    fn insert(&mut self, entry: Entry<V>, now: Time) -> bool {
        let item = self.item(&entry);
        let admitted = |item: &Item| match &mut self.admission {
            Some(admission) => admission.admits(*item, entry.size),
            None => true,
        };
        let item = item.filter(admitted);
        let Level { policy, entries, stats, passed, .. } = self;
        let slot = item.and_then(|item| {
            policy.admit(item, |victim| {
                stats.evictions += 1;
                passed.offer_kept(entries, victim, now);
            })
        });
        let Some(slot) = slot else {
            self.stats.rejected += 1;
            self.passed.offer(&entry, now);
            return false;
        };
        self.entries.put(slot, &entry);
        self.mark(slot);
        self.stats.insertions += 1;
        true
    }

    /// Notes when the entry that came into `slot` is to go.
    #[inline]
    fn mark(&mut self, slot: Slot) {
        if self.timer.is_none() && self.purge.is_none() {
            return;
        }
        let Level { policy, entries, timer, purge, .. } = self;
        let mark = entries.ends(slot).0;
        entries.set_mark(slot, mark);
        let (key, stale_from) = (policy.table().key(slot), entries.stale_from(slot));
        if let Some(timer) = timer
            && mark != Time::MAX.0
        {
            timer.add(mark, key);
            timer.tidy(policy.table().len(), |mark, key| {
                policy.find(key).is_some_and(|slot| entries.mark(slot) == mark)
            });
        }
        if let Some(purge) = purge
            && stale_from != u64::MAX
        {
            purge.add(stale_from, key);
            purge.tidy(policy.table().len(), |change, key| {
                policy.find(key).is_some_and(|slot| entries.stale_from(slot) == change)
            });
        }
    }

    /// The entry as the policy sees it; `None` if it is larger than the level, or
    /// than 4 GiB or 2^32 tokens.
    fn item(&self, entry: &Entry<V>) -> Option<Item> {
        let (weight, capacity) = match self.capacity {
            Capacity::Entries(_) | Capacity::Unbounded => (1, u64::MAX),
            Capacity::Bytes(capacity) => (entry.size.bytes, capacity),
            Capacity::Tokens(capacity) => (entry.size.tokens, capacity),
        };
        let weight =
            u32::try_from(weight).ok().filter(|it| *it < u32::MAX && weight <= capacity)?;
        Some(Item { key: entry.key, weight, cost: entry.size.cost })
    }
}

#[cfg(test)]
mod tests;
