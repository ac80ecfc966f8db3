//! What policies remember of keys that are no longer there.

use super::hashed::hash;
use crate::cache::Key;

/// When keys were last seen: 8 bytes for each, and room.
///
/// A key is remembered by 32 bits of its hash, its tag, so that of the strangers
/// to a past of a million keys one in 4000 is taken for one of them. The table is
/// probed linearly and in the order of tags (O. Amble, D. E. Knuth: Ordered hash
/// tables. The Computer Journal 17(2), 1974), for most keys that are sought are
/// not there. What is older than the floor is overwritten, or cleared when the
/// table is full.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Time and tag; 0 where nothing ever was. Those that follow the last home
    /// hold what found no place before.
    places: Vec<u64>,
    /// Places where a key may be at home.
    homes: usize,
    /// Places that are not 0.
    used: usize,
    /// The first time that counts, and at least 1.
    floor: u32,
}

const NEVER: u64 = 0;

/// Never 0.
#[inline]
fn tag_of(key: Key) -> u32 {
    ((hash(key) >> 32) as u32).max(1)
}

#[inline]
fn tag(place: u64) -> u32 {
    place as u32
}

#[inline]
fn time(place: u64) -> u32 {
    (place >> 32) as u32
}

impl Past {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<u64>()
    }

    /// Forgets all that happened before `floor`.
    #[inline]
    pub fn forget_before(&mut self, floor: u32) {
        self.floor = floor.max(1);
    }

    /// Greater tags have later homes.
    #[inline]
    fn home(&self, tag: u32) -> usize {
        ((u64::from(tag) * self.homes as u64) >> 32) as usize
    }

    /// Where a tag is, or would have to be.
    #[inline]
    fn search(&self, wanted: u32) -> usize {
        let home = self.home(wanted);
        let later =
            self.places[home..].iter().position(|place| tag(*place) >= wanted || *place == NEVER);
        later.map_or(self.places.len(), |steps| home + steps)
    }

    /// When `key` was seen, which is forgotten now.
    #[inline]
    pub fn take(&mut self, key: Key) -> Option<u32> {
        if self.homes == 0 {
            return None;
        }
        let wanted = tag_of(key);
        let at = self.search(wanted);
        for place in &mut self.places[at..] {
            if tag(*place) != wanted {
                break;
            }
            let seen = time(*place);
            if seen >= self.floor {
                *place = u64::from(wanted);
                return Some(seen);
            }
        }
        None
    }

    /// Remembers that `key`, which is not known, was seen at `time`, from 1 on.
    /// Of more than `most` keys the oldest may be forgotten.
    #[inline]
    pub fn put(&mut self, key: Key, time: u32, most: usize) {
        debug_assert!(time > 0, "0 is the time of what was forgotten");
        if self.used >= self.homes / 16 * 15 {
            self.clear_out(most, 0);
        }
        self.insert(u64::from(time) << 32 | u64::from(tag_of(key)));
    }

    /// Puts a place where it belongs and moves those after it by one, up to the
    /// next that nobody needs.
    #[inline]
    fn insert(&mut self, mut moved: u64) {
        let at = self.search(tag(moved));
        for place in &mut self.places[at..] {
            let there = std::mem::replace(place, moved);
            if time(there) < self.floor {
                self.used += usize::from(there == NEVER);
                return;
            }
            moved = there;
        }
        self.places.push(moved);
        self.used += 1;
    }

    /// Makes room: clears what does not count, forgets the oldest of more than
    /// `most`, and takes memory for a quarter more than there are, at most for
    /// `most`, of which it keeps a quarter free. All times become `earlier` less.
    #[cold]
    pub fn clear_out(&mut self, most: usize, earlier: u32) {
        let floor = self.floor;
        let mut live = std::mem::take(&mut self.places);
        live.retain(|place| time(*place) >= floor);
        if live.len() > most {
            let oldest = live.len() - most;
            live.select_nth_unstable(oldest);
            self.floor = time(live[oldest]);
            live.drain(..oldest);
        }
        let room = most.min(live.len() + live.len() / 4).max(live.len()).max(12);
        self.homes = (room + room / 3).next_multiple_of(16) + 16;
        self.places = Vec::with_capacity(self.homes + 16);
        self.places.resize(self.homes, NEVER);
        self.used = 0;
        self.floor = self.floor.saturating_sub(earlier).max(1);
        for place in live {
            if time(place) > earlier {
                self.insert(place - (u64::from(earlier) << 32));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn the_past_is_a_map_from_keys_to_times_of_which_the_old_are_forgotten(
            keys in prop::collection::vec((0u64..60, 0u32..9), 1..600),
        ) {
            let (mut past, mut plain) = (Past::default(), BTreeMap::new());
            let mut floor = 1;
            for (now, (key, what)) in (1..).zip(keys) {
                prop_assert_eq!(past.take(Key(key)), plain.remove(&key));
                match what {
                    0 => {
                        floor = now - (now - floor) / 2;
                        past.forget_before(floor);
                        plain.retain(|_, time| *time >= floor);
                    }
                    1..3 => {}
                    _ => {
                        past.put(Key(key), now, 1000);
                        plain.insert(key, now);
                    }
                }
            }
        }
    }

    #[test]
    fn of_too_many_the_oldest_are_forgotten() {
        let mut past = Past::default();
        (1..=10_000).for_each(|now| past.put(Key(now.into()), now, 100));
        assert!(past.bytes() < 100 * 14 + 400, "{} bytes", past.bytes());
        let known =
            (1..=10_000u64).filter(|key| past.take(Key(*key)).is_some()).collect::<Vec<_>>();
        assert!((100..150).contains(&known.len()), "{}", known.len());
        let newest = 10_001 - known.len() as u64..=10_000;
        assert!(known.iter().copied().eq(newest), "the newest stay");
    }

    #[test]
    fn times_can_be_made_earlier() {
        let mut past = Past::default();
        (1..=100).for_each(|now| past.put(Key(now.into()), now, 1000));
        past.clear_out(1000, 40);
        assert_eq!(past.take(Key(100)), Some(60));
        assert_eq!(past.take(Key(41)), Some(1));
        assert_eq!(past.take(Key(40)), None);
    }
}
