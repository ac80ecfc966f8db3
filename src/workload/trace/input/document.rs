//! A file of JSON values, which need not be one a line.

use std::cell::Cell;
use std::io::Read;
use std::path::Path;

use serde_json::value::RawValue;

use super::bytes;
use super::error::TraceError;
use super::json::plain;
use super::position::Position;
use super::text::TextStream;
use super::unique::refuse;

/// The text of a file, plain or packed.
///
/// # Errors
/// If it cannot be read, or is no UTF-8, with the place.
pub(crate) fn read_text(path: &Path) -> Result<(Position, String), TraceError> {
    let (position, stream) = bytes::open_at(path)?;
    let mut text = String::new();
    let read = TextStream::new(stream).read_to_string(&mut text);
    read.map_err(|error| position.io(error))?;
    Ok((position, text))
}

/// A JSON file in memory.
#[derive(Debug)]
pub(in crate::workload::trace) struct Document {
    text: String,
    position: Position,
    /// A place in the text, and its line.
    counted: Cell<(usize, u64)>,
}

impl Document {
    /// Reads a file, plain or packed.
    ///
    /// # Errors
    /// If it cannot be read, is no text, or has nothing in it.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let (position, text) = read_text(path)?;
        if text.trim().is_empty() {
            return Err(position.empty());
        }
        Ok(Document { text, position, counted: Cell::new((0, 1)) })
    }

    /// The values, one after another; the items of a list in the place of the list.
    ///
    /// # Errors
    /// If it is no JSON, with the place.
    pub fn values(&self) -> Result<Vec<&RawValue>, TraceError> {
        let mut values = Vec::new();
        let all = serde_json::Deserializer::from_str(&self.text).into_iter::<&RawValue>();
        for value in all {
            let value = value.map_err(|error| refuse(&self.text, &self.position, &error))?;
            if value.get().starts_with('[') {
                let items: Vec<&RawValue> = serde_json::from_str(value.get())
                    .map_err(|error| self.position.format(plain(&error)))?;
                values.extend(items);
            } else {
                values.push(value);
            }
        }
        Ok(values)
    }

    /// The line on which a value of this document begins; of values in their order, lines are
    /// counted once.
    pub fn line_of(&self, value: &RawValue) -> u64 {
        let at = (value.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let at = at.min(self.text.len());
        let (from, line) = Some(self.counted.get()).filter(|it| it.0 <= at).unwrap_or((0, 1));
        let text = self.text.as_bytes();
        let ends = |at: &usize| {
            text[*at] == b'\n' || text[*at] == b'\r' && text.get(at + 1) != Some(&b'\n')
        };
        let line = line + (from..at).filter(ends).count() as u64;
        self.counted.set((at, line));
        line
    }

    /// Before its first line.
    pub fn position(&self) -> &Position {
        &self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_however_they_are_laid_out() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, wanted) in [
            ("{\"a\": 1}\n{\"a\":\n 2}\n", &[("{\"a\": 1}", 1), ("{\"a\":\n 2}", 2)][..]),
            ("[\r\n 1,\r\n\r\n \"x\"]", &[("1", 2), ("\"x\"", 4)]),
            ("\u{feff}{}\r[2]", &[("{}", 1), ("2", 2)]),
        ] {
            std::fs::write(file.path(), text).unwrap();
            let document = Document::open(file.path()).unwrap();
            let values = document.values().unwrap();
            let found: Vec<_> = values.iter().map(|it| (it.get(), document.line_of(it))).collect();
            assert_eq!(found, wanted);
        }
        std::fs::write(file.path(), "{}\n{\"a\": }").unwrap();
        let error = Document::open(file.path()).unwrap().values().unwrap_err();
        assert!(error.to_string().contains(":2: expected value (column 7)"), "{error}");
    }
}
