//! Errors that are kept for a while, so that what just failed is not tried again
//! at once: negative caching, as name servers (RFC 2308) and HTTP caches do it.

use std::collections::VecDeque;

use crate::cache::{Key, KeyMap};
use crate::kernel::{Duration, Time};

/// Errors by key, each for the same span of time.
#[derive(Clone, Debug)]
pub struct NegativeCache<E> {
    ttl: Duration,
    errors: KeyMap<(E, Time)>,
    /// When each entry ends, in order; an entry that was replaced or forgotten
    /// leaves its mark here until then.
    ends: VecDeque<(Time, Key)>,
}

impl<E: Copy> NegativeCache<E> {
    /// No errors yet; each is kept for `ttl`.
    pub fn new(ttl: Duration) -> Self {
        NegativeCache { ttl, errors: KeyMap::default(), ends: VecDeque::new() }
    }

    /// The error of `key`, if one is kept.
    pub fn get(&mut self, key: Key, now: Time) -> Option<E> {
        self.advance(now);
        self.errors.get(key).map(|(error, _)| *error)
    }

    /// Keeps `error` for `key`, from now on.
    pub fn keep(&mut self, key: Key, error: E, now: Time) {
        self.advance(now);
        let end = now.saturating_add(self.ttl);
        self.errors.insert(key, (error, end));
        self.ends.push_back((end, key));
    }

    /// Forgets `key`, which has an answer now.
    pub fn forget(&mut self, key: Key) {
        if !self.errors.is_empty() {
            self.errors.remove(key);
        }
    }

    fn advance(&mut self, now: Time) {
        while let Some((end, key)) = self.ends.front().copied().filter(|(end, _)| *end <= now) {
            self.ends.pop_front();
            if self.errors.get(key).is_some_and(|(_, kept_until)| *kept_until == end) {
                self.errors.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_kept_for_its_time_and_no_longer() {
        let mut cache = NegativeCache::new(Duration(10));
        cache.keep(Key(1), "full", Time(0));
        assert_eq!(cache.get(Key(1), Time(9)), Some("full"));
        assert_eq!(cache.get(Key(2), Time(9)), None);
        assert_eq!(cache.get(Key(1), Time(10)), None);
    }

    #[test]
    fn a_later_error_lives_on_when_the_earlier_ends_and_an_answer_ends_both() {
        let mut cache = NegativeCache::new(Duration(10));
        cache.keep(Key(1), "full", Time(0));
        cache.keep(Key(1), "down", Time(5));
        assert_eq!(cache.get(Key(1), Time(12)), Some("down"));
        cache.forget(Key(1));
        assert_eq!(cache.get(Key(1), Time(13)), None);
        cache.keep(Key(1), "full", Time(14));
        assert_eq!(cache.get(Key(1), Time(15)), Some("full"), "the end of the forgotten is past");
        assert_eq!(cache.ends.len(), 1);
    }
}
