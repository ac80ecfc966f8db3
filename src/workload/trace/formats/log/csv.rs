//! A request log of comma-separated rows under a header.

use std::path::Path;

use super::fields::{Fields, State, row};
use super::spec::{COLUMNS, LogSpec};
use crate::workload::trace::formats::format::{RowReader, Session};
use crate::workload::trace::formats::users::Users;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::position::Position;
use crate::workload::trace::input::table::Table;
use crate::workload::trace::measured::Measured;
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
        Ok(CsvLog { spec: spec.clone(), table, places, state: State::default() })
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
        row.map(Some).map_err(|why| self.table.position().bad_row(why))
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
        self.spec.measures().then_some(&self.state.measured)
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
