//! Fields of JSON objects, as they are written.

use std::borrow::Cow;
use std::fmt;

use super::unique::python_number;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object's fields, in their order: names, and values as they are written.
pub(in crate::workload) type Fields<'t> = Vec<(Cow<'t, str>, &'t RawValue)>;

/// Reads an object into `fields`, of which none may be named twice.
///
/// # Errors
/// What is wrong with it, with the column.
pub(in crate::workload) fn read_object<'t>(
    text: &'t [u8],
    fields: &mut Fields<'t>,
) -> Result<(), String> {
    fields.clear();
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = json.deserialize_map(Object(fields)).and_then(|()| json.end());
    read.map_err(|error| match plain(&error) {
        twice if twice.starts_with("the field `") => twice,
        why => {
            let python = python_number(text, &error).unwrap_or_default();
            format!("expected a JSON object: {why}{python}")
        }
    })
}

/// The value of a field, unless there is none, or it is null.
pub(in crate::workload) fn field<'f, 't>(
    fields: &'f Fields<'t>,
    name: &str,
) -> Option<&'f &'t RawValue> {
    let found = fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
    found.filter(|value| value.get() != "null")
}

/// A value as a text: what stands between quotation marks, or any other value as it is
/// written.
///
/// # Errors
/// If a text has an escape that is none.
pub(in crate::workload) fn text(value: &RawValue) -> Result<Cow<'_, str>, String> {
    let written = value.get();
    let Some(inner) = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Ok(Cow::Borrowed(written));
    };
    if !inner.contains('\\') {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(written).map(Cow::Owned).map_err(|error| plain(&error))
}

/// What JSON has against a line; the line's number is told elsewhere.
#[cold]
pub(in crate::workload) fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (why, _) = text.rsplit_once(" at line ").unwrap_or((&text, ""));
    format!("{} (column {})", in_plain_words(why), error.column())
}

/// What a parser expects, in words that are not those of its language.
#[cold]
pub(super) fn in_plain_words(why: &str) -> String {
    let words = [
        ("f64", "a number"),
        ("u64", "a whole number of 0 or more"),
        ("u32", "a whole number of 0 or more"),
        ("u16", "a whole number of 0 or more"),
        ("usize", "a whole number of 0 or more"),
        ("i64", "a whole number"),
        ("a sequence", "a list"),
        ("a map", "an object"),
        ("a string", "a text"),
    ];
    let found = words.iter().find(|(word, _)| {
        why.strip_suffix(word).is_some_and(|before| before.ends_with("expected "))
    });
    found.map_or(why.to_owned(), |(word, plain)| {
        format!("{}{plain}", why.strip_suffix(word).unwrap_or(why))
    })
}

struct Object<'f, 't>(&'f mut Fields<'t>);

impl<'t> Visitor<'t> for Object<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            if self.0.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(format!("the field `{name}` is there twice")));
            }
            let value = map.next_value()?;
            self.0.push((name, value));
        }
        Ok(())
    }
}

/// A name, borrowed from the text where it has no escapes.
struct Name;

impl<'t> DeserializeSeed<'t> for Name {
    type Value = Cow<'t, str>;
    fn deserialize<D: Deserializer<'t>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Name {
    type Value = Cow<'t, str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_borrowed_str<E: Error>(self, text: &'t str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_as_they_are_written() {
        let line =
            br#"{"id": 1267650600228229401496703205376, "t": 1.0e-5, "s": "a\u00e4", "n": null}"#;
        let mut fields = Fields::new();
        read_object(line, &mut fields).unwrap();
        let value = |name: &str| field(&fields, name).map(|value| text(value).unwrap());
        assert_eq!(value("id").unwrap(), "1267650600228229401496703205376");
        assert_eq!(value("t").unwrap(), "1.0e-5");
        assert_eq!(value("s").unwrap(), "a\u{e4}");
        assert_eq!((value("n"), value("x")), (None, None));
    }

    #[test]
    fn a_field_named_twice_is_refused_even_if_it_is_escaped() {
        let mut fields = Fields::new();
        for line in [r#"{"a": 1, "b": 2, "a": 3}"#, r#"{"a": 1, "\u0061": 3}"#] {
            let error = read_object(line.as_bytes(), &mut fields).unwrap_err();
            assert!(error.starts_with("the field `a` is there twice (column "), "{error}");
        }
        assert!(read_object(b"[1]", &mut fields).unwrap_err().contains("expected a JSON object"));
        assert!(read_object(b"{} {}", &mut fields).unwrap_err().contains("trailing characters"));
    }
}
