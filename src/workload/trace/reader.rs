//! One reader for all formats whose rows have times.

use std::path::Path;
use std::sync::Arc;

use super::jobs::JobReader;
use super::position::Position;
use super::row::Row;
use super::{
    AzureReader, CsvLog, JsonlLog, MooncakeReader, ObjectsReader, TraceError, TraceSpec, Users,
};
use crate::workload::RecordedJob;

/// A reader of any format.
#[derive(Debug)]
pub enum Reader {
    /// See [`AzureReader`].
    Azure(AzureReader),
    /// See [`MooncakeReader`].
    Mooncake(MooncakeReader),
    /// See [`CsvLog`].
    Csv(Box<CsvLog>),
    /// See [`JsonlLog`].
    Jsonl(JsonlLog),
    /// See [`ObjectsReader`].
    Objects(Box<ObjectsReader>),
    /// See [`JobReader`].
    Jobs(JobReader),
}

impl Reader {
    /// A reader of the file at `path`, which is of the format that the spec names.
    ///
    /// # Errors
    /// If the file cannot be read or is of another format.
    pub fn open(spec: &TraceSpec, path: &Path) -> Result<Reader, TraceError> {
        if let Some(jobs) = JobReader::open(spec, path)? {
            return Ok(Reader::Jobs(jobs));
        }
        if let Some(objects) = &spec.libcachesim {
            return Ok(Reader::Objects(Box::new(ObjectsReader::open(path, objects)?)));
        }
        Ok(match spec.log() {
            Some(log) if spec.jsonl.is_some() => Reader::Jsonl(JsonlLog::open(path, &log)?),
            Some(log) => Reader::Csv(Box::new(CsvLog::open(path, &log)?)),
            None if spec.mooncake.is_some() => {
                let reader = MooncakeReader::open(path)?;
                Reader::Mooncake(reader.refusing_sessions(spec.replay.is_none()))
            }
            None => Reader::Azure(AzureReader::open(path)?),
        })
    }

    /// The next row; after [`TraceError::BadRow`] the next call goes on behind
    /// it.
    ///
    /// # Errors
    /// A row that cannot be read, or a file that cannot.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        match self {
            Reader::Azure(reader) => reader.next_row(),
            Reader::Mooncake(reader) => reader.next_row(),
            Reader::Csv(reader) => reader.next_row(),
            Reader::Jsonl(reader) => reader.next_row(),
            Reader::Objects(reader) => reader.next_row(),
            Reader::Jobs(reader) => reader.next_row(),
        }
    }

    /// The ids of the blocks of the row read last; none if the format does not
    /// know them.
    #[inline]
    pub fn blocks(&self) -> &[u64] {
        match self {
            Reader::Mooncake(reader) => reader.blocks(),
            _ => &[],
        }
    }

    /// What the job of the row read last does, where rows are jobs.
    #[inline]
    pub fn job(&self) -> Option<Arc<RecordedJob>> {
        match self {
            Reader::Jobs(reader) => reader.job(),
            _ => None,
        }
    }

    /// The users of the rows read so far, if the format knows them.
    pub fn users(&self) -> Option<&Users> {
        match self {
            Reader::Csv(reader) => Some(reader.users()),
            Reader::Jsonl(reader) => Some(reader.users()),
            _ => None,
        }
    }

    /// Where the row read last is.
    pub(super) fn position(&self) -> &Position {
        match self {
            Reader::Azure(reader) => reader.position(),
            Reader::Mooncake(reader) => reader.position(),
            Reader::Csv(reader) => reader.position(),
            Reader::Jsonl(reader) => reader.position(),
            Reader::Objects(reader) => reader.position(),
            Reader::Jobs(reader) => reader.position(),
        }
    }
}
