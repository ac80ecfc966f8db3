//! Rows of separated values under a header (RFC 4180).

use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};
use memchr::memchr2;

use super::bytes;
use super::position::Position;
use super::text::TextStream;
use crate::spec::nearest;
use crate::workload::trace::TraceError;

/// A file of rows, read one by one.
pub(crate) struct Table<R = Box<dyn Read + Send>> {
    rows: Reader<TextStream<R>>,
    record: ByteRecord,
    position: Position,
    header: Vec<String>,
    /// The first row is one of values.
    first_again: bool,
    /// Whether the last field of the row is one of several lines.
    ends_in_lines: bool,
}

/// What may stand between values.
const DELIMITERS: [(u8, &str); 4] = [(b',', ","), (b';', ";"), (b'\t', "\\t"), (b'|', "|")];

impl<R> fmt::Debug for Table<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Table {
    /// Opens a file, plain or packed, and reads its header.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, or names a column twice.
    pub fn open(path: &Path, delimiter: Option<u8>) -> Result<Self, TraceError> {
        Table::new(bytes::open_at(path)?.1, path, delimiter)
    }
}

impl<R: Read> Table<R> {
    /// The same for `bytes`, which are the file's.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn new(bytes: R, path: &Path, delimiter: Option<u8>) -> Result<Self, TraceError> {
        let mut table = Table::without_header(bytes, path, delimiter)?;
        table.first_again = false;
        for (at, name) in table.header.iter().enumerate() {
            if !name.is_empty() && table.header[..at].contains(name) {
                let why = format!("the column `{name}` is there twice: rename one of them");
                return Err(table.position.format(why));
            }
        }
        Ok(table)
    }

    /// The same for a file whose first row is one of values.
    ///
    /// # Errors
    /// If the file cannot be read, or is empty.
    pub fn without_header(
        bytes: R,
        path: &Path,
        delimiter: Option<u8>,
    ) -> Result<Self, TraceError> {
        let rows = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter.unwrap_or(b','))
            .buffer_capacity(1 << 16)
            .from_reader(TextStream::with_lines(bytes));
        let (record, position) = (ByteRecord::new(), Position::before(path));
        let mut table = Table {
            rows,
            record,
            position,
            header: Vec::new(),
            first_again: false,
            ends_in_lines: false,
        };
        if !table.next()? {
            return Err(table.position.empty());
        }
        table.header = (0..table.record.len())
            .map(|place| String::from_utf8_lossy(table.field(place)).into_owned())
            .collect();
        table.first_again = true;
        Ok(table)
    }

    /// The columns' names.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Which column has this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    /// That a column is missing: which there are, and the usual mistakes.
    pub fn unknown_column(&self, name: &str) -> String {
        format!("there is no column `{name}` among {}", self.there_are(name))
    }

    /// The columns, and what may be meant by one that is not there.
    pub fn there_are(&self, name: &str) -> String {
        let near = nearest(name, self.header.iter().map(String::as_str));
        let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        let shown: String = self.header.join(",").chars().take(200).collect();
        format!("`{shown}`{near}{}", self.other_delimiter())
    }

    /// What to say where another sign seems to stand between the columns.
    fn other_delimiter(&self) -> String {
        let [only] = &self.header[..] else { return String::new() };
        other_delimiter(only).unwrap_or_default()
    }

    /// Goes to the next row; false at the end. After a bad row the next call goes on
    /// behind it.
    ///
    /// # Errors
    /// If the file cannot be read, or the row has more or fewer values than the header.
    #[inline]
    pub fn advance(&mut self) -> Result<bool, TraceError> {
        if self.first_again {
            self.first_again = false;
            return Ok(true);
        }
        let more = self.next()?;
        if more && self.record.len() != self.header.len() {
            let (expected, found) = (self.header.len(), self.record.len());
            return Err(self
                .position
                .bad_row(format!("expected {expected} fields, found {found}")));
        }
        Ok(more)
    }

    /// That the last row is not one that a quotation mark opened and none closed: it would have
    /// swallowed all rows behind it.
    fn whole(&self) -> Result<(), TraceError> {
        if self.ends_in_lines && self.rows.get_ref().last_sign() != Some(b'"') {
            let why = "a quotation mark that opens in this row is never closed: all behind it would \
                       be one field";
            return Err(self.position.format(why.to_owned()));
        }
        Ok(())
    }

    #[inline]
    fn next(&mut self) -> Result<bool, TraceError> {
        match self.rows.read_byte_record(&mut self.record) {
            Ok(false) => return self.whole().map(|()| false),
            Ok(true) => {}
            Err(error) => {
                let error = match error.into_kind() {
                    csv::ErrorKind::Io(error) => error,
                    other => io::Error::other(format!("{other:?}")),
                };
                return Err(self.position.io(error));
            }
        }
        let last = self.record.iter().next_back().unwrap_or_default();
        self.ends_in_lines = memchr2(b'\n', b'\r', last).is_some();
        let begins = self.record.position().map_or(0, csv::Position::byte);
        let line = self.rows.get_mut().line_from(begins);
        self.position.line = line.unwrap_or(self.position.line + 1);
        Ok(true)
    }

    /// A value of the row that [`Table::advance`] came to, without white space around it.
    #[inline]
    pub fn field(&self, place: usize) -> &[u8] {
        self.record.get(place).unwrap_or_default().trim_ascii()
    }

    /// The row.
    pub fn record(&self) -> &ByteRecord {
        &self.record
    }

    /// Where that row is.
    pub fn position(&self) -> &Position {
        &self.position
    }
}

