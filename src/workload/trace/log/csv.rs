//! A request log of comma-separated rows under a header.

use std::fmt;
use std::io::Read;
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::fields::{Fields, row};
use super::{LogSpec, Users};
use crate::spec::nearest;
use crate::workload::trace::position::Position;
use crate::workload::trace::{Row, TraceError, bytes};

/// Reads a CSV log row by row; memory grows with the number of users only.
pub struct CsvLog {
    spec: LogSpec,
    position: Position,
    rows: Reader<Box<dyn Read + Send>>,
    record: ByteRecord,
    /// Where each column is in a row.
    places: [Option<usize>; 5],
    width: usize,
    users: Users,
}

impl fmt::Debug for CsvLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvLog").field("position", &self.position).finish_non_exhaustive()
    }
}

impl CsvLog {
    /// Opens a file and finds the columns in its header.
    ///
    /// # Errors
    /// If the file cannot be read or lacks a column.
    pub fn open(path: &Path, spec: &LogSpec) -> Result<Self, TraceError> {
        let (mut position, stream) = bytes::open_at(path)?;
        let mut rows = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 16)
            .from_reader(stream);
        let mut record = ByteRecord::new();
        if !rows.read_byte_record(&mut record).map_err(|error| position.io(error.into()))? {
            return Err(position.empty());
        }
        position.line = 1;
        let header: Vec<String> = record
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().into())
            .collect();
        let places = find(spec, &header).map_err(|why| position.format(why))?;
        let (width, spec) = (header.len(), spec.clone());
        Ok(CsvLog { spec, position, rows, record, places, width, users: Users::new() })
    }

    /// The next row.
    ///
    /// # Errors
    /// A row that cannot be read (the next call goes on behind it), or a file
    /// that cannot.
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        match self.rows.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(self.position.io(error.into())),
        }
        let next = self.position.line + 1;
        self.position.line = self.record.position().map_or(next, csv::Position::line);
        if self.record.len() != self.width {
            let (expected, found) = (self.width, self.record.len());
            let why = format!("expected {expected} fields, found {found}");
            return Err(self.position.bad_row(why));
        }
        let fields: Fields<'_> = self.places.map(|place| self.record.get(place?));
        row(&self.spec, &mut self.users, &fields)
            .map(Some)
            .map_err(|why| self.position.bad_row(why))
    }

    /// The users seen so far.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// Where the row read last is.
    pub(in crate::workload::trace) fn position(&self) -> &Position {
        &self.position
    }
}

/// Finds the columns in the header.
fn find(spec: &LogSpec, header: &[String]) -> Result<[Option<usize>; 5], String> {
    let mut places = [None; 5];
    for (place, (field, name)) in places.iter_mut().zip(spec.columns()) {
        let Some(name) = name else { continue };
        *place = header.iter().position(|column| column == name);
        if place.is_none() {
            let near = nearest(name, header.iter().map(String::as_str));
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(format!(
                "there is no column `{name}` for `{field}` among `{}`{near}",
                header.join(",")
            ));
        }
    }
    Ok(places)
}
