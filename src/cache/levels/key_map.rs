//! A map from keys to small values, for what is known of keys beside answers.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::cache::Key;

/// A hash map whose memory is used again: once it has grown to its greatest
/// size, nothing is allocated. It has no order, and so cannot be iterated.
#[derive(Clone, Debug)]
pub struct KeyMap<T> {
    map: HashMap<Key, T, BuildHasherDefault<KeyHasher>>,
}

/// Hashes a key by [`Key::mix`]: the same in every run.
#[derive(Clone, Copy, Debug, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    #[inline]
    fn write_u64(&mut self, bits: u64) {
        self.0 = Key(bits).mix(self.0);
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

impl<T> Default for KeyMap<T> {
    fn default() -> Self {
        KeyMap { map: HashMap::default() }
    }
}

impl<T> KeyMap<T> {
    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// What is known of `key`.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&T> {
        self.map.get(&key)
    }

    /// The same, to change.
    #[inline]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.map.get_mut(&key)
    }

    /// Notes `value` for `key`, and returns what was known before.
    pub fn insert(&mut self, key: Key, value: T) -> Option<T> {
        self.map.insert(key, value)
    }

    /// Forgets `key`.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        self.map.remove(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_replaced_and_forgotten_by_key() {
        let mut map = KeyMap::default();
        for key in 0..1000 {
            assert_eq!(map.insert(Key(key), key), None);
        }
        assert_eq!(map.insert(Key(7), 70), Some(7));
        assert_eq!(map.remove(Key(8)), Some(8));
        assert_eq!(map.remove(Key(8)), None);
        assert_eq!((map.get(Key(7)), map.get(Key(8)), map.len()), (Some(&70), None, 999));
        if let Some(value) = map.get_mut(Key(9)) {
            *value += 1;
        }
        assert_eq!(map.remove(Key(9)), Some(10));
    }
}
