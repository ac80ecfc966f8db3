//! A row of levels, fastest first.

use super::device::Device;
use super::entry::{Entry, Moment, PassOn};
use super::invalidation::Changes;
use super::level::{Level, LevelStats, Rules};
use super::level_spec::{PromoteSpec, PromoteTo};
use super::spec::{CacheSpec, ExpirySpec, ModeSpec, WriteSpec};
use crate::cache::{Hit, Key, KeyScopes, Size};
use crate::kernel::{Duration, Stream, Streams, Time};

/// Levels that are asked one after the other. Looking takes virtual time, so it
/// is the caller who goes from level to level, and who schedules the ends of
/// lookups:
///
/// ```
/// use windtunnel::cache::{CacheSpec, Hierarchy, Key, Size};
/// use windtunnel::kernel::{Streams, Time};
///
/// let mut cache = Hierarchy::new(&CacheSpec::default(), &Streams::new(42, 0));
/// let (key, me, mut now) = (Key(7), 1, Time::ZERO);
/// let size = Size { bytes: 800, tokens: 200, cost: 0.03 };
/// cache.store(key, size, "an answer", None, now);
/// for level in 0..cache.levels() {
///     now += cache.enter(level, me, now).expect("nobody waits where all are served at once");
///     let found = cache.lookup(level, key, now);
///     cache.leave(level, now);
///     if let Some(hit) = found {
///         cache.promote(level, key, now);
///         assert_eq!((level, hit.value), (0, "an answer"));
///         break;
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Hierarchy<V> {
    levels: Vec<Level<V>>,
    devices: Vec<Device>,
    promote: Vec<PromoteSpec>,
    mode: ModeSpec,
    write: WriteSpec,
    coins: Stream,
    changes: Option<Changes>,
    /// A change at the origin is of what a key asks for in every scope.
    scopes: KeyScopes,
}

impl<V: Copy> Hierarchy<V> {
    /// Empty levels; `warm_start` is not looked at. The spec must have passed its
    /// check. Streams: `cache.NAME.policy` and `cache.NAME.latency` for the level
    /// NAME, `cache.promotion`, `cache.invalidation`.
    pub fn new(spec: &CacheSpec, streams: &Streams) -> Self {
        let last = spec.levels.len().saturating_sub(1);
        let level = |(place, level): (usize, &super::LevelSpec)| {
            let pass_on = match (spec.mode, spec.write) {
                _ if place == last => PassOn::None,
                (ModeSpec::Exclusive, _) => PassOn::All,
                (ModeSpec::Inclusive, WriteSpec::Back) => PassOn::Dirty,
                (ModeSpec::Inclusive, WriteSpec::Through) => PassOn::None,
            };
            let rules = Rules {
                ttl: spec.ttl,
                idle_ttl: spec.idle_ttl,
                timer: spec.expiry == ExpirySpec::Timer,
                purge: spec.invalidation.as_ref().is_some_and(|spec| spec.purge),
                pass_on,
                detailed: pass_on != PassOn::None
                    || spec.mode == ModeSpec::Exclusive
                    || spec.idle_ttl.is_some()
                    || level.idle_ttl.is_some()
                    || spec.expiry == ExpirySpec::Timer
                    || spec.invalidation.is_some()
                    || !spec.ttl_by_class.is_empty(),
            };
            let stream = |of: &str| streams.stream(&format!("cache.{}.{of}", level.name_at(place)));
            let device = Device::new(level, stream("latency"));
            (Level::new(level, place, &rules, stream("policy")), device)
        };
        let (levels, devices) = spec.levels.iter().enumerate().map(level).unzip();
        let changes = |spec| Changes::new(spec, streams.stream("cache.invalidation"));
        Hierarchy {
            levels,
            devices,
            promote: spec.levels.iter().map(|level| level.promote.clone()).collect(),
            mode: spec.mode,
            write: spec.write,
            coins: streams.stream("cache.promotion"),
            changes: spec.invalidation.as_ref().map(changes),
            scopes: KeyScopes::default(),
        }
    }

