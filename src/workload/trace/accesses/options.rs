//! How a trace of accesses is read.

use super::columns::Columns;
use crate::workload::trace::bad_row::OnBadRow;
use crate::workload::trace::formats::log::TimeUnit;

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
    /// What stands between columns of a CSV; `None` for commas.
    pub delimiter: Option<u8>,
    /// The unit of times in CSV and JSONL.
    pub unit: TimeUnit,
    /// Keep the times of all accesses.
    pub keep_times: bool,
}
