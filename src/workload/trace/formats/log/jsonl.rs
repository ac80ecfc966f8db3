//! A request log of JSON objects, one a line or in a list.

use std::borrow::Cow;
use std::path::Path;

use indexmap::IndexSet;

use super::fields::{Fields, State, row};
use super::spec::LogSpec;
use crate::workload::trace::formats::format::{RowReader, Session};
use crate::workload::trace::formats::users::Users;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::items::Items;
use crate::workload::trace::input::json;
use crate::workload::trace::input::position::Position;
use crate::workload::trace::measured::Measured;
use crate::workload::trace::row::Row;
use crate::workload::trace::unused;

/// Of so many rows the names of all fields are looked at.
const LOOKED_AT: u32 = 100;

/// Reads a log of JSON objects; memory grows with the number of users only.
#[derive(Debug)]
pub struct JsonlLog {
    spec: LogSpec,
    items: Items,
    state: State,
    /// Fields of the first rows.
    names: IndexSet<String>,
    rows: u32,
}

impl JsonlLog {
    /// Opens a file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(path: &Path, spec: &LogSpec) -> Result<Self, TraceError> {
        let (items, state) = (Items::open(path)?, State::default());
        Ok(JsonlLog { spec: spec.clone(), items, state, names: IndexSet::new(), rows: 0 })
    }

    fn parse(&mut self) -> Result<Row, String> {
        let mut object = json::Fields::with_capacity(16);
        json::read_object(self.items.item(), &mut object)?;
        if self.rows < LOOKED_AT {
            self.rows += 1;
            for (name, _) in &object {
                if !self.names.contains(&**name) {
                    self.names.insert(name.clone().into_owned());
                }
            }
        }
        // Numbers and other values count as they are written; null is an empty text.
        let texts = self.spec.columns().map(|(_, name)| {
            let (_, value) = object.iter().find(|(known, _)| Some(&**known) == name)?;
            let text = || json::text(value);
            Some(if value.get() == "null" { Ok(Cow::Borrowed("")) } else { text() })
        });
        if let Some(Some(Err(why))) = texts.iter().find(|text| matches!(text, Some(Err(_)))) {
            return Err(why.clone());
        }
        let fields: Fields<'_> = texts.each_ref().map(|text| match text {
            Some(Ok(text)) => Some(text.as_bytes()),
            _ => None,
        });
        row(&self.spec, &mut self.state, &fields, self.items.position().line)
    }
}

impl RowReader for JsonlLog {
    fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        if !self.items.advance()? {
            return Ok(None);
        }
        self.parse().map(Some).map_err(|why| self.items.position().bad_row(why))
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
        let used = self.spec.columns().map(|(_, name)| name);
        let names = self.names.iter().map(String::as_str);
        let mut notes = unused::notes(names.filter(|name| !used.contains(&Some(*name))));
        notes.extend(self.state.notes(&self.spec));
        notes.extend(self.state.session_note(&self.spec));
        notes
    }

    fn position(&self) -> &Position {
        self.items.position()
    }
}
