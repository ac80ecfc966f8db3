//! From the fields of a row, as texts, to a row.

use super::{Column, LogSpec, TimeUnit, Users};
use crate::workload::incoming::MAX_TOKENS;
use crate::workload::trace::stamp::{parse_digits, parse_stamp};
use crate::workload::trace::{Row, identity};

/// The fields of a row by [`Column`]; `None` where a row has none.
pub(super) type Fields<'f> = [Option<&'f [u8]>; 5];

/// Makes a row of its fields.
#[inline]
pub(super) fn row(spec: &LogSpec, users: &mut Users, fields: &Fields<'_>) -> Result<Row, String> {
    let names = spec.columns();
    let field = |column: Column| {
        let (_, name) = names[column as usize];
        fields[column as usize]
            .map(<[u8]>::trim_ascii)
            .ok_or_else(|| format!("there is no `{}`", name.unwrap_or_default()))
    };
    let tokens = |column: Column| {
        let text = field(column)?;
        count(text).ok_or_else(|| {
            let (_, name) = names[column as usize];
            format!(
                "{} is `{}`: expected a whole number from 0 to {MAX_TOKENS}",
                name.unwrap_or_default(),
                shown(text)
            )
        })
    };
    let time = field(Column::Time)?;
    let stamp = stamp(time, spec.unit).ok_or_else(|| {
        format!(
            "{} is `{}`: expected a number of 0 or more, or a time such as 2026-01-31T12:00:00Z",
            spec.time,
            shown(time)
        )
    })?;
    let prompt = spec.prompt.is_some().then(|| field(Column::Prompt)).transpose()?;
    let user = spec.user.is_some().then(|| field(Column::User)).transpose()?;
    Ok(Row {
        stamp,
        input_tokens: tokens(Column::Input)?,
        output_tokens: match fields[Column::Output as usize].map(<[u8]>::trim_ascii) {
            // Known to be unknown.
            Some([]) => None,
            _ => Some(tokens(Column::Output)?),
        },
        prompt: prompt.map(identity::of_text),
        user: user.map(|name| intern(users, name)),
    })
}

/// A user's number.
fn intern(users: &mut Users, name: &[u8]) -> u32 {
    let name = String::from_utf8_lossy(name);
    if let Some(known) = users.get_index_of(&*name) {
        return known as u32;
    }
    users.insert_full(name.into_owned()).0 as u32
}

/// A whole number of tokens; some logs write it with a point (`12.0`).
fn count(text: &[u8]) -> Option<u32> {
    let whole = match text.iter().position(|byte| *byte == b'.') {
        Some(point) if text[point + 1..].iter().all(|byte| *byte == b'0') => &text[..point],
        _ => text,
    };
    parse_digits(whole).filter(|n| *n <= u64::from(MAX_TOKENS)).map(|n| n as u32)
}

/// Nanoseconds, exact to the last digit.
pub(in crate::workload::trace) fn stamp(text: &[u8], unit: TimeUnit) -> Option<u64> {
    if text.get(4) == Some(&b'-') {
        return parse_stamp(text);
    }
    let (whole, decimals) = match text.iter().position(|byte| *byte == b'.') {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &[][..]),
    };
    let places = unit.decimals() as usize;
    let kept = &decimals[..decimals.len().min(places)];
    // Digits beyond a nanosecond are read, so that they are digits, and dropped.
    decimals.iter().all(u8::is_ascii_digit).then_some(())?;
    let fraction = if kept.is_empty() { 0 } else { parse_digits(kept)? };
    let fraction = fraction * 10u64.pow((places - kept.len()) as u32);
    parse_digits(whole)?.checked_mul(10u64.pow(unit.decimals()))?.checked_add(fraction)
}

/// A field's beginning, for an error.
fn shown(field: &[u8]) -> String {
    String::from_utf8_lossy(field).chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_in_every_unit() {
        for (text, unit, nanos) in [
            ("0", TimeUnit::S, Some(0)),
            ("1.5", TimeUnit::S, Some(1_500_000_000)),
            ("1700158546.68059001", TimeUnit::S, Some(1_700_158_546_680_590_010)),
            ("0.1234567899", TimeUnit::S, Some(123_456_789)),
            ("12.25", TimeUnit::Ms, Some(12_250_000)),
            ("7", TimeUnit::Us, Some(7000)),
            ("7.9", TimeUnit::Ns, Some(7)),
            ("1970-01-01T00:00:02Z", TimeUnit::Ms, Some(2_000_000_000)),
            ("-1", TimeUnit::S, None),
            ("1e3", TimeUnit::S, None),
            (".5", TimeUnit::S, None),
            ("1.x", TimeUnit::S, None),
            ("99999999999", TimeUnit::S, None),
        ] {
            assert_eq!(stamp(text.as_bytes(), unit), nanos, "{text} {unit:?}");
        }
    }

    #[test]
    fn counts_are_whole() {
        assert_eq!([count(b"12"), count(b"12.0"), count(b"12.5")], [Some(12), Some(12), None]);
        assert_eq!([count(b""), count(b"-3"), count(b"9999999999")], [None; 3]);
    }
}
