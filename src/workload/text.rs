//! Texts as Python sees them: the rules of keys and token counts were set by
//! `str.strip` and `str.split`.

/// Whether Python's `str.isspace` holds for `c`: Unicode's white space and the
/// four separators U+001C to U+001F.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The text without white space at its ends, as `text.strip()`.
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The number of words, as `len(text.split())`.
pub fn words(text: &str) -> u64 {
    text.split(is_space).filter(|word| !word.is_empty()).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each expectation is what Python answers.
    #[test]
    fn words_and_strip_agree_with_python() {
        for (text, stripped, count) in [
            ("What is machine learning?", "What is machine learning?", 4),
            ("  two\t\nwords  ", "two\t\nwords", 2),
            ("", "", 0),
            (" \u{a0}\u{2003} ", "", 0),
            ("\u{1c}a\u{1f}b\u{1d}", "a\u{1f}b", 2),
            ("a\u{85}b", "a\u{85}b", 2),
            ("zero\u{200b}width", "zero\u{200b}width", 1),
            ("日本\u{3000}語", "日本\u{3000}語", 2),
            ("don't-split, this", "don't-split, this", 2),
        ] {
            assert_eq!((strip(text), words(text)), (stripped, count), "{text:?}");
        }
    }
}
