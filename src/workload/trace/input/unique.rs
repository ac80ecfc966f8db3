//! JSON in which no object has a field twice: of two values a reader would take one in silence.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::TraceError;
use super::position::Position;

/// Reads the value that a text is, in which no object may have a field twice, however deep.
///
/// # Errors
/// If it is no such JSON, or none of the type; with line and column.
pub(crate) fn read_unique<'t, T: Deserialize<'t>>(
    text: &'t str,
    position: &Position,
) -> Result<T, TraceError> {
    let read = serde_json::from_str::<Unique>(text).and_then(|_| serde_json::from_str(text));
    read.map_err(|error| refuse(text, position, &error))
}

/// What is wrong with a text of JSON, at its place in the file; lines end with `\n`, `\r\n` or
/// `\r`.
#[cold]
pub(super) fn refuse(text: &str, position: &Position, error: &serde_json::Error) -> TraceError {
    let said = error.to_string();
    let (why, _) = said.rsplit_once(" at line ").unwrap_or((&said, ""));
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let begins: usize = lines.map(str::len).sum();
    let at = (begins + error.column()).min(text.len());
    let before = &text.as_bytes()[..at];
    // What is read last may be an end of a line: it belongs to its line.
    let before = &before[..before.trim_ascii_end().len().max(usize::from(!before.is_empty()))];
    let (line, column) = place(before);
    let position = Position { line, ..position.clone() };
    position.format(format!("{why} (column {column})"))
}

/// The line that comes after such bytes, from 1, and how many characters it has so far.
fn place(before: &[u8]) -> (u64, u64) {
    let ends = |at: &usize| {
        before[*at] == b'\n' || before[*at] == b'\r' && before.get(at + 1) != Some(&b'\n')
    };
    let lines = (0..before.len()).filter(ends).count() as u64;
    let begins = (0..before.len()).rev().find(ends).map_or(0, |at| at + 1);
    let characters = before[begins..].iter().filter(|byte| !matches!(byte, 0x80..=0xbf));
    (lines + 1, characters.count() as u64)
}

/// Any value, of which nothing is kept.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Unique)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        while items.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format!("the field `{name}` is there twice")));
            }
            map.next_value::<Unique>()?;
            names.insert(name);
        }
        Ok(Unique)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    #[test]
    fn a_field_named_twice_is_refused_however_deep() {
        let position = Position::before(Path::new("a.json"));
        let read =
            |text: &str| read_unique::<Value>(text, &position).map_err(|error| error.to_string());
        assert!(read("{\"a\": {\"b\": 1}, \"b\": [{\"a\": 1}, {\"a\": 1e400}]}").is_err());
        assert!(read("{\"a\": {\"b\": 1}, \"b\": [{\"a\": 1}, {\"a\": 2}]}").is_ok());
        for ends in ["\n", "\r\n", "\r"] {
            let text = ["{", "", "\"a\": 1,", " \"\\u0061\": 2}"].join(ends);
            let error = read(&text).unwrap_err();
            assert!(error.starts_with("a.json:4: the field `a` is there twice"), "{error}");
            let text = ["{", "\"ä\": x}"].join(ends);
            let error = read(&text).unwrap_err();
            assert_eq!(error, "a.json:2: expected value (column 6)", "{ends:?}");
            let text = ["[1,", "2", ""].join(ends);
            let error = read(&text).unwrap_err();
            assert!(error.starts_with("a.json:2: EOF while parsing a list"), "{error}");
        }
    }
}
