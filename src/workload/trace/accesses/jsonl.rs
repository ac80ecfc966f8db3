//! JSON objects, one a line, such as `{"time": 0, "key": "a", "size": 512}`.

use std::borrow::Cow;
use std::fmt;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::builder::{Access, Builder, KeyOf};
use super::columns::{
    Columns, KEY_NAMES, SIZE_NAMES, TIME_NAMES, bad_size, bad_time, names, number,
};
use super::input::next_line;
use crate::workload::trace::TraceError;

/// The longest line in bytes.
const LONGEST: u64 = 1 << 24;

/// The names of the fields.
struct Names<'a> {
    time: Vec<&'a str>,
    key: Vec<&'a str>,
    size: Vec<&'a str>,
    /// Whether time and size were asked for by name, so that they must be there.
    must: (bool, bool),
}

/// Reads all lines.
pub(super) fn read(
    input: &mut impl BufRead,
    columns: &Columns,
    builder: &mut Builder,
) -> Result<(), TraceError> {
    if columns.by_place() {
        return Err(builder.format(1, "fields of JSON objects have names, not numbers".into()));
    }
    let names = Names {
        time: names(columns.time.as_ref(), TIME_NAMES),
        key: names(columns.key.as_ref(), KEY_NAMES),
        size: names(columns.size.as_ref(), SIZE_NAMES),
        must: (columns.time.is_some(), columns.size.is_some()),
    };
    let mut line = Vec::new();
    let mut row = 0;
    while !builder.is_full() && next_line(input, &mut line, LONGEST).map_err(|e| builder.io(e))? {
        row += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match parse(&names, &line) {
            Ok(fields) => builder.push(fields.access())?,
            Err(why) => builder.bad_row(row, why)?,
        }
    }
    Ok(())
}

/// What a line says.
struct Fields<'a> {
    time: f64,
    key: JsonKey<'a>,
    size: u32,
}

enum JsonKey<'a> {
    Number(u64),
    Text(Cow<'a, str>),
}

impl Fields<'_> {
    fn access(&self) -> Access<'_> {
        let key = match &self.key {
            JsonKey::Number(number) => KeyOf::Number(*number),
            JsonKey::Text(text) => {
                number(text.as_bytes()).map_or(KeyOf::Text(text.as_bytes()), KeyOf::Number)
            }
        };
        Access { time: self.time, key, size: self.size }
    }
}

fn parse<'a>(names: &Names, line: &'a [u8]) -> Result<Fields<'a>, String> {
    let mut json = serde_json::Deserializer::from_slice(line);
    let fields = json.deserialize_map(FieldsVisitor(names)).map_err(|error| plain(&error))?;
    json.end().map_err(|error| plain(&error))?;
    Ok(fields)
}

/// The reason without the line number, which is always 1.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let column = error.column();
    let why = text.strip_suffix(&format!(" at line 1 column {column}")).unwrap_or(&text);
    format!("{why} (column {column})")
}

struct FieldsVisitor<'n>(&'n Names<'n>);

impl<'de> Visitor<'de> for FieldsVisitor<'_> {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object such as {\"time\": 0, \"key\": \"a\", \"size\": 512}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let names = self.0;
        let (mut time, mut key, mut size) = (None, None, None);
        while let Some(name) = map.next_key_seed(Text)? {
            let is = |names: &[&str]| names.contains(&&*name);
            if is(&names.key) {
                key = Some(map.next_value_seed(Key)?);
            } else if is(&names.time) {
                let value: serde_json::Value = map.next_value()?;
                let found = value.as_f64().filter(|time| time.is_finite());
                time = Some(
                    found.ok_or_else(|| A::Error::custom(bad_time(&name, &value.to_string())))?,
                );
            } else if is(&names.size) {
                let value: serde_json::Value = map.next_value()?;
                let found = value.as_u64().and_then(|size| u32::try_from(size).ok());
                size = Some(
                    found.ok_or_else(|| A::Error::custom(bad_size(&name, &value.to_string())))?,
                );
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let lacks = |names: &[&str]| A::Error::custom(format!("no field `{}`", names.join("`, `")));
        let key = key.ok_or_else(|| lacks(&names.key))?;
        if names.must.0 && time.is_none() {
            return Err(lacks(&names.time));
        }
        if names.must.1 && size.is_none() {
            return Err(lacks(&names.size));
        }
        Ok(Fields { time: time.unwrap_or(0.0), key, size: size.unwrap_or(1) })
    }
}

/// A text, borrowed from the line where it has no escapes.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A key: a whole number or a text.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = JsonKey<'de>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = JsonKey<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number or a text as the key")
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(JsonKey::Number(number))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(JsonKey::Text(Cow::Owned(number.to_string())))
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(JsonKey::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(JsonKey::Text(Cow::Owned(text.to_owned())))
    }
}
