//! Traces written: one format a file. A file appears whole or not at all.
//!
//! To add a format: a file with a struct that implements `Format`, and a line in
//! [`TraceFormat`]. What a format cannot hold is noted, and said.

mod azure;
mod burstgpt;
mod csv;
mod format;
mod jsonl;
mod libcachesim;
mod losses;
mod measured;
mod mooncake;
mod oracle_general;
mod output;

use std::io;
use std::path::Path;

use format::Format;
pub use format::{Knows, WrittenRow};
use losses::Losses;
use output::Output;

use crate::spec::nearest;

/// A format that traces are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// See [`TraceSpec::azure`](super::TraceSpec::azure).
    Azure,
    /// See [`TraceSpec::burstgpt`](super::TraceSpec::burstgpt).
    Burstgpt,
    /// See [`TraceSpec::mooncake`](super::TraceSpec::mooncake).
    Mooncake,
    /// Our own rows: exact times, lengths, prompts, users, and what was measured.
    Csv,
    /// The same as JSON objects, one a line.
    Jsonl,
    /// See [`ObjectsSpec`](super::ObjectsSpec).
    Libcachesim,
    /// libCacheSim's binary records.
    OracleGeneral,
}

impl TraceFormat {
    /// All, with their names.
    pub const ALL: [(&'static str, TraceFormat); 7] = [
        ("azure", TraceFormat::Azure),
        ("burstgpt", TraceFormat::Burstgpt),
        ("mooncake", TraceFormat::Mooncake),
        ("csv", TraceFormat::Csv),
        ("jsonl", TraceFormat::Jsonl),
        ("libcachesim", TraceFormat::Libcachesim),
        ("oracle_general", TraceFormat::OracleGeneral),
    ];

    /// The format that a file's name tells: our own for `.csv` and `.jsonl`.
    pub fn of_file(path: &Path) -> Option<TraceFormat> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        if name.contains("oraclegeneral") {
            return Some(TraceFormat::OracleGeneral);
        }
        let (_, ending) = name.rsplit_once('.')?;
        match ending {
            "csv" => Some(TraceFormat::Csv),
            "jsonl" | "ndjson" => Some(TraceFormat::Jsonl),
            _ => None,
        }
    }

    fn body(self, knows: Knows) -> Box<dyn Format> {
        match self {
            TraceFormat::Azure => Box::new(azure::Azure),
            TraceFormat::Burstgpt => Box::new(burstgpt::BurstGpt),
            TraceFormat::Mooncake => Box::new(mooncake::Mooncake::new(knows.block_tokens)),
            TraceFormat::Csv => Box::new(csv::Csv(knows)),
            TraceFormat::Jsonl => Box::new(jsonl::Jsonl(knows)),
            TraceFormat::Libcachesim => Box::new(libcachesim::LibCacheSim::default()),
            TraceFormat::OracleGeneral => Box::new(oracle_general::OracleGeneral::default()),
        }
    }
}

impl std::str::FromStr for TraceFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = TraceFormat::ALL.iter().find(|(name, _)| *name == text);
        known.map(|(_, format)| *format).ok_or_else(|| {
            let names = TraceFormat::ALL.map(|(name, _)| name);
            let near = nearest(text, names);
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            format!("expected one of {}{near}", names.join(", "))
        })
    }
}

/// Writes a trace, packed with gzip where its name ends in `.gz`.
#[derive(Debug)]
pub struct TraceWriter {
    output: Output,
    holds: TraceFormat,
    format: Box<dyn Format>,
    lost: Losses,
    rows: u64,
}

impl TraceWriter {
    /// Begins a trace, which will be at `path` once it is whole.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn create(path: &Path, format: TraceFormat, knows: Knows) -> io::Result<Self> {
        let mut output = Output::create(path)?;
        let (holds, mut format) = (format, format.body(knows));
        format.begin(&mut output)?;
        Ok(TraceWriter { output, holds, format, lost: Losses::default(), rows: 0 })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// If the file cannot be written, or the format has no way to write the row.
    pub fn write(&mut self, row: &WrittenRow<'_>) -> io::Result<()> {
        self.rows += 1;
        if !matches!(self.holds, TraceFormat::Csv | TraceFormat::Jsonl) {
            self.lost.measured(row);
        }
        self.format.row(row, &mut self.output, &mut self.lost)
    }

    /// How many rows were written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Puts the file in its place; what of the rows it does not hold.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn finish(mut self) -> io::Result<Vec<String>> {
        self.format.end(&mut self.output)?;
        self.output.finish()?;
        Ok(self.lost.into_list())
    }
}
