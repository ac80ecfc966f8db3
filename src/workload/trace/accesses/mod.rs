//! Cache access traces: what was asked for, in which order, and how large it is.
//! One format a file.
//!
//! | format | an access is | compressed |
//! |---|---|---|
//! | `csv` | a row; columns found by their names in the header, or by number | gzip, zstd |
//! | `jsonl` | a line with an object; fields found by their names | gzip, zstd |
//! | `mooncake` | an element of `hash_ids`: a block of 512 tokens | gzip, zstd |
//! | `oracle_general` | a record of 24 bytes, as libCacheSim writes it | gzip, zstd |
//!
//! Keys are interned to dense numbers while they are read: a replay then works
//! on four bytes an access, and whatever is kept per object is an array.
//!
//! To add a format: a file with a `read` that pushes accesses into a `Builder`
//! and says what is wrong with a bad row; then a line in [`Format`].

mod builder;
mod columns;
mod csv;
mod input;
mod interner;
mod jsonl;
mod mooncake;
mod oracle_general;

use std::io::BufRead;
use std::path::Path;

use builder::Builder;
pub(super) use columns::number as whole_number;
pub use columns::{Column, Columns};
pub(super) use csv::{Places, find};
use input::Input;
pub(super) use input::detect;

use super::{OnBadRow, TraceError};

/// The accesses of a trace. Objects are numbered from 0 in the order of their
/// first access.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccessTrace {
    ids: Vec<u32>,
    /// By access; empty if every access has size 1.
    sizes: Vec<u32>,
    sized: bool,
    objects: u32,
    footprint: u64,
    out_of_order: u64,
    skipped: u64,
    first_bad: Option<String>,
}

impl AccessTrace {
    /// A trace of these objects, which are renumbered; with a size in bytes for
    /// each access, or all of size 1.
    ///
    /// # Panics
    /// If there is not a size for each access.
    pub fn from_ids(ids: &[u32], sizes: Option<Vec<u32>>) -> Self {
        let mut trace = AccessTrace { sized: sizes.is_some(), ..AccessTrace::default() };
        trace.sizes = sizes.unwrap_or_default();
        assert!(!trace.sized || trace.sizes.len() == ids.len(), "a size for each access");
        let most = ids.iter().max().map_or(0, |id| *id as usize + 1);
        let mut numbers = vec![None; most];
        for (at, id) in ids.iter().enumerate() {
            let number = *numbers[*id as usize].get_or_insert_with(|| {
                trace.objects += 1;
                trace.footprint += u64::from(trace.sizes.get(at).copied().unwrap_or(1));
                trace.objects - 1
            });
            trace.ids.push(number);
        }
        trace
    }

    /// How many accesses there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The objects accessed, in order.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The size of each access in bytes; `None` if all are 1.
    pub fn sizes(&self) -> Option<&[u32]> {
        self.sized.then_some(&self.sizes[..])
    }

    /// Objects and sizes of the accesses, in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let size = |at: usize| if self.sized { self.sizes[at] } else { 1 };
        self.ids.iter().enumerate().map(move |(at, id)| (*id, size(at)))
    }

    /// How many distinct objects there are.
    pub fn objects(&self) -> u64 {
        u64::from(self.objects)
    }

    /// The size of all distinct objects together, each as at its first access,
    /// in bytes.
    pub fn footprint(&self) -> u64 {
        self.footprint
    }

    /// Accesses with a time before that of the access before them. They are
    /// replayed in the file's order.
    pub fn out_of_order(&self) -> u64 {
        self.out_of_order
    }

    /// Bad rows that were left out.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The first of them: file, line and what is wrong.
    pub fn first_bad(&self) -> Option<&str> {
        self.first_bad.as_deref()
    }
}

/// A kind of trace file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Rows with a header.
    Csv,
    /// JSON objects, one a line.
    Jsonl,
    /// Mooncake's request traces with `hash_ids`.
    Mooncake,
    /// libCacheSim's binary records.
    OracleGeneral,
}

impl Format {
    /// As it is written on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
            Format::Mooncake => "mooncake",
            Format::OracleGeneral => "oracle_general",
        }
    }
}

/// How a trace is read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The format, if the file's name and beginning do not tell.
    pub format: Option<Format>,
    /// Which columns or fields hold what.
    pub columns: Columns,
    /// What to do with a row that cannot be read.
    pub on_bad_row: OnBadRow,
    /// Read no more accesses than this.
    pub limit: Option<u64>,
    /// Take every object to have size 1.
    pub ignore_sizes: bool,
}

/// Reads a trace into memory: four bytes an access, and four more if the trace
/// has sizes. Returns it with the format that it was in.
///
/// # Errors
/// If the file cannot be read or has no accesses, or at a bad row unless those
/// are skipped.
pub fn read(path: &Path, options: &ReadOptions) -> Result<(AccessTrace, Format), TraceError> {
    let io = |source| TraceError::Io { file: path.to_path_buf(), source };
    let input = Input::open(path).map_err(io)?;
    match input {
        Input::Mapped(bytes) => read_from(&mut &bytes[..], path, options),
        Input::Stream(mut stream) => read_from(&mut stream, path, options),
    }
}

fn read_from(
    input: &mut impl BufRead,
    path: &Path,
    options: &ReadOptions,
) -> Result<(AccessTrace, Format), TraceError> {
    let mut builder = Builder::new(path, options);
    let beginning = input.fill_buf().map_err(|error| builder.io(error))?;
    if beginning.is_empty() {
        return Err(TraceError::Empty { file: path.to_path_buf(), skipped: 0 });
    }
    let Some(format) = options.format.or_else(|| input::detect(path, beginning)) else {
        return Err(builder.format(1, input::UNKNOWN.to_owned()));
    };
    match format {
        Format::Csv => csv::read(input, &options.columns, &mut builder)?,
        Format::Jsonl => jsonl::read(input, &options.columns, &mut builder)?,
        Format::Mooncake => mooncake::read(path, &mut builder)?,
        Format::OracleGeneral => oracle_general::read(input, &mut builder)?,
    }
    Ok((builder.finish()?, format))
}
