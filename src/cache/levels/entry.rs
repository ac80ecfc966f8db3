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

/// A value in a level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<V> {
    pub key: Key,
    pub value: V,
    pub size: Size,
    /// When the answer was made, in nanoseconds; before the run began if it was
    /// there from the start.
    pub written: i64,
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

/// Entries by slot; what is in a free slot means nothing.
#[inline]
pub(super) fn put<V: Copy>(entries: &mut Vec<Entry<V>>, slot: Slot, entry: Entry<V>) {
    if slot.index() >= entries.len() {
        entries.resize(slot.index() + 1, entry);
    }
    entries[slot.index()] = entry;
}
