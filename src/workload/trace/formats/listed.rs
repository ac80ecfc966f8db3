//! Rows of a file that is read as a whole: in the order of their times, whatever the file's.

use std::path::Path;

use indexmap::IndexSet;
use std::sync::Arc;

use super::format::{RowReader, Session};
use super::users::{Users, intern};
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::position::Position;
use crate::workload::trace::measured::Measured;
use crate::workload::trace::row::Row;

/// Collects the rows of a file.
#[derive(Debug)]
pub(in crate::workload::trace) struct Listing {
    entries: Vec<Entry>,
    blocks: Vec<u64>,
    users: Users,
    names: IndexSet<Arc<str>>,
    notes: Vec<String>,
    position: Position,
}

/// The session of a row, and when its answer had ended.
pub(in crate::workload::trace) type OfSession = Option<(String, Option<u64>)>;

/// A row, or what is wrong with it, and its line.
#[derive(Debug)]
struct Entry {
    line: u64,
    read: Result<(Row, Measured), String>,
    /// Where its blocks end; they begin where those of the one before it in the file end.
    blocks: (usize, usize),
    /// The session that it is of, and when its answer had ended.
    session: Option<(Arc<str>, Option<u64>)>,
}

impl Listing {
    /// Of a file.
    pub fn new(path: &Path) -> Self {
        Listing {
            entries: Vec::new(),
            blocks: Vec::new(),
            users: Users::new(),
            names: IndexSet::new(),
            notes: Vec::new(),
            position: Position::before(path),
        }
    }

    /// A user's number.
    pub fn user(&mut self, name: &str) -> u32 {
        intern(&mut self.users, name.as_bytes())
    }

    /// A name, such as a model's, of which there is one copy.
    pub fn model(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = Arc::from(name);
        self.names.insert(Arc::clone(&name));
        name
    }

    /// Adds a row with the blocks of its prompt, or what is wrong with it.
    pub fn push(&mut self, line: u64, read: Result<(Row, Measured), String>, blocks: &[u64]) {
        let begins = self.blocks.len();
        self.blocks.extend_from_slice(blocks);
        let blocks = (begins, self.blocks.len());
        self.entries.push(Entry { line, read, blocks, session: None });
    }

    /// Adds a row without blocks, of a session if it is of one.
    pub fn push_of_session(&mut self, line: u64, read: Result<(Row, Measured, OfSession), String>) {
        let (read, session) = match read {
            Ok((row, measured, session)) => (Ok((row, measured)), session),
            Err(why) => (Err(why), None),
        };
        self.push(line, read, &[]);
        if let Some((name, end)) = session {
            self.of_session(&name, end);
        }
    }

    /// The row added last is of a session, and its answer had ended then, if that is known.
    fn of_session(&mut self, name: &str, end: Option<u64>) {
        let name = self.model(name);
        if let Some(entry) = self.entries.last_mut() {
            entry.session = Some((name, end));
        }
    }

    /// Says something of the rows, once.
    pub fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The rows in the order of their times; those at one instant as in the file, those that
    /// cannot be read first.
    pub fn reader(mut self) -> Listed {
        self.entries.sort_by_key(|entry| entry.read.as_ref().ok().map(|(row, _)| row.stamp));
        // Users are numbered by their first request.
        let mut users = Users::new();
        for entry in &mut self.entries {
            if let Ok((Row { user: Some(user), .. }, _)) = &mut entry.read
                && let Some(name) = self.users.get_index(*user as usize)
            {
                *user = intern(&mut users, name.as_bytes());
            }
        }
        self.users = users;
        Listed { listing: self, next: 0 }
    }
}

/// Reads them one by one.
#[derive(Debug)]
pub(in crate::workload::trace) struct Listed {
    listing: Listing,
    next: usize,
}

impl Listed {
    /// The entry that was read last.
    fn last(&self) -> Option<&Entry> {
        self.listing.entries.get(self.next.checked_sub(1)?)
    }
}

impl RowReader for Listed {
    fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        let Some(entry) = self.listing.entries.get(self.next) else { return Ok(None) };
        self.next += 1;
        self.listing.position.line = entry.line;
        match &entry.read {
            Ok((row, _)) => Ok(Some(*row)),
            Err(why) => Err(self.listing.position.bad_row(why.clone())),
        }
    }

    fn blocks(&self) -> &[u64] {
        self.last().map_or(&[], |Entry { blocks, .. }| &self.listing.blocks[blocks.0..blocks.1])
    }

    fn users(&self) -> Option<&Users> {
        Some(&self.listing.users)
    }

    fn measured(&self) -> Option<&Measured> {
        self.last()?.read.as_ref().ok().map(|(_, measured)| measured)
    }

    fn session(&self, _: &Row) -> Option<Session<'_>> {
        let (name, end) = self.last()?.session.as_ref()?;
        Some(Session { name, end: *end })
    }

    fn notes(&self) -> Vec<String> {
        self.listing.notes.clone()
    }

    fn position(&self) -> &Position {
        &self.listing.position
    }
}
