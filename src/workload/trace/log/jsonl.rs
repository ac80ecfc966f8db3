//! A request log of JSON objects, one a line.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::fields::{Fields, row};
use super::{LogSpec, Users};
use crate::workload::trace::lines::Lines;
use crate::workload::trace::{Row, TraceError};

/// Reads a log of JSON lines; memory grows with the number of users only.
#[derive(Debug)]
pub struct JsonlLog {
    spec: LogSpec,
    file: PathBuf,
    lines: Lines,
    users: Users,
}

impl JsonlLog {
    /// Opens a file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(path: &Path, spec: &LogSpec) -> Result<Self, TraceError> {
        let file = path.to_path_buf();
        match Lines::open(path) {
            Ok(lines) => Ok(JsonlLog { spec: spec.clone(), file, lines, users: Users::new() }),
            Err(source) => Err(TraceError::Io { file, source }),
        }
    }

    /// The next row; empty lines are none.
    ///
    /// # Errors
    /// A row that cannot be read (the next call goes on behind it), or a file
    /// that cannot.
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        loop {
            match self.lines.advance() {
                Ok(true) if self.lines.line().trim_ascii().is_empty() => {}
                Ok(true) => {
                    let line = self.lines.line();
                    return parse(&self.spec, &mut self.users, line)
                        .map(Some)
                        .map_err(|why| self.blame(why));
                }
                Ok(false) => return Ok(None),
                Err(source) => return Err(TraceError::Io { file: self.file.clone(), source }),
            }
        }
    }

    /// The users seen so far.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// An error that blames the line read last.
    #[cold]
    pub(in crate::workload::trace) fn blame(&self, why: String) -> TraceError {
        TraceError::BadRow { file: self.file.clone(), line: self.lines.number(), why }
    }
}

fn parse(spec: &LogSpec, users: &mut Users, line: &[u8]) -> Result<Row, String> {
    let object: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| format!("expected a JSON object: {error}"))?;
    // Numbers and other values count as they are written.
    let texts = spec.columns().map(|(_, name)| match object.get(name?)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    });
    let fields: Fields<'_> = texts.each_ref().map(|text| text.as_deref().map(str::as_bytes));
    row(spec, users, &fields)
}
