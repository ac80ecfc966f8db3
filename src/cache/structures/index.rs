//! From keys to slots.

use super::hashed::{Hashed, hash};
use crate::cache::Key;

/// Slots by key: of any keys by hashing, of keys that are numbers from 0 on by number.
#[derive(Clone, Debug)]
pub(super) enum Index {
    Hashed(Hashed),
    /// The slot of each key, or [`NONE`].
    Numbered(Vec<u32>),
}

const NONE: u32 = u32::MAX;

impl Default for Index {
    fn default() -> Self {
        Index::Hashed(Hashed::default())
    }
}

impl Index {
    /// For keys that are numbers from 0 to below `keys`: 4 bytes for each of them.
    pub fn numbered(keys: usize) -> Self {
        Index::Numbered(vec![NONE; keys])
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match self {
            Index::Hashed(hashed) => hashed.bytes(),
            Index::Numbered(slots) => slots.capacity() * size_of::<u32>(),
        }
    }

    /// The slot of `key`; `key_of` tells those of others.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a call costs a fifth of a lookup")]
    pub fn find(&self, key: Key, key_of: impl Fn(u32) -> Key) -> Option<u32> {
        match self {
            Index::Hashed(hashed) => hashed.find(hash(key), |slot| key_of(slot) == key),
            Index::Numbered(slots) => {
                slots.get(key.0 as usize).copied().filter(|slot| *slot != NONE)
            }
        }
    }

    /// Adds the slot of a key that is not there. `most` is how many there can ever be.
    #[inline]
    pub fn insert(&mut self, key: Key, slot: u32, most: usize, key_of: impl Fn(u32) -> Key) {
        match self {
            Index::Hashed(hashed) => {
                hashed.insert(hash(key), slot, most, |slot| hash(key_of(slot)));
            }
            Index::Numbered(slots) => {
                let at = key.0 as usize;
                if at >= slots.len() {
                    slots.resize(at + 1, NONE);
                }
                slots[at] = slot;
            }
        }
    }

    /// Takes the slot of a key out that is there.
    #[inline]
    pub fn remove(&mut self, key: Key, slot: u32) {
        match self {
            Index::Hashed(hashed) => hashed.remove(hash(key), slot),
            Index::Numbered(slots) => slots[key.0 as usize] = NONE,
        }
    }
}
