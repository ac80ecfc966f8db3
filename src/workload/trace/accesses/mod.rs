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

mod access_trace;
mod builder;
mod columns;
mod csv;
mod input;
mod interner;
mod jsonl;
mod mooncake;
mod options;
mod oracle_general;

use std::io::BufRead;
use std::path::Path;

pub use access_trace::AccessTrace;
use builder::Builder;
pub(super) use columns::size;
pub use columns::{Column, Columns};
pub(super) use csv::{Places, find};
use input::Input;
pub(super) use input::detect;
pub use options::{Format, ReadOptions};

use super::input::error::TraceError;

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
        Format::Csv => csv::read(input, path, options, &mut builder)?,
        Format::Jsonl => jsonl::read(input, path, options, &mut builder)?,
        Format::Mooncake => mooncake::read(path, &mut builder)?,
        Format::OracleGeneral => oracle_general::read(input, &mut builder)?,
    }
    Ok((builder.finish()?, format))
}
