//! Which prompt it is, told by what a trace says of it.

use super::accesses::whole_number;
use crate::workload::incoming::PromptId;

/// Equal texts are equal prompts. A whole number is the prompt's id itself, so that
/// a trace of ids is replayed with the same ids; of any other text it is a hash, so
/// that no text need be kept.
#[inline]
pub(super) fn of_text(text: &[u8]) -> PromptId {
    if let Some(number) = whole_number(text) {
        return PromptId(number);
    }
    let mut hash = TextHash::default();
    hash.add(text);
    hash.prompt()
}

/// A hash of a text as it grows (FNV-1a, with a last mix). Two of a million
/// different texts share one with a probability of 3 in 10^8.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextHash(u64);

impl Default for TextHash {
    fn default() -> Self {
        TextHash(0xcbf2_9ce4_8422_2325)
    }
}

impl TextHash {
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    }

    /// The hash of the text so far.
    #[inline]
    pub fn value(self) -> u64 {
        (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// The prompt that is the text so far.
    pub fn prompt(self) -> PromptId {
        PromptId(self.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_own_id_and_texts_differ() {
        assert_eq!(of_text(b"17"), PromptId(17));
        let texts = ["017", "17 ", "", "What is AI?", "What is AI", "-1", "1.0"];
        for (i, text) in texts.iter().enumerate() {
            let id = of_text(text.as_bytes());
            assert!(texts[..i].iter().all(|other| of_text(other.as_bytes()) != id), "{text}");
        }
    }
}