/// What to say of a header in which another sign seems to stand between the columns.
pub(in crate::workload::trace) fn other_delimiter(header: &str) -> Option<String> {
    let found = DELIMITERS.iter().find(|(byte, _)| header.as_bytes().contains(byte));
    found.filter(|(byte, _)| *byte != b',').map(|(_, shown)| {
        format!(
            "; if `{shown}` stands between the columns, say `delimiter: \"{shown}\"`, which logs \
             (`csv:`) and cache traces can, or write commas"
        )
    })
}

/// A sign between columns as it is written in YAML and on the command line.
///
/// # Errors
/// If it is not one sign.
pub fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "\\t" | "tab" => Ok(b'\t'),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
            _ => Err(format!("`{text}` is no sign between columns: expected such as `;` or `\\t`")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &[u8]) -> Result<Table<&[u8]>, String> {
        Table::new(text, Path::new("a.csv"), None).map_err(|error| error.to_string())
    }

    fn lines(text: &str) -> Vec<u64> {
        let mut table = table(text.as_bytes()).unwrap();
        let mut lines = vec![];
        while table.advance().unwrap() {
            lines.push(table.position().line);
        }
        lines
    }

    #[test]
    fn rows_are_on_the_lines_they_are_on() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "1,2", "", "", "3,4", "\"x", "y\",5", "6,7", ""].join(end);
            assert_eq!(lines(&text), [2, 5, 6, 8], "{end:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_header_is_said() {
        let twice = table(b"time,user,time\n1,2,3\n").unwrap_err();
        assert_eq!(twice, "a.csv:1: the column `time` is there twice: rename one of them");
        assert!(table(b"a,,\n1,,\n").is_ok(), "columns without a name are none");
        for (text, shown) in [("a;b\n1;2\n", ";"), ("a\tb\n1\t2\n", "\\t")] {
            let said = table(text.as_bytes()).unwrap().unknown_column("b");
            assert!(said.contains(&format!("say `delimiter: \"{shown}\"`")), "{said}");
        }
        assert_eq!(["\\t", ";"].map(|text| delimiter(text).unwrap()), *b"\t;");
        assert!(delimiter(";;").is_err() && delimiter("\"").is_err());
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_swallows_no_rows() {
        let read = |text: &str| {
            let mut table = table(text.as_bytes()).unwrap();
            loop {
                match table.advance() {
                    Ok(true) => {}
                    Ok(false) => return Ok(()),
                    Err(error) => return Err(error.to_string()),
                }
            }
        };
        for ends in ["\n", "\r\n", "\r"] {
            for (rows, line) in [
                (&["a,b", "1,2", "3,\"x", "5,6"][..], Some(3)),
                (&["a,b", "1,2", "3,\"x", "5,6", ""], Some(3)),
                (&["a,b", "3,\"x", "y\"", "", ""], None),
                (&["a,b", "3,\"x", "\"\"y\"\"\" "], None),
                (&["a,b", "3,5\" disk"], None),
            ] {
                let found = read(&rows.join(ends));
                match line {
                    None => assert_eq!(found, Ok(()), "{rows:?}"),
                    Some(line) => {
                        let why = format!("a.csv:{line}: a quotation mark that opens in this row");
                        assert!(found.clone().unwrap_err().starts_with(&why), "{found:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_have_a_place() {
        let mut table = table(b"a,b\r\n1,2\r\n3,\xe9\r\n").unwrap();
        assert!(table.advance().unwrap());
        let error = table.advance().unwrap_err().to_string();
        assert!(error.starts_with("a.csv:3: column 3: the byte 0xE9 is not UTF-8"), "{error}");
    }
}
