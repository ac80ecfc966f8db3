//! From what the readers find to an [`AccessTrace`].

use std::path::Path;

use super::columns::notes;
use super::interner::{Interner, TooMany};
use super::{AccessTrace, ReadOptions};
use crate::workload::trace::bad_row::OnBadRow;
use crate::workload::trace::input::error::TraceError;

/// What an access was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyOf<'a> {
    Number(u64),
    Text(&'a [u8]),
}

/// One access as recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access<'a> {
    /// In nanoseconds of the trace's own clock; none where it has no times.
    pub time: Option<i128>,
    pub key: KeyOf<'a>,
    /// In bytes; 1 where the trace has none.
    pub size: u32,
}

/// Collects accesses.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    file: &'a Path,
    options: &'a ReadOptions,
    keys: Interner,
    trace: AccessTrace,
    latest: i128,
}

impl<'a> Builder<'a> {
    pub(super) fn new(file: &'a Path, options: &'a ReadOptions) -> Self {
        let trace = AccessTrace::default();
        Builder { file, options, keys: Interner::default(), trace, latest: i128::MIN }
    }

    /// Whether as many accesses were read as are wanted.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.trace.ids.len() as u64 >= self.options.limit.unwrap_or(u64::MAX)
    }

    /// Keeps what is to be said of columns that are not used.
    pub(super) fn note<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        self.trace.notes = notes(names);
    }

    /// Adds an access.
    #[inline]
    pub(super) fn push(&mut self, access: Access) -> Result<(), TraceError> {
        let known = self.keys.len();
        let id = match access.key {
            KeyOf::Number(number) => self.keys.number(number),
            KeyOf::Text(text) => self.keys.text(text),
        };
        let id = id.map_err(|TooMany| self.format(0, "more than 2^32 - 2 distinct keys".into()))?;
        // What is stored weighs something: a cache of no bytes holds nothing.
        let size = if self.options.ignore_sizes { 1 } else { access.size.max(1) };
        self.trace.zero_sizes += u64::from(access.size == 0 && !self.options.ignore_sizes);
        self.trace.footprint += if id == known { u64::from(size) } else { 0 };
        if size != 1 && self.trace.sizes.is_empty() {
            self.trace.sizes = vec![1; self.trace.ids.len()];
            self.trace.sized = true;
        }
        self.trace.ids.push(id);
        if self.trace.sized {
            self.trace.sizes.push(size);
        }
        if let Some(time) = access.time {
            self.trace.out_of_order += u64::from(time < self.latest);
            self.latest = time;
            if self.options.keep_times {
                self.trace.times.push(time);
            }
        }
        Ok(())
    }

    /// Counts a row that cannot be read, or fails with its place.
    #[cold]
    pub(super) fn bad_row(&mut self, line: u64, why: String) -> Result<(), TraceError> {
        self.refuse(TraceError::BadRow { file: self.file.to_path_buf(), line, why })
    }

    /// Counts a bad row, if those are skipped; fails with anything else.
    #[cold]
    pub(super) fn refuse(&mut self, error: TraceError) -> Result<(), TraceError> {
        match (&error, self.options.on_bad_row) {
            (TraceError::BadRow { .. }, OnBadRow::Skip) => {
                self.trace.skipped += 1;
                self.trace.first_bad.get_or_insert_with(|| error.to_string());
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// An error of the file as a whole, such as a header without a key.
    #[cold]
    pub(super) fn format(&self, line: u64, why: String) -> TraceError {
        TraceError::Format { file: self.file.to_path_buf(), line, why }
    }

    #[cold]
    pub(super) fn io(&self, source: std::io::Error) -> TraceError {
        TraceError::Io { file: self.file.to_path_buf(), source }
    }

    /// The trace, unless there is nothing in it.
    pub(super) fn finish(mut self) -> Result<AccessTrace, TraceError> {
        if self.trace.ids.is_empty() {
            let file = self.file.to_path_buf();
            return Err(TraceError::Empty { file, skipped: self.trace.skipped });
        }
        self.trace.objects = self.keys.len();
        Ok(self.trace)
    }
}
