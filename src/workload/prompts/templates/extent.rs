//! How long a text is, without the text.

use crate::workload::text;

/// Characters and words of a text, and what is needed to join it to another: a word
/// that ends one text and begins the next is one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub chars: u32,
    pub words: u32,
    /// White space before the first word, and behind the last; all of a text without words
    /// is both.
    before: u32,
    behind: u32,
}

impl Extent {
    pub fn of(text: &str) -> Self {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let is_space = |c: &char| text::is_space(*c);
        Extent {
            chars: count(text.chars().count()),
            words: u32::try_from(text::words(text)).unwrap_or(u32::MAX),
            before: count(text.chars().take_while(is_space).count()),
            behind: count(text.chars().rev().take_while(is_space).count()),
        }
    }

    /// A text of one word: digits, say.
    pub fn word(chars: u32) -> Self {
        Extent { chars, words: 1, before: 0, behind: 0 }
    }

    /// The extent of this text and `next` right behind it.
    #[inline]
    pub fn then(self, next: Extent) -> Self {
        if self.chars == 0 || next.chars == 0 {
            return if self.chars == 0 { next } else { self };
        }
        let joined = u32::from(self.behind == 0 && next.before == 0);
        let before = if self.words == 0 { self.chars + next.before } else { self.before };
        let behind = if next.words == 0 { next.chars + self.behind } else { next.behind };
        Extent {
            chars: self.chars.saturating_add(next.chars),
            words: self.words.saturating_add(next.words) - joined,
            before,
            behind,
        }
    }

    /// White space at the ends.
    pub fn blank(self) -> u32 {
        if self.words == 0 { self.chars } else { self.before + self.behind }
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
            let whole = cuts.concat();
            prop_assert_eq!(sum, Extent::of(&whole));
            let stripped = text::strip(&whole).chars().count();
            prop_assert_eq!((sum.chars - sum.blank()) as usize, stripped);
        }
    }
}
