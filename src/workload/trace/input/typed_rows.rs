//! Rows of a CSV as structs: tables that are read as a whole, by the rules of all readers.
//!
//! Fields that are numbers say so with `#[serde(deserialize_with = "typed_rows::whole")]` or
//! `typed_rows::number`, so that what is no such number is refused as it stands in the file.

use std::io::Read;
use std::path::Path;

use csv::ByteRecord;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};

use super::bytes;
use super::error::TraceError;
use super::number;
use super::shown;
use super::table::Table;

/// All rows of the file at `path`, plain or packed.
///
/// # Errors
/// If it cannot be read, lacks a column or names one twice, or has a row that is none; with the
/// place.
pub(crate) fn read<R: DeserializeOwned>(path: &Path) -> Result<Vec<R>, TraceError> {
    of(bytes::open_at(path)?.1, path)
}

/// All rows in `bytes`, which are those of the file at `path`.
///
/// # Errors
/// As [`read`].
pub(crate) fn of<R: DeserializeOwned>(bytes: impl Read, path: &Path) -> Result<Vec<R>, TraceError> {
    let mut table = Table::new(bytes, path, None)?;
    let header = ByteRecord::from(table.header().to_vec());
    let mut rows = Vec::new();
    while table.advance()? {
        let mut record = table.record().clone();
        record.trim();
        match record.deserialize(Some(&header)) {
            Ok(row) => rows.push(row),
            Err(error) => return Err(refuse::<R>(&table, &header, &error)),
        }
    }
    Ok(rows)
}

/// What is wrong with a row, by the name of the field.
#[cold]
fn refuse<R: DeserializeOwned>(
    table: &Table<impl Read>,
    header: &ByteRecord,
    error: &csv::Error,
) -> TraceError {
    let csv::ErrorKind::Deserialize { err, .. } = error.kind() else {
        return table.position().bad_row(error.to_string());
    };
    let why = err.kind().to_string();
    // A column that is not there is not there in any row.
    if let Some(name) = why.strip_prefix("missing field `").and_then(|it| it.strip_suffix('`')) {
        let mut position = table.position().clone();
        position.line = 1;
        return position.format(table.unknown_column(name));
    }
    // The one that is no good even where all others are.
    let width = header.len();
    let is_bad = |at: &usize| {
        let field = |place| if place == *at { table.field(place) } else { &b"0"[..] };
        let alone: ByteRecord = (0..width).map(field).collect();
        alone.deserialize::<R>(Some(header)).is_err()
    };
    let Some(at) = (0..width).find(is_bad) else { return table.position().bad_row(why) };
    let (name, found) = (&table.header()[at], shown(table.field(at)));
    table.position().bad_row(format!("{name} is `{found}`: {why}"))
}

/// A whole number of 0 or more, however it is written (`12`, `12.0`, `1.2e1`).
pub(crate) fn whole<'de, D: Deserializer<'de>>(field: D) -> Result<u64, D::Error> {
    let read = |text: &[u8]| number::whole(text).ok_or("expected a whole number of 0 or more");
    field.deserialize_bytes(Text(read))
}

/// A number that is finite.
pub(crate) fn number<'de, D: Deserializer<'de>>(field: D) -> Result<f64, D::Error> {
    let read = |text: &[u8]| finite(text).ok_or("expected a number");
    field.deserialize_bytes(Text(read))
}

/// The number that a text is, if it is finite: `inf`, `NaN` and what overflows are none.
pub(crate) fn finite(text: &[u8]) -> Option<f64> {
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    number.is_finite().then_some(number)
}

/// Reads a field's text.
struct Text<F>(F);

impl<T, F: Fn(&[u8]) -> Result<T, &'static str>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a field")
    }
    fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<T, E> {
        self.0(text.trim_ascii()).map_err(E::custom)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        self.visit_bytes(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Step {
        name: String,
        #[serde(deserialize_with = "whole")]
        tokens: u64,
        #[serde(deserialize_with = "number")]
        us: f64,
    }

    fn steps(text: &[u8]) -> Result<Vec<Step>, String> {
        of(text, Path::new("s.csv")).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_read_however_they_are_written() {
        let text = b"\xef\xbb\xbfus, tokens,name\r\n1e-05,4.0, a \r\n\r\n.5,1e3,\"b\n\"\r\n";
        let found = steps(text).unwrap();
        let step = |name: &str, tokens, us| Step { name: name.to_owned(), tokens, us };
        assert_eq!(found, [step("a", 4, 1e-5), step("b", 1000, 0.5)]);
        // No digit is lost.
        let text = b"us,tokens,name\n1,18446744073709551615,a\n";
        assert_eq!(steps(text).unwrap()[0].tokens, u64::MAX);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, why) in [
            (&b"us,tokens,name\n1,2,a\n\n1,x,a\n"[..], "s.csv:4: tokens is `x`: expected a whole"),
            (b"us,tokens,name\r1,2,a\r1,2.5,a\r", "s.csv:3: tokens is `2.5`: expected a whole"),
            (b"us,tokens,name\nNaN,2,a\n", "s.csv:2: us is `NaN`: expected a number"),
            (b"us,tokens,name\n1e999,2,a\n", "s.csv:2: us is `1e999`: expected a number"),
            (b"us,tokens,name\n,2,a\n", "s.csv:2: us is ``: expected a number"),
            (b"us,tokens,us\n1,2,3\n", "s.csv:1: the column `us` is there twice"),
            (
                b"us,token,name\n1,2,3\n",
                "there is no column `tokens` among `us,token,name`; did you",
            ),
            (b"us;tokens;name\n1;2;3\n", "if `;` stands between the columns"),
            (b"us,tokens,name\n1,2\n", "s.csv:2: expected 3 fields, found 2"),
            (b"us,tokens,name\n1,2,\xff\n", "s.csv:2: column 5: the byte 0xFF is not UTF-8"),
            (b"u\0s\0", "iconv -f UTF-16LE"),
            (b"", "s.csv: the file has no rows"),
        ] {
            let error = steps(text).unwrap_err();
            assert!(error.contains(why), "{error} lacks {why}");
        }
    }
}
