//! Rows of a file that is read as a whole: in the order of their times, whatever the file's.

use std::path::Path;

use indexmap::IndexSet;
use std::sync::Arc;

use super::format::RowReader;
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
    models: IndexSet<Arc<str>>,
    notes: Vec<String>,
    position: Position,
}

/// A row, or what is wrong with it, and its line.
#[derive(Debug)]
struct Entry {
    line: u64,
    read: Result<(Row, Measured), String>,
    /// Where its blocks end; they begin where those of the one before it in the file end.
    blocks: (usize, usize),
}

impl Listing {
    /// Of a file.
    pub fn new(path: &Path) -> Self {
        Listing {
            entries: Vec::new(),
            blocks: Vec::new(),
            users: Users::new(),
            models: IndexSet::new(),
            notes: Vec::new(),
            position: Position::before(path),
        }
    }

    /// A user's number.
    pub fn user(&mut self, name: &str) -> u32 {
        intern(&mut self.users, name.as_bytes())
    }

    /// A model's name, of which there is one copy.
    pub fn model(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.models.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = Arc::from(name);
        self.models.insert(Arc::clone(&name));
        name
    }

    /// Adds a row with the blocks of its prompt, or what is wrong with it.
    pub fn push(&mut self, line: u64, read: Result<(Row, Measured), String>, blocks: &[u64]) {
        let begins = self.blocks.len();
        self.blocks.extend_from_slice(blocks);
        self.entries.push(Entry { line, read, blocks: (begins, self.blocks.len()) });
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

    fn notes(&self) -> Vec<String> {
        self.listing.notes.clone()
    }

    fn position(&self) -> &Position {
        &self.listing.position
    }
}
