//! A map from keys to small values, for what is known of keys beside answers.

use hashbrown::HashTable;

use super::Key;

/// A hash map whose memory is used again: once it has grown to its greatest
/// size, nothing is allocated. It has no order, and so cannot be iterated.
#[derive(Clone, Debug)]
pub struct KeyMap<T> {
    table: HashTable<(Key, T)>,
}

impl<T> Default for KeyMap<T> {
    fn default() -> Self {
        KeyMap { table: HashTable::new() }
    }
}

impl<T> KeyMap<T> {
    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// What is known of `key`.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&T> {
        self.table.find(key.mix(0), |(other, _)| *other == key).map(|(_, value)| value)
    }

    /// The same, to change.
    #[inline]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.table.find_mut(key.mix(0), |(other, _)| *other == key).map(|(_, value)| value)
    }

    /// Notes `value` for `key`, and returns what was known before.
    pub fn insert(&mut self, key: Key, value: T) -> Option<T> {
        if let Some(known) = self.get_mut(key) {
            return Some(std::mem::replace(known, value));
        }
        self.table.insert_unique(key.mix(0), (key, value), |(key, _)| key.mix(0));
        None
    }

    /// Forgets `key`.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let entry = self.table.find_entry(key.mix(0), |(other, _)| *other == key).ok()?;
        Some(entry.remove().0.1)
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
