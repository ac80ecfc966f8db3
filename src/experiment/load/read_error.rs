//! What serde says of a mistake, in a user's words.

use std::fmt;

use serde::de;

use crate::spec::{Segment, nearest};

/// A mistake on its way out of the tree; the path is collected backwards.
#[derive(Debug)]
pub(super) struct ReadError {
    pub path: Vec<Segment>,
    pub at_key: bool,
    /// The field that is missing, if that is the mistake.
    pub missing: Option<&'static str>,
    pub message: String,
    pub help: Option<String>,
}

impl ReadError {
    pub(super) fn new(message: String) -> Self {
        ReadError { path: Vec::new(), at_key: false, missing: None, message, help: None }
    }

    pub(super) fn within(mut self, step: Segment) -> Self {
        self.path.push(step);
        self
    }

    fn unknown(what: &str, name: &str, known: &'static [&'static str]) -> Self {
        let mut error = ReadError::new(format!("unknown {what} `{name}`"));
        error.help = Some(match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected one of: {}", known.join(", ")),
        });
        error
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

/// serde's words for what it expected, as a user would say them.
fn plain_words(expected: &str) -> String {
    match expected {
        "f64" | "f32" => "a number".to_owned(),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u8" | "u16" | "u64" | "usize" => "a whole number of 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" => "text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a map of names to settings".to_owned(),
        other if other.starts_with("struct ") => "a map of settings".to_owned(),
        other => other.to_owned(),
    }
}

fn found_words(found: &de::Unexpected) -> String {
    match found {
        de::Unexpected::Unit => "nothing".to_owned(),
        de::Unexpected::Map => "a map".to_owned(),
        de::Unexpected::Seq => "a list".to_owned(),
        de::Unexpected::Str(text) => format!("text `{text}`"),
        de::Unexpected::Bool(value) => format!("`{value}`"),
        de::Unexpected::Unsigned(value) => format!("`{value}`"),
        de::Unexpected::Signed(value) => format!("`{value}`"),
        de::Unexpected::Float(value) => format!("`{value}`"),
        other => other.to_string(),
    }
}

/// Whether a text is a number but for underscores between its digits.
fn is_number_with_underscores(text: &str) -> bool {
    text.contains('_') && text.replace('_', "").parse::<f64>().is_ok()
}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        ReadError::new(message.to_string())
    }
    fn invalid_type(found: de::Unexpected, expected: &dyn de::Expected) -> Self {
        let expected = plain_words(&expected.to_string());
        let mut error =
            ReadError::new(format!("expected {expected}, found {}", found_words(&found)));
        error.help = match found {
            // A name that looks like a number, or like true, is one for YAML.
            de::Unexpected::Bool(_)
            | de::Unexpected::Unsigned(_)
            | de::Unexpected::Signed(_)
            | de::Unexpected::Float(_)
                if expected == "text" =>
            {
                Some("put it between quotation marks: what names something is text".to_owned())
            }
            de::Unexpected::Float(number) if libm::trunc(number) == number => {
                Some(format!("write it without a point or an exponent: `{number}`"))
            }
            de::Unexpected::Str(text) if is_number_with_underscores(text) => {
                Some(format!("write it without underscores: `{}`", text.replace('_', "")))
            }
            _ => None,
        };
        error
    }
    fn invalid_value(found: de::Unexpected, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }
    fn unknown_variant(name: &str, known: &'static [&'static str]) -> Self {
        let mut error = ReadError::unknown("choice", name, known);
        error.at_key = true;
        error
    }
    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let mut error = ReadError::unknown("field", name, known);
        error.at_key = true;
        error
    }
    fn missing_field(field: &'static str) -> Self {
        let mut error = ReadError::new(format!("missing field `{field}`"));
        error.missing = Some(field);
        error
    }
}
