//! Values of an experiment as quantities that can be compared and divided.

use serde_yaml::Value;

use crate::experiment::load::plain::plain;
use crate::spec::{Capacity, Rate, parse_duration};

/// What a quantity measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::experiment) enum Kind {
    Number,
    Seconds,
    Usd,
    PerSecond,
    Bytes,
    Tokens,
}

/// The quantity that a value stands for; `None` where it is a name or a section.
pub(in crate::experiment) fn quantity(value: &Value) -> Option<(Kind, f64)> {
    let found = match value {
        Value::Number(number) => (Kind::Number, number.as_f64()?),
        Value::String(text) => of_text(text)?,
        _ => return None,
    };
    found.1.is_finite().then_some(found)
}

/// A value of an experiment as a number in its base unit (`2s` and `2` are 2), if it is a
/// quantity.
pub fn base_number(value: &Value) -> Option<f64> {
    quantity(value).map(|(_, number)| number)
}

fn of_text(text: &str) -> Option<(Kind, f64)> {
    if let Some(usd) = text.strip_prefix('$') {
        return usd.parse().ok().map(|usd| (Kind::Usd, usd));
    }
    if let Ok(number) = text.parse() {
        return Some((Kind::Number, number));
    }
    if let Ok(duration) = parse_duration(text) {
        return Some((Kind::Seconds, duration.as_secs_f64()));
    }
    if text.contains('/') {
        return text.parse::<Rate>().ok().map(|rate| (Kind::PerSecond, rate.per_sec()));
    }
    match text.parse::<Capacity>().ok()? {
        Capacity::Entries(entries) => Some((Kind::Number, entries as f64)),
        Capacity::Bytes(bytes) => Some((Kind::Bytes, bytes as f64)),
        Capacity::Tokens(tokens) => Some((Kind::Tokens, tokens as f64)),
        Capacity::Unbounded => None,
    }
}

/// The quantities of two values if they measure the same; a bare number goes with
/// a rate or money, which may be written so.
pub(super) fn comparable(a: &Value, b: &Value) -> Option<(f64, f64)> {
    let ((of_a, a), (of_b, b)) = (quantity(a)?, quantity(b)?);
    let bare = |kind, other| kind == Kind::Number && matches!(other, Kind::PerSecond | Kind::Usd);
    (of_a == of_b || bare(of_a, of_b) || bare(of_b, of_a) || a == 0.0 || b == 0.0).then_some((a, b))
}

/// Whether two values are the same however they are written: `60s` is `1m`.
pub(super) fn same_value(a: &Value, b: &Value) -> bool {
    plain(a) == plain(b) || comparable(a, b).is_some_and(|(a, b)| a == b)
}

/// A quantity split into what stands before its number, the number, and its unit: `("$", 0.03, "")`, `("", 20.0, "/s")`.
pub(super) fn split_quantity(text: &str) -> Option<(&str, f64, &str)> {
    let (sign, rest) = text.strip_prefix('$').map_or(("", text), |rest| ("$", rest));
    // An `e` may begin a unit or an exponent: the longest number is meant.
    let ends = (1..=rest.len()).rev().filter(|end| rest.is_char_boundary(*end));
    let (end, number) = ends
        .filter_map(|end| rest[..end].parse::<f64>().ok().map(|number| (end, number)))
        .find(|(_, number)| number.is_finite())?;
    Some((sign, number, &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_one_kind_compare_whatever_their_units() {
        let both = |a: &str, b: &str| comparable(&Value::from(a), &Value::from(b));
        assert_eq!(both("250ms", "2s"), Some((0.25, 2.0)));
        assert_eq!(both("120/m", "3"), Some((2.0, 3.0)));
        assert_eq!(both("1KiB", "2kB"), Some((1024.0, 2000.0)));
        assert_eq!(both("250ms", "3"), None);
        assert_eq!(both("lru", "3"), None);
    }

    #[test]
    fn a_quantity_comes_apart_into_number_and_unit() {
        assert_eq!(split_quantity("20/s"), Some(("", 20.0, "/s")));
        assert_eq!(split_quantity("$0.03"), Some(("$", 0.03, "")));
        assert_eq!(split_quantity("1e3 entries"), Some(("", 1000.0, " entries")));
        assert_eq!(split_quantity("2M tokens"), Some(("", 2.0, "M tokens")));
        assert_eq!(split_quantity("lru"), None);
    }
}
