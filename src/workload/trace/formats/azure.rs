//! The Azure LLM inference traces of 2023: a CSV of `TIMESTAMP`,
//! `ContextTokens`, `GeneratedTokens` (Patel et al., "Splitwise", ISCA 2024;
//! <https://github.com/Azure/AzurePublicDataset>).

use std::path::{Path, PathBuf};

use super::beginning::Beginning;
use super::format::{Format, Given, RowReader, TraceFile};
use crate::workload::incoming::MAX_TOKENS;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::lines::Lines;
use crate::workload::trace::input::number::{parse_digits, whole};
use crate::workload::trace::input::position::Position;
use crate::workload::trace::input::shown;
use crate::workload::trace::input::stamp::parse_stamp;
use crate::workload::trace::input::table::other_delimiter;
use crate::workload::trace::row::Row;

const COLUMNS: [&str; 3] = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"];

/// A file of the format.
#[derive(Debug)]
pub(in crate::workload::trace) struct Azure(PathBuf);

impl TraceFile for Azure {
    fn file(&self) -> &Path {
        &self.0
    }

    fn folder(&self) -> &'static str {
        "azure-2023"
    }

    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
        Ok(Box::new(AzureReader::open(path)?))
    }
}

impl Format for Azure {
    type Spec = PathBuf;

    fn of(file: PathBuf) -> Self {
        Azure(file)
    }

    fn detect(beginning: &Beginning) -> bool {
        beginning.has_columns(&COLUMNS)
    }

    fn given(given: &Given, _: &Beginning) -> PathBuf {
        given.file.clone()
    }
}

/// Reads an Azure trace row by row in constant memory.
#[derive(Debug)]
pub struct AzureReader {
    lines: Lines,
    /// Which field of a row is which of [`COLUMNS`], and how many there are.
    places: [usize; 3],
    width: usize,
}

impl AzureReader {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// If the file cannot be read or has another header.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let mut lines = Lines::open(path)?;
        if !lines.advance()? {
            return Err(lines.position().empty());
        }
        let header = String::from_utf8_lossy(lines.line()).into_owned();
        let names: Vec<&str> =
            header.split(',').map(|name| name.trim().trim_matches('"')).collect();
        let mut places = [0; 3];
        for (place, column) in places.iter_mut().zip(COLUMNS) {
            let Some(found) = names.iter().position(|name| *name == column) else {
                let shown: String = header.chars().take(80).collect();
                let other = other_delimiter(&header).unwrap_or_default();
                let why = format!(
                    "expected the header `{}` of an Azure trace, found `{shown}`{other}",
                    COLUMNS.join(",")
                );
                return Err(lines.position().format(why));
            };
            if names[found + 1..].contains(&column) {
                let why = format!("the column `{column}` is there twice: rename one of them");
                return Err(lines.position().format(why));
            }
            *place = found;
        }
        let width = names.len();
        Ok(AzureReader { lines, places, width })
    }

    /// The next row; empty lines are none.
    ///
    /// # Errors
    /// A row that cannot be read (the next call goes on behind it), or a file
    /// that cannot.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        if !self.lines.advance_to_text()? {
            return Ok(None);
        }
        match self.parse(self.lines.line()) {
            Ok(row) => Ok(Some(row)),
            Err(why) => Err(self.lines.position().bad_row(why)),
        }
    }

    #[inline]
    fn parse(&self, line: &[u8]) -> Result<Row, String> {
        let mut fields: [&[u8]; 3] = [&[]; 3];
        let mut width = 0;
        for field in line.split(|&byte| byte == b',') {
            for (slot, place) in fields.iter_mut().zip(self.places) {
                if place == width {
                    *slot = field;
                }
            }
            width += 1;
        }
        if width != self.width {
            return Err(format!("expected {} fields, found {width}", self.width));
        }
        let [stamp, input, output] = fields.map(bare);
        Ok(Row {
            stamp: parse_stamp(stamp).ok_or_else(|| bad_stamp(stamp))?,
            input_tokens: parse_tokens(input).ok_or_else(|| bad_tokens(COLUMNS[1], input))?,
            output_tokens: Some(
                parse_tokens(output).ok_or_else(|| bad_tokens(COLUMNS[2], output))?,
            ),
            prompt: None,
            user: None,
        })
    }
}

impl RowReader for AzureReader {
    fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        AzureReader::next_row(self)
    }

    fn position(&self) -> &Position {
        self.lines.position()
    }
}

#[cold]
fn bad_stamp(field: &[u8]) -> String {
    format!("TIMESTAMP is `{}`: expected a time such as 2023-11-16 18:15:46.6805900", shown(field))
}

#[cold]
fn bad_tokens(column: &str, field: &[u8]) -> String {
    format!("{column} is `{}`: expected a whole number from 0 to {MAX_TOKENS}", shown(field))
}

/// A field without the white space and the quotation marks around it; none of these fields can
/// have a comma.
#[inline]
fn bare(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    let inner = field.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    inner.unwrap_or(field)
}

#[inline]
fn parse_tokens(field: &[u8]) -> Option<u32> {
    let tokens = parse_digits(field).or_else(|| whole(field));
    tokens.filter(|&n| n <= u64::from(MAX_TOKENS)).map(|n| n as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::NANOS_PER_SEC;

    fn read(text: &str) -> Vec<Result<Row, String>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut reader = match AzureReader::open(file.path()) {
            Ok(reader) => reader,
            Err(error) => return vec![Err(error.to_string())],
        };
        let mut rows = vec![];
        loop {
            match reader.next_row() {
                Ok(None) => return rows,
                Ok(Some(row)) => rows.push(Ok(row)),
                Err(error) => rows.push(Err(error.to_string())),
            }
        }
    }

    #[test]
    fn columns_are_found_by_name_and_bad_rows_by_line() {
        let rows = read(
            "\u{feff}id,GeneratedTokens,TIMESTAMP,ContextTokens\r\n\
             a,44,1970-01-01 00:00:01,374\r\n\
             \r\n\
             b,44,1970-01-01 00:00:02\r\n\
             c,4x,1970-01-01 00:00:03,5\r\n\
             d,-4,1970-01-01 00:00:03,5\r\n\
             \"e\",\"9.0\",\"1970-01-01 00:00:04\",7",
        );
        let row = |stamp, input_tokens, output_tokens| {
            Ok(Row {
                stamp: stamp * NANOS_PER_SEC,
                input_tokens,
                output_tokens: Some(output_tokens),
                prompt: None,
                user: None,
            })
        };
        assert_eq!(rows.len(), 5);
        assert_eq!((&rows[0], &rows[4]), (&row(1, 374, 44), &row(4, 7, 9)));
        assert!(rows[1].as_ref().unwrap_err().ends_with(":4: expected 4 fields, found 3"));
        assert!(rows[2].as_ref().unwrap_err().contains(":5: GeneratedTokens is `4x`"));
        assert!(rows[3].as_ref().unwrap_err().contains(":6: GeneratedTokens is `-4`"));
    }

    #[test]
    fn another_format_is_named() {
        let error = read("timestamp,input\n1,2\n")[0].clone().unwrap_err();
        assert!(error.contains(":1: expected the header `TIMESTAMP,ContextTokens"), "{error}");
        assert!(error.contains("found `timestamp,input`"), "{error}");
        assert!(read("")[0].clone().unwrap_err().contains("no rows"));
    }
}
