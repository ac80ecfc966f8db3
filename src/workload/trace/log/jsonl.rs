//! A request log of JSON objects, one a line.

use std::path::Path;

use serde_json::{Map, Value};

use super::fields::{Fields, row};
use super::{LogSpec, Users};
use crate::workload::trace::lines::Lines;
use crate::workload::trace::position::Position;
use crate::workload::trace::{Row, TraceError};

/// Reads a log of JSON lines; memory grows with the number of users only.
#[derive(Debug)]
pub struct JsonlLog {
    spec: LogSpec,
    lines: Lines,
    users: Users,
}

impl JsonlLog {
    /// Opens a file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(path: &Path, spec: &LogSpec) -> Result<Self, TraceError> {
        Ok(JsonlLog { spec: spec.clone(), lines: Lines::open(path)?, users: Users::new() })
    }

    /// The next row; empty lines are none.
    ///
    /// # Errors
    /// A row that cannot be read (the next call goes on behind it), or a file
    /// that cannot.
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        if !self.lines.advance_to_text()? {
            return Ok(None);
        }
        match parse(&self.spec, &mut self.users, self.lines.line()) {
            Ok(row) => Ok(Some(row)),
            Err(why) => Err(self.position().bad_row(why)),
        }
    }

    /// The users seen so far.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// Where the row read last is.
    pub(in crate::workload::trace) fn position(&self) -> &Position {
        self.lines.position()
    }
}

fn parse(spec: &LogSpec, users: &mut Users, line: &[u8]) -> Result<Row, String> {
    let object: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| format!("expected a JSON object: {error}"))?;
    // Numbers and other values count as they are written.
    let texts = spec.columns().map(|(_, name)| match object.get(name?)? {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    });
    let fields: Fields<'_> = texts.each_ref().map(|text| text.as_deref().map(str::as_bytes));
    row(spec, users, &fields)
}
