//! Keys of a trace to dense numbers, in the order of their first access.

use std::ops::Range;

use hashbrown::HashTable;

/// Gives each distinct key the next number from 0. Numbers and texts are
/// different keys, even where they look alike.
#[derive(Debug, Default)]
pub(super) struct Interner {
    numbers: HashTable<(u64, u32)>,
    texts: HashTable<(Range<usize>, u32)>,
    /// All texts, one after another.
    letters: Vec<u8>,
    len: u32,
}

/// There are as many distinct keys as an id can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// One multiplication, folded onto itself, so that every bit of the key reaches
/// both ends of the result (as in wyhash).
#[inline]
fn mix(key: u64) -> u64 {
    let product = u128::from(key ^ 0x243f_6a88_85a3_08d3) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
    product as u64 ^ (product >> 64) as u64
}

fn mix_text(text: &[u8]) -> u64 {
    text.chunks(8).fold(text.len() as u64, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(hash ^ u64::from_le_bytes(word))
    })
}

impl Interner {
    /// How many distinct keys there are.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// The number of a numeric key.
    #[inline]
    pub(super) fn number(&mut self, key: u64) -> Result<u32, TooMany> {
        let hash = mix(key);
        if let Some((_, id)) = self.numbers.find(hash, |(known, _)| *known == key) {
            return Ok(*id);
        }
        let id = self.next()?;
        self.numbers.insert_unique(hash, (key, id), |(key, _)| mix(*key));
        Ok(id)
    }

    /// The number of a key that is a text.
    pub(super) fn text(&mut self, key: &[u8]) -> Result<u32, TooMany> {
        let hash = mix_text(key);
        let letters = &self.letters;
        if let Some((_, id)) = self.texts.find(hash, |(place, _)| letters[place.clone()] == *key) {
            return Ok(*id);
        }
        let id = self.next()?;
        let start = self.letters.len();
        self.letters.extend_from_slice(key);
        let letters = &self.letters;
        let entry = (start..letters.len(), id);
        self.texts.insert_unique(hash, entry, |(place, _)| mix_text(&letters[place.clone()]));
        Ok(id)
    }

    fn next(&mut self) -> Result<u32, TooMany> {
        let id = self.len;
        // The last number stays free, to mean none.
        self.len = self.len.checked_add(1).filter(|len| *len < u32::MAX).ok_or(TooMany)?;
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_numbered_in_the_order_of_their_first_access() {
        let mut keys = Interner::default();
        assert_eq!(keys.number(70), Ok(0));
        assert_eq!(keys.text(b"70"), Ok(1));
        assert_eq!(keys.number(70), Ok(0));
        assert_eq!(keys.text(b""), Ok(2));
        for key in 0..10_000 {
            keys.number(key << 40).unwrap();
            keys.text(format!("user/{key}").as_bytes()).unwrap();
        }
        assert_eq!(keys.number(9 << 40), Ok(3 + 18));
        assert_eq!(keys.text(b"user/9"), Ok(3 + 19));
        assert_eq!(keys.text(b"70"), Ok(1));
        assert_eq!(keys.len(), 20_003);
    }
}
