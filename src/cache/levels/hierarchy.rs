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
    /// First those of each copy of the gateway, one copy after another, then those that
    /// all share.
    levels: Vec<Level<V>>,
    devices: Vec<Device>,
    /// Levels that each copy has of its own; 0 where there is one copy.
    own: usize,
    /// The level of the first copy's that a shared one would be, and of the copy at hand.
    skipped: usize,
    first: usize,
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
        Hierarchy::of_copies(spec, 1, streams)
    }

    /// The same for so many copies of a gateway, each of which has those levels of its own
    /// that are not shared. Streams of copy N, from 1 on, are `cache.NAME.copy_N.policy`
    /// and so on.
    pub fn of_copies(spec: &CacheSpec, copies: usize, streams: &Streams) -> Self {
        let last = spec.levels.len().saturating_sub(1);
        let level = |copy: usize, place: usize| {
            let level = &spec.levels[place];
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
            let name = level.name_at(place);
            let name = if copy == 0 { name } else { format!("{name}.copy_{copy}") };
            let stream = |of: &str| streams.stream(&format!("cache.{name}.{of}"));
            let device = Device::new(level, stream("latency"));
            (Level::new(level, place, &rules, stream("policy")), device)
        };
        let all = spec.levels.len();
        let own =
            if copies > 1 { spec.levels.iter().take_while(|it| !it.shared).count() } else { 0 };
        let mut places = Vec::new();
        (0..copies).for_each(|copy| places.extend((0..own).map(|place| (copy, place))));
        places.extend((own..all).map(|place| (0, place)));
        let (levels, devices) = places.into_iter().map(|(copy, place)| level(copy, place)).unzip();
        let changes = |spec| Changes::new(spec, streams.stream("cache.invalidation"));
        Hierarchy {
            levels,
            devices,
            own,
            skipped: copies.saturating_sub(1) * own,
            first: 0,
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

    /// How many levels a request meets.
    pub fn levels(&self) -> usize {
        self.promote.len()
    }

    /// How many levels there are, those of all copies among them; and of each, by number:
    /// what results call it, and the copy whose own it is.
    pub fn kept(&self) -> impl Iterator<Item = (usize, &str, Option<usize>)> {
        let own = self.own * self.copies();
        self.levels.iter().enumerate().map(move |(number, level)| {
            (number, level.name(), (number < own).then(|| number / self.own))
        })
    }

    /// What results call a level that a request meets.
    pub fn name(&self, level: usize) -> &str {
        self.levels[if level < self.own { level } else { self.skipped + level }].name()
    }

    fn copies(&self) -> usize {
        self.skipped.checked_div(self.own).map_or(1, |others| others + 1)
    }

    /// What follows is done by a copy of the gateway.
    #[inline]
    pub fn turn_to(&mut self, copy: u16) {
        self.first = usize::from(copy) * self.own;
    }

    /// The number of a level, of the copy at hand where it is one of its own.
    #[inline]
    fn number(&self, level: usize) -> usize {
        if level < self.own { self.first + level } else { self.skipped + level }
    }

    /// Whether any other copy has an answer to `key` in a level of its own.
    pub fn another_has(&mut self, key: Key, now: Time) -> bool {
        let at = self.at(now);
        let own = self.own * self.copies();
        let here = self.first..self.first + self.own;
        (0..own)
            .filter(|number| !here.contains(number))
            .any(|it| self.levels[it].peek(key, at).is_some())
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
        let number = self.number(level);
        self.devices[number].enter(who, now)
    }

    /// How long it takes to read the `bytes` of an answer that was found.
    #[inline]
    pub fn transfer(&mut self, level: usize, bytes: u64) -> Duration {
        let number = self.number(level);
        self.devices[number].transfer(bytes)
    }

    /// A look into a level ends. Who begins to look now, and how long that takes,
    /// if anyone waited.
    #[inline]
    pub fn leave(&mut self, level: usize, now: Time) -> Option<(u32, Duration)> {
        let number = self.number(level);
        self.devices[number].leave(now)
    }

    /// Looks in one level: counts it there, and a hit as a use; no promotion.
    #[inline]
    pub fn lookup(&mut self, level: usize, key: Key, now: Time) -> Option<Hit<V>> {
        let (at, number) = (self.at(now), self.number(level));
        self.levels[number].lookup(key, at)
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
        let from = self.number(found);
        if self.mode == ModeSpec::Exclusive {
            let to = self.number(top);
            if let Some(entry) = self.levels[from].take(key, at) {
                self.levels[to].take_promoted(entry, at);
                self.settle(top, at);
            }
        } else if let Some(entry) = self.levels[from].peek(key, at) {
            for level in (top..found).rev() {
                let number = self.number(level);
                self.levels[number].take_promoted(Entry { dirty: false, ..entry }, at);
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
        let last = self.levels() - 1;
        match (level, self.mode, self.write) {
            (Some(level), _, _) => {
                let number = self.number(level);
                self.levels[number].write(entry, at);
                self.settle(level, at);
            }
            (None, ModeSpec::Inclusive, WriteSpec::Through) => {
                for level in 0..=last {
                    let number = self.number(level);
                    self.levels[number].write(entry, at);
                }
            }
            (None, ModeSpec::Inclusive, WriteSpec::Back) => {
                let number = self.number(0);
                self.levels[number].write(Entry { dirty: last > 0, ..entry }, at);
                self.settle(0, at);
            }
            (None, ModeSpec::Exclusive, _) => {
                for level in 1..=last {
                    let number = self.number(level);
                    self.levels[number].take(entry.key, at);
                }
                let number = self.number(0);
                self.levels[number].write(entry, at);
                self.settle(0, at);
            }
        }
    }

    /// Takes what had to leave level `from` to the next, and so on down.
    #[inline]
    fn settle(&mut self, from: usize, at: Moment) {
        let last = self.levels() - 1;
        for level in from..last {
            let (upper, lower) = (self.number(level), self.number(level + 1));
            if self.levels[upper].passed().is_empty() {
                continue;
            }
            let mut passed = std::mem::take(self.levels[upper].passed());
            self.levels[upper].count_passed(passed.len() as u64);
            for entry in passed.drain(..) {
                let dirty = entry.dirty && level + 1 < last;
                self.levels[lower].write(Entry { dirty, ..entry }, at);
            }
            *self.levels[upper].passed() = passed;
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
