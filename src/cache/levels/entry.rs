//! What a level keeps with a key.

use crate::cache::{Key, Slot};
use crate::kernel::{Duration, Time};

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

/// What a lookup found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit<V> {
    /// The value.
    pub value: V,
    /// Its bytes.
    pub bytes: u64,
    /// Whether its key has changed since it was written.
    pub stale: bool,
}

/// Now, and how many changes of keys there were until now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub now: Time,
    pub changes: u64,
}

/// A value on its way into a level or out of it. Levels keep it as [`Kept`] and,
/// where they need it, a [`Detail`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<V> {
    pub key: Key,
    pub value: V,
    pub size: Size,
    /// When the answer was made, in nanoseconds. Where it was there from the start, that
    /// is before zero and wraps: [`age`](Entry::age) is right all the same.
    pub written: u64,
    /// How long the answer may live, whatever the cache says; `MAX` if nothing
    /// is known of that.
    pub life: Duration,
    /// From this instant on it is gone here.
    pub expires: Time,
    /// From this instant on it is gone here, unless it is used before.
    pub idle: Time,
    /// The number of the first change that makes it stale.
    pub stale_from: u64,
    /// Its deadline as the level's timer knows it.
    pub mark: u64,
    /// Whether the next level must get it when it leaves this one.
    pub dirty: bool,
}

impl<V> Entry<V> {
    /// How long ago the answer was made.
    #[inline]
    pub fn age(&self, now: Time) -> Duration {
        Duration(now.0.wrapping_sub(self.written))
    }

    /// When it goes, as it looks now.
    #[inline]
    pub fn ends(&self) -> Time {
        self.expires.min(self.idle)
    }
}

/// Which entries that make room go on to the next level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PassOn {
    None,
    /// Those that it does not have.
    Dirty,
    All,
}

/// Entries that go on to the next level, in the order in which they went.
#[derive(Clone, Debug)]
pub(super) struct Passed<V> {
    pub which: PassOn,
    pub entries: Vec<Entry<V>>,
}

impl<V: Copy> Passed<V> {
    /// Offers the entry that is kept in `slot`.
    #[inline]
    pub fn offer_kept(&mut self, entries: &Entries<V>, slot: Slot, now: Time) {
        if self.which != PassOn::None {
            self.offer(&entries.get(slot), now);
        }
    }

    #[inline]
    pub fn offer(&mut self, entry: &Entry<V>, now: Time) {
        let wanted = match self.which {
            PassOn::None => false,
            PassOn::Dirty => entry.dirty,
            PassOn::All => true,
        };
        if wanted && entry.ends() > now {
            self.entries.push(*entry);
        }
    }
}

/// What every level keeps of an entry: with an answer of 32 bytes a cache line.
#[derive(Clone, Copy, Debug)]
struct Kept<V> {
    key: Key,
    value: V,
    /// The size; more than 2^32 - 1 counts as that, which no level takes.
    bytes: u32,
    tokens: u32,
    cost: f32,
    /// From this instant on it is gone.
    ends: Time,
}

/// What only levels keep that do more than let entries expire by their age.
#[derive(Clone, Copy, Debug)]
struct Detail {
    written: u64,
    life: Duration,
    expires: Time,
    idle: Time,
    stale_from: u64,
    mark: u64,
    dirty: bool,
}

/// A level's entries by slot; what is in a free slot means nothing.
#[derive(Clone, Debug)]
pub(super) struct Entries<V> {
    kept: Vec<Kept<V>>,
    /// Empty where nobody asks for it.
    details: Vec<Detail>,
    detailed: bool,
}

impl<V: Copy> Entries<V> {
    /// No entries, to be kept with or without detail.
    pub fn new(detailed: bool) -> Self {
        Entries { kept: Vec::new(), details: Vec::new(), detailed }
    }

    /// Keeps all detail from now on; there must be no entries yet.
    pub fn keep_detail(&mut self) {
        debug_assert!(self.kept.is_empty(), "what was kept without detail has none");
        self.detailed = true;
    }

    /// When the entry in `slot` goes, as it looks now.
    #[inline]
    pub fn ends(&self, slot: Slot) -> Time {
        self.kept[slot.index()].ends
    }

    /// The first change that makes it stale.
    #[inline]
    pub fn stale_from(&self, slot: Slot) -> u64 {
        self.details.get(slot.index()).map_or(u64::MAX, |detail| detail.stale_from)
    }

    /// Its deadline as the level's timer knows it.
    #[inline]
    pub fn mark(&self, slot: Slot) -> u64 {
        self.details.get(slot.index()).map_or(0, |detail| detail.mark)
    }

    /// Notes its deadline, for the level's timer.
    #[inline]
    pub fn set_mark(&mut self, slot: Slot, mark: u64) {
        if let Some(detail) = self.details.get_mut(slot.index()) {
            detail.mark = mark;
        }
    }

    /// It is used: it may be idle until `idle`. What was found.
    #[inline]
    pub fn use_until(&mut self, slot: Slot, idle: Time, changes: u64) -> Hit<V> {
        let kept = &mut self.kept[slot.index()];
        let mut stale = false;
        if let Some(detail) = self.details.get_mut(slot.index()) {
            detail.idle = idle;
            kept.ends = detail.expires.min(idle);
            stale = changes >= detail.stale_from;
        }
        Hit { value: kept.value, bytes: u64::from(kept.bytes), stale }
    }

    /// The entry in `slot`, with what is known of it.
    #[inline]
    pub fn get(&self, slot: Slot) -> Entry<V> {
        let Kept { key, value, bytes, tokens, cost, ends } = self.kept[slot.index()];
        let detail = self.details.get(slot.index()).copied().unwrap_or(Detail {
            written: 0,
            life: Duration::MAX,
            expires: ends,
            idle: Time::MAX,
            stale_from: u64::MAX,
            mark: 0,
            dirty: false,
        });
        let Detail { written, life, expires, idle, stale_from, mark, dirty } = detail;
        let size = Size { bytes: bytes.into(), tokens: tokens.into(), cost };
        Entry { key, value, size, written, life, expires, idle, stale_from, mark, dirty }
    }

    /// Puts an entry into `slot`.
    #[inline]
    pub fn put(&mut self, slot: Slot, entry: &Entry<V>) {
        let narrow = |size: u64| u32::try_from(size).unwrap_or(u32::MAX);
        let kept = Kept {
            key: entry.key,
            value: entry.value,
            bytes: narrow(entry.size.bytes),
            tokens: narrow(entry.size.tokens),
            cost: entry.size.cost,
            ends: entry.ends(),
        };
        put(&mut self.kept, slot, kept);
        if self.detailed {
            let Entry { written, life, expires, idle, stale_from, mark, dirty, .. } = *entry;
            let detail = Detail { written, life, expires, idle, stale_from, mark, dirty };
            put(&mut self.details, slot, detail);
        }
    }
}

#[inline]
fn put<T: Copy>(by_slot: &mut Vec<T>, slot: Slot, value: T) {
    if slot.index() >= by_slot.len() {
        by_slot.resize(slot.index() + 1, value);
    }
    by_slot[slot.index()] = value;
}
