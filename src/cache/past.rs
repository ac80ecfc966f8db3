//! What policies remember of keys that are no longer there.

use super::Key;
use super::index::hash;

/// When keys were last seen: 8 bytes for each, and room.
///
/// A key is remembered by 32 bits of its hash, so that of the strangers to a
/// past of a million keys one in 4000 is taken for one of them. Linear probing;
/// what is older than the floor is overwritten, or cleared when the table is
/// full.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Time and tag; 0 where nothing ever was.
    places: Vec<u64>,
    /// Places that are not 0.
    used: usize,
    /// The first time that counts.
    floor: u32,
}

/// A tag of 0 stands for a key that was taken out.
const GONE: u32 = 0;
/// The time of the first event is 1 or later, so that no place is 0.
const NEVER: u64 = 0;

#[inline]
fn tag(key: Key) -> u32 {
    ((hash(key) >> 32) as u32).max(1)
}

impl Past {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<u64>()
    }

    /// Forgets all that happened before `floor`.
    #[inline]
    pub fn forget_before(&mut self, floor: u32) {
        self.floor = floor;
    }

    #[inline]
    fn home(&self, tag: u32) -> usize {
        ((u64::from(tag) * self.places.len() as u64) >> 32) as usize
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        if at + 1 == self.places.len() { 0 } else { at + 1 }
    }

    #[inline]
    fn counts(&self, place: u64) -> bool {
        place as u32 != GONE && (place >> 32) as u32 >= self.floor
    }

    /// When `key` was seen, which is forgotten now.
    #[inline]
    pub fn take(&mut self, key: Key) -> Option<u32> {
        if self.places.is_empty() {
            return None;
        }
        let tag = tag(key);
        let mut at = self.home(tag);
        loop {
            let place = self.places[at];
            if place == NEVER {
                return None;
            }
            if place as u32 == tag && self.counts(place) {
                self.places[at] = place & !u64::from(u32::MAX);
                return Some((place >> 32) as u32);
            }
            at = self.after(at);
        }
    }

    /// Remembers that `key`, which is not known, was seen at `time`, from 1 on.
    /// Of more than `most` keys the oldest may be forgotten.
    #[inline]
    pub fn put(&mut self, key: Key, time: u32, most: usize) {
        debug_assert!(time > 0);
        // An empty place must stay, or a search would not end.
        if self.used + 1 >= self.places.len() / 16 * 15 {
            self.clear_out(most, 0);
        }
        self.insert(tag(key), time);
    }

    #[inline]
    fn insert(&mut self, tag: u32, time: u32) {
        let mut at = self.home(tag);
        while self.counts(self.places[at]) {
            at = self.after(at);
        }
        self.used += usize::from(self.places[at] == NEVER);
        self.places[at] = u64::from(time) << 32 | u64::from(tag);
    }

    /// Makes room: clears what does not count, forgets the oldest of more than
    /// `most`, and takes memory for a quarter more than there are, at most for
    /// `most`. All times become `earlier` less.
    #[cold]
    pub fn clear_out(&mut self, most: usize, earlier: u32) {
        let mut live: Vec<u64> =
            self.places.iter().copied().filter(|place| self.counts(*place)).collect();
        if live.len() > most {
            let oldest = live.len() - most;
            live.select_nth_unstable(oldest);
            self.floor = (live[oldest] >> 32) as u32;
            live.drain(..oldest);
        }
        let room = most.min(live.len() + live.len() / 4).max(live.len()).max(12);
        let places = (room + room / 4).next_multiple_of(16) + 16;
        self.places.clear();
        if places > self.places.capacity() || places < self.places.capacity() / 4 {
            self.places = Vec::with_capacity(places);
        }
        self.places.resize(places, NEVER);
        self.used = 0;
        self.floor = self.floor.saturating_sub(earlier);
        for place in live {
            if let Some(time) = ((place >> 32) as u32).checked_sub(earlier).filter(|t| *t > 0) {
                self.insert(place as u32, time);
            }
        }
    }
}
