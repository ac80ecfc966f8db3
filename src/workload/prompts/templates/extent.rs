//! How long a text is, without the text.

use crate::workload::text;

/// Characters and words of a text, and what is needed to join it to another: a word
/// that ends one text and begins the next is one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub chars: u32,
    pub words: u32,
    /// Whether its first character is part of a word.
    begins: bool,
    /// Whether its last one is.
    ends: bool,
}

impl Extent {
    pub fn of(text: &str) -> Self {
        let is_word = |c: Option<char>| c.is_some_and(|c| !text::is_space(c));
        Extent {
            chars: u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
            words: u32::try_from(text::words(text)).unwrap_or(u32::MAX),
            begins: is_word(text.chars().next()),
            ends: is_word(text.chars().next_back()),
        }
    }

    /// A text of one word: digits, say.
    pub fn word(chars: u32) -> Self {
        Extent { chars, words: 1, begins: true, ends: true }
    }

    /// The extent of this text and `next` right behind it.
    #[inline]
    pub fn then(self, next: Extent) -> Self {
        if self.chars == 0 || next.chars == 0 {
            return if self.chars == 0 { next } else { self };
        }
        let joined = u32::from(self.ends && next.begins);
        Extent {
            chars: self.chars.saturating_add(next.chars),
            words: self.words.saturating_add(next.words) - joined,
            begins: self.begins,
            ends: next.ends,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lengths_add_up_wherever_a_text_is_cut(
            cuts in prop::collection::vec("[ab\u{e9} \t\u{3000}]{0,4}", 0..6),
        ) {
            let sum = cuts.iter().map(|cut| Extent::of(cut)).fold(Extent::default(), Extent::then);
            prop_assert_eq!(sum, Extent::of(&cuts.concat()));
        }
    }
}