    /// Keys are of several scopes, which a change at the origin does not tell apart.
    pub fn scope(&mut self, scopes: KeyScopes) {
        self.scopes = scopes;
    }

    /// Keeps the ages of entries, for [`into_contents`](Hierarchy::into_contents);
    /// there must be no entries yet.
    pub fn keep_ages(&mut self) {
        self.levels.iter_mut().for_each(Level::keep_ages);
    }

    /// How many levels there are.
    pub fn levels(&self) -> usize {
        self.levels.len()
    }

    /// What results call a level.
    pub fn name(&self, level: usize) -> &str {
        self.levels[level].name()
    }

    #[inline]
    fn at(&mut self, now: Time) -> Moment {
        let changes = self.changes.as_mut().map_or(0, |changes| changes.until(now));
        Moment { now, changes }
    }

    /// `who` begins a look into a level, which takes that long; `None` if it has
    /// to wait until [`leave`](Hierarchy::leave) names it.
    #[inline]
    pub fn enter(&mut self, level: usize, who: u32, now: Time) -> Option<Duration> {
        self.devices[level].enter(who, now)
    }

    /// How long it takes to read the `bytes` of an answer that was found.
    #[inline]
    pub fn transfer(&mut self, level: usize, bytes: u64) -> Duration {
        self.devices[level].transfer(bytes)
    }

    /// A look into a level ends. Who begins to look now, and how long that takes,
    /// if anyone waited.
    #[inline]
    pub fn leave(&mut self, level: usize, now: Time) -> Option<(u32, Duration)> {
        self.devices[level].leave(now)
    }

    /// Looks in one level: counts it there, and a hit as a use; no promotion.
    #[inline]
    pub fn lookup(&mut self, level: usize, key: Key, now: Time) -> Option<Hit<V>> {
        let at = self.at(now);
        self.levels[level].lookup(key, at)
    }

    /// After a hit in level `found`: copies the entry into the faster levels,
    /// nearest first, or moves it up; as often and as far as the level says. Does
    /// nothing if it is gone by `now`.
    pub fn promote(&mut self, found: usize, key: Key, now: Time) {
        if found == 0 {
            return;
        }
        let PromoteSpec { probability, to } = &self.promote[found];
        if probability.get() < 1.0 && self.coins.uniform() >= probability.get() {
            return;
        }
        let top = if *to == PromoteTo::All { 0 } else { found - 1 };
        let at = self.at(now);
        if self.mode == ModeSpec::Exclusive {
            if let Some(entry) = self.levels[found].take(key, at) {
                self.levels[top].take_promoted(entry, at);
                self.settle(top, at);
            }
        } else if let Some(entry) = self.levels[found].peek(key, at) {
            for level in (top..found).rev() {
                self.levels[level].take_promoted(Entry { dirty: false, ..entry }, at);
                self.settle(level, at);
            }
        }
    }

    /// Writes an answer that was made at `now`: to all levels, or to the fastest.
    /// `life` takes the place of the cache's `ttl`.
    pub fn store(&mut self, key: Key, size: Size, value: V, life: Option<Duration>, now: Time) {
        let at = self.at(now);
        self.write(None, self.entry(key, size, value, life, at), at);
    }

    /// Puts in an answer of the age `age` at the beginning of a run: into one
    /// level, or as if it were written then.
    pub fn warm(&mut self, level: Option<usize>, key: Key, size: Size, value: V, age: Duration) {
        let at = self.at(Time::ZERO);
        let written = Time::ZERO.0.wrapping_sub(age.0);
        let entry = self.entry(key, size, value, None, at);
        self.write(level, Entry { written, ..entry }, at);
    }

