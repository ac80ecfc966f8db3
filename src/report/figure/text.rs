//! How wide text is, from the embedded font's own metrics.

use std::sync::LazyLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};

/// Slack for readers of the SVG whose sans-serif is wider than Noto Sans.
const SLACK: f64 = 1.03;
/// Width in em of what the font has no glyph for: a full square, as in CJK.
const FOREIGN: f64 = 1.0;

/// Regular or bold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// Widths in em of the characters up to U+024F, and the font for the others.
struct Widths {
    latin: Vec<f64>,
    font: Option<FontRef<'static>>,
}

impl Widths {
    fn of(font: &'static [u8]) -> Self {
        let font = FontRef::new(font).ok();
        let latin = (0..0x250)
            .map(|code| char::from_u32(code).map_or(FOREIGN, |c| advance(font.as_ref(), c)))
            .collect();
        Widths { latin, font }
    }

    fn char(&self, c: char) -> f64 {
        self.latin.get(c as usize).copied().unwrap_or_else(|| advance(self.font.as_ref(), c))
    }
}

fn advance(font: Option<&FontRef<'static>>, c: char) -> f64 {
    const UNITS: f32 = 1000.0;
    let measure = |font: &FontRef<'static>| {
        let glyph = font.charmap().map(c)?;
        let metrics = GlyphMetrics::new(font, Size::new(UNITS), LocationRef::default());
        metrics.advance_width(glyph).map(|width| f64::from(width / UNITS))
    };
    font.and_then(measure).unwrap_or(FOREIGN)
}

static REGULAR: LazyLock<Widths> = LazyLock::new(|| Widths::of(notosans::REGULAR_TTF));
static BOLD: LazyLock<Widths> = LazyLock::new(|| Widths::of(notosans::BOLD_TTF));

/// The width of a line of text in px.
pub(crate) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let widths = match weight {
        Weight::Regular => &*REGULAR,
        Weight::Bold => &*BOLD,
    };
    text.chars().map(|c| widths.char(c)).sum::<f64>() * size * SLACK
}

/// The text cut to a width, with an ellipsis where something is missing.
pub(crate) fn shorten(text: &str, size: f64, weight: Weight, room: f64) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let shorter = format!("{}…", kept.iter().collect::<String>().trim_end());
        if kept.is_empty() || width(&shorter, size, weight) <= room {
            return shorter;
        }
    }
    String::new()
}

/// The text in lines no wider than `room`, at most `lines` of them; the last
/// is shortened if the text is longer still. Breaks after spaces, and after
/// `-_./,:` within words that are wider than a line.
pub(crate) fn wrap(text: &str, size: f64, weight: Weight, room: f64, lines: usize) -> Vec<String> {
    let fits = |text: &str| width(text.trim_end(), size, weight) <= room;
    let mut wrapped: Vec<String> = Vec::new();
    let mut line = String::new();
    for piece in text.split_inclusive(' ').flat_map(|word| pieces(word, fits(word))) {
        let longer = format!("{line}{piece}");
        if line.is_empty() || wrapped.len() + 1 == lines || fits(&longer) {
            line = longer;
        } else {
            wrapped.push(std::mem::replace(&mut line, piece.to_owned()));
        }
    }
    wrapped.push(line);
    wrapped.iter().map(|line| shorten(line.trim(), size, weight, room)).collect()
}

/// A word, in parts if it does not fit.
fn pieces(word: &str, fits: bool) -> impl Iterator<Item = &str> {
    word.split_inclusive(move |c| !fits && "-_./,:".contains(c))
}

/// Whether `wrap` showed all of a text.
pub(crate) fn whole(lines: &[String]) -> bool {
    !lines.iter().any(|line| line.ends_with('…'))
}

/// The text without characters that XML does not allow.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' | '\r' => ' ',
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => '\u{FFFD}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // Advances from the font's hmtx table: 572/1000 em for a digit.
        let digit = width("0", 10.0, Weight::Regular) / SLACK;
        assert!((digit - 5.72).abs() < 0.01, "{digit}");
        assert!(width("label", 12.0, Weight::Bold) > width("label", 12.0, Weight::Regular));
        assert!(width("語", 10.0, Weight::Regular) >= 10.0);
    }

    #[test]
    fn the_font_has_the_signs_that_charts_use() {
        for c in "·–…±µü\u{FFFD}".chars() {
            let font = FontRef::new(notosans::REGULAR_TTF).unwrap();
            assert!(font.charmap().map(c).is_some(), "{c}");
        }
    }

    #[test]
    fn wrapped_lines_fit_and_keep_every_word() {
        let text = "a rather long name of a model_with-parts.in/it";
        let lines = wrap(text, 12.0, Weight::Regular, 90.0, 9);
        assert!(lines.iter().all(|line| width(line, 12.0, Weight::Regular) <= 90.0));
        let joined = lines.concat().replace(' ', "");
        assert_eq!(joined, text.replace(' ', ""));
        let cut = wrap(text, 12.0, Weight::Regular, 90.0, 2);
        assert_eq!(cut.len(), 2);
        assert!(!whole(&cut) && whole(&lines));
    }
}
