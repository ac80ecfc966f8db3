//! How a file begins, from which its format is told.

use std::io::Read;
use std::path::Path;

use serde_json::value::RawValue;

use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::text::TextStream;
use crate::workload::trace::input::{bytes, json};

/// So much of a file is looked at.
const LENGTH: u64 = 1 << 16;

/// The beginning of a file, unpacked.
#[derive(Clone, Debug, Default)]
pub struct Beginning {
    /// The file's name, in lower case, without the endings of packed files.
    pub name: String,
    /// The first bytes, as text; empty for a file of other bytes.
    pub text: String,
    /// The first line that is not empty.
    pub line: String,
    /// The names in it: columns of a header, or fields of an object.
    pub names: Vec<String>,
    /// Whether that line is a whole JSON object.
    pub is_object: bool,
}

impl Beginning {
    /// Reads the beginning of a file.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, or is no text.
    pub(in crate::workload::trace) fn of(path: &Path) -> Result<Self, TraceError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
        if name.contains("oraclegeneral") {
            return Ok(Beginning { name: name.to_owned(), ..Beginning::default() });
        }
        let (position, stream) = bytes::open_at(path)?;
        let mut text = Vec::new();
        let read = TextStream::new(stream).take(LENGTH).read_to_end(&mut text);
        read.map_err(|error| position.io(error))?;
        let text = String::from_utf8_lossy(&text);
        if text.trim().is_empty() {
            return Err(position.empty());
        }
        Ok(Beginning::of_text(name, &text))
    }

    /// The same of a text.
    pub(in crate::workload::trace) fn of_text(name: &str, text: &str) -> Self {
        let line = text.split(['\n', '\r']).find(|line| !line.trim().is_empty());
        let line = line.unwrap_or_default().trim();
        // The first object of a list stands for all.
        let of_list = text.trim_start().strip_prefix('[').map(str::trim_start);
        let first = of_list.and_then(first_object).unwrap_or(line);
        let mut fields = json::Fields::new();
        let is_object =
            first.starts_with('{') && json::read_object(first.as_bytes(), &mut fields).is_ok();
        let names = if is_object {
            fields.iter().map(|(name, _)| name.clone().into_owned()).collect()
        } else {
            line.split(',').map(|name| name.trim().trim_matches('"').to_owned()).collect()
        };
        let (name, text, line) = (name.to_owned(), text.to_owned(), line.to_owned());
        Beginning { name, text, line, names, is_object }
    }

    /// The same, where another sign stands between the columns of its header.
    #[must_use]
    pub fn separated_by(mut self, sign: &str) -> Self {
        if !self.is_object {
            let sign = if matches!(sign, "\\t" | "tab") { "\t" } else { sign };
            let names = self.line.split(sign).map(|name| name.trim().trim_matches('"').to_owned());
            self.names = names.collect();
        }
        self
    }

    /// Whether the first line is an object that has all these fields.
    pub fn has_fields(&self, wanted: &[&str]) -> bool {
        self.is_object && self.has(wanted)
    }

    /// Whether the first line is a header that has all these columns.
    pub fn has_columns(&self, wanted: &[&str]) -> bool {
        !self.is_object && self.has(wanted)
    }

    /// Whether it is JSON in whose beginning all these fields are named somewhere.
    pub fn mentions(&self, wanted: &[&str]) -> bool {
        let json = self.text.trim_start().starts_with(['{', '[']);
        json && wanted.iter().all(|name| self.text.contains(&format!("\"{name}\"")))
    }

    fn has(&self, wanted: &[&str]) -> bool {
        wanted.iter().all(|name| self.names.iter().any(|known| known == name))
    }
}

/// The object that a text begins with, if it is whole.
fn first_object(text: &str) -> Option<&str> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    values.next()?.ok().map(RawValue::get)
}