    #[inline]
    fn entry(
        &self,
        key: Key,
        size: Size,
        value: V,
        life: Option<Duration>,
        at: Moment,
    ) -> Entry<V> {
        let stale_from = self
            .changes
            .as_ref()
            .map_or(u64::MAX, |it| it.first_after(self.scopes.parts(key).0, at.changes));
        Entry {
            key,
            value,
            size,
            written: at.now.0,
            life: life.unwrap_or(Duration::MAX),
            expires: Time::MAX,
            idle: Time::MAX,
            stale_from,
            mark: 0,
            dirty: false,
        }
    }

    fn write(&mut self, level: Option<usize>, entry: Entry<V>, at: Moment) {
        let last = self.levels.len() - 1;
        match (level, self.mode, self.write) {
            (Some(level), _, _) => {
                self.levels[level].write(entry, at);
                self.settle(level, at);
            }
            (None, ModeSpec::Inclusive, WriteSpec::Through) => {
                for level in &mut self.levels {
                    level.write(entry, at);
                }
            }
            (None, ModeSpec::Inclusive, WriteSpec::Back) => {
                self.levels[0].write(Entry { dirty: last > 0, ..entry }, at);
                self.settle(0, at);
            }
            (None, ModeSpec::Exclusive, _) => {
                for level in &mut self.levels[1..] {
                    level.take(entry.key, at);
                }
                self.levels[0].write(entry, at);
                self.settle(0, at);
            }
        }
    }

    /// Takes what had to leave level `from` to the next, and so on down.
    #[inline]
    fn settle(&mut self, from: usize, at: Moment) {
        let last = self.levels.len() - 1;
        for level in from..last {
            if self.levels[level].passed().is_empty() {
                continue;
            }
            let mut passed = std::mem::take(self.levels[level].passed());
            self.levels[level].count_passed(passed.len() as u64);
            for entry in passed.drain(..) {
                let dirty = entry.dirty && level + 1 < last;
                self.levels[level + 1].write(Entry { dirty, ..entry }, at);
            }
            *self.levels[level].passed() = passed;
        }
    }

    /// What happened in a level since the last reset.
    pub fn stats(&self, level: usize) -> &LevelStats {
        self.levels[level].stats()
    }

    /// Mean seconds of a look into a level, the reading of what was found
    /// included.
    pub fn latency_mean_s(&self, level: usize) -> f64 {
        self.devices[level].mean_s()
    }

    /// Mean seconds of waiting for a level.
    pub fn wait_mean_s(&self, level: usize) -> f64 {
        self.devices[level].wait_mean_s()
    }

    /// The busy share of a level; NaN where it serves as many as come.
    pub fn utilization(&self, level: usize, now: Time) -> f64 {
        self.devices[level].utilization(now)
    }

    /// Entries that a level holds, among them those that expired unnoticed.
    pub fn entries(&self, level: usize) -> usize {
        self.levels[level].len()
    }

    /// What a level holds, in the unit of its capacity.
    pub fn weight(&self, level: usize) -> u64 {
        self.levels[level].weight()
    }

    /// Lets all that is due by itself until `now` go.
    pub fn advance(&mut self, now: Time) {
        let at = self.at(now);
        self.levels.iter_mut().for_each(|level| level.advance(at));
    }

    /// What every level holds: keys, values and their ages, the next to be evicted
    /// first.
    pub fn into_contents(mut self, now: Time) -> Vec<Vec<(Key, V, Duration)>> {
        let at = self.at(now);
        let of = |level: Level<V>| {
            let entries = level.into_entries(at).into_iter();
            entries.map(|entry| (entry.key, entry.value, entry.age(now))).collect()
        };
        self.levels.into_iter().map(of).collect()
    }

    /// Counts from zero again, as at the end of a warm-up; the contents stay.
    pub fn reset_stats(&mut self, now: Time) {
        self.advance(now);
        self.levels.iter_mut().for_each(Level::reset_stats);
        self.devices.iter_mut().for_each(|device| device.reset(now));
    }
}

#[cfg(test)]
mod tests;
