//! A request log of comma-separated rows under a header.

use std::path::Path;

use super::fields::{Fields, State, row};
use super::spec::{COLUMNS, LogSpec};
use crate::workload::trace::formats::format::{RowReader, Session};
use crate::workload::trace::formats::users::Users;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::position::Position;
use crate::workload::trace::input::table::Table;
use crate::workload::trace::measured::{Measured, Status};
use crate::workload::trace::row::Row;
use crate::workload::trace::unused;

/// Reads a CSV log row by row; memory grows with the number of users only.
#[derive(Debug)]
pub struct CsvLog {
    spec: LogSpec,
    table: Table,
    /// Where each column is in a row.
    places: [Option<usize>; COLUMNS],
    state: State,
    /// Whether an answer of no tokens is one of a request that failed.
    none_is_failed: bool,
}

impl CsvLog {
    /// Opens a file and finds the columns in its header.
    ///
    /// # Errors
    /// If the file cannot be read or lacks a column.
    pub fn open(path: &Path, spec: &LogSpec) -> Result<Self, TraceError> {
        let table = Table::open(path, spec.delimiter())?;
        let mut places = [None; COLUMNS];
        for (place, (field, name)) in places.iter_mut().zip(spec.columns()) {
            let Some(name) = name else { continue };
            *place = table.column(name);
            if place.is_none() {
                let there_are = table.there_are(name);
                let why = format!("there is no column `{name}` for `{field}` among {there_are}");
                return Err(table.position().format(why));
            }
        }
        let (spec, state) = (spec.clone(), State::default());
        Ok(CsvLog { spec, table, places, state, none_is_failed: false })
    }

    /// Opens a file of `BurstGPT`, of which some releases name sessions and say how long an
    /// answer took. An answer of no tokens is a request that failed.
    ///
    /// # Errors
    /// If the file cannot be read or lacks a column.
    pub fn burstgpt(path: &Path) -> Result<Self, TraceError> {
        let mut spec = LogSpec::burstgpt(path.to_path_buf());
        let table = Table::open(path, None)?;
        let there = |name: &str| table.column(name).map(|_| name.to_owned());
        (spec.model, spec.e2e) = (there("Model"), there("Elapsed time"));
        Ok(CsvLog { none_is_failed: true, ..CsvLog::open(path, &spec)? })
    }
}

impl RowReader for CsvLog {
    fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        if !self.table.advance()? {
            return Ok(None);
        }
        let fields: Fields<'_> = self.places.map(|place| Some(self.table.field(place?)));
        let line = self.table.position().line;
        let row = row(&self.spec, &mut self.state, &fields, line);
        let mut row = row.map_err(|why| self.table.position().bad_row(why))?;
        if self.none_is_failed && row.output_tokens == Some(0) {
            row.output_tokens = None;
            self.state.measured.status = Status::Failed;
        }
        Ok(Some(row))
    }

    fn blocks(&self) -> &[u64] {
        &self.state.blocks
    }

    fn users(&self) -> Option<&Users> {
        Some(&self.state.users)
    }

    fn session(&self, row: &Row) -> Option<Session<'_>> {
        self.state.session(row)
    }

    fn measured(&self) -> Option<&Measured> {
        (self.none_is_failed || self.spec.measures()).then_some(&self.state.measured)
    }

    fn notes(&self) -> Vec<String> {
        let names = self.table.header().iter().map(String::as_str);
        let used = self.spec.columns().map(|(_, name)| name);
        let mut notes = unused::notes(names.filter(|name| !used.contains(&Some(*name))));
        notes.extend(self.state.notes(&self.spec));
        notes.extend(self.state.session_note(&self.spec));
        notes
    }

    fn position(&self) -> &Position {
        self.table.position()
    }
}
