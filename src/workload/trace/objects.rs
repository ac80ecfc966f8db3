//! Cache traces as workloads: each access is a request for a prompt, the object's
//! size that of the answer. Read as libCacheSim does
//! (<https://github.com/1a1a11a/libCacheSim>): a CSV, or `oracleGeneral`.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accesses::{Column, Columns, Format, Places, detect, find};
use super::log::{TimeUnit, fields};
use super::position::Position;
use super::{Row, TraceError, bytes, identity};
use crate::kernel::time::NANOS_PER_SEC;
use crate::spec::Problems;
use crate::workload::incoming::{CHARS_PER_TOKEN, MAX_TOKENS, PromptId};

/// A cache trace, and what its objects are as prompts and answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectsSpec {
    /// The file: a CSV with a header, or `oracleGeneral` (told by its name); gzip
    /// and zstd are unpacked.
    pub file: PathBuf,
    /// The column of times. Default: `time`, `timestamp`, `clock_time` or `ts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The unit of times in a CSV. Default: `s`.
    pub unit: TimeUnit,
    /// The column of objects: equal values are equal prompts. Default: `key`, `id`,
    /// `obj_id` or `object_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The column of sizes in bytes. Default: `size`, `obj_size`, `object_size` or
    /// `bytes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Tokens of each prompt, as the trace does not know them. Default: 100.
    pub input_tokens: u32,
    /// Bytes of an object to a token of the answer; the last may have fewer.
    /// Default: 4.
    pub bytes_per_token: u32,
}

impl Default for ObjectsSpec {
    fn default() -> Self {
        ObjectsSpec {
            file: PathBuf::new(),
            time: None,
            unit: TimeUnit::S,
            id: None,
            size: None,
            input_tokens: 100,
            bytes_per_token: CHARS_PER_TOKEN,
        }
    }
}

impl ObjectsSpec {
    /// Reports tokens that no prompt has, and bytes that no token has.
    pub fn check(&self, problems: &mut Problems) {
        if !(1..=MAX_TOKENS).contains(&self.input_tokens) {
            problems.at("input_tokens", |p| p.error(format!("expected 1 to {MAX_TOKENS}")));
        }
        if self.bytes_per_token == 0 {
            problems.at("bytes_per_token", |p| p.error("expected at least 1"));
        }
    }

    fn columns(&self) -> Columns {
        let named = |name: &Option<String>| name.clone().map(Column::Name);
        Columns { time: named(&self.time), key: named(&self.id), size: named(&self.size) }
    }

    #[inline]
    fn row(&self, stamp: u64, prompt: PromptId, size: u32) -> Row {
        Row {
            stamp,
            input_tokens: self.input_tokens,
            output_tokens: Some(size.div_ceil(self.bytes_per_token).min(MAX_TOKENS)),
            prompt: Some(prompt),
            user: None,
        }
    }
}

/// Reads a cache trace access by access in constant memory.
pub struct ObjectsReader {
    spec: ObjectsSpec,
    position: Position,
    records: Records,
}

enum Records {
    Csv { rows: Reader<Box<dyn Read + Send>>, record: ByteRecord, places: Places, time: usize },
    OracleGeneral(BufReader<Box<dyn Read + Send>>),
}

impl fmt::Debug for ObjectsReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectsReader").field("position", &self.position).finish_non_exhaustive()
    }
}

impl ObjectsReader {
    /// Opens a file and finds the columns in its header.
    ///
    /// # Errors
    /// If the file cannot be read or lacks a column.
    pub fn open(path: &Path, spec: &ObjectsSpec) -> Result<Self, TraceError> {
        let (mut position, stream) = bytes::open_at(path)?;
        if detect(path, b"") == Some(Format::OracleGeneral) {
            let records = Records::OracleGeneral(BufReader::with_capacity(1 << 16, stream));
            return Ok(ObjectsReader { spec: spec.clone(), position, records });
        }
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
        let places = find(&spec.columns(), &record).map_err(|why| position.format(why))?;
        let time = places.time.ok_or_else(|| {
            position.format("there is no column of times: a request comes at some time".to_owned())
        })?;
        let records = Records::Csv { rows, record, places, time };
        Ok(ObjectsReader { spec: spec.clone(), position, records })
    }

    /// The next access.
    ///
    /// # Errors
    /// A row that cannot be read (the next call goes on behind it), or a file
    /// that cannot.
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        let ObjectsReader { spec, position, records } = self;
        match records {
            Records::Csv { rows, record, places, time } => {
                if !rows.read_byte_record(record).map_err(|error| position.io(error.into()))? {
                    return Ok(None);
                }
                position.line = record.position().map_or(position.line + 1, csv::Position::line);
                match parse(spec, record, *places, *time) {
                    Ok(row) => Ok(Some(row)),
                    Err(why) => Err(position.bad_row(why)),
                }
            }
            Records::OracleGeneral(input) => {
                position.line += 1;
                oracle_general(spec, position, input)
            }
        }
    }

    /// Where the access read last is.
    pub(super) fn position(&self) -> &Position {
        &self.position
    }
}

fn parse(
    spec: &ObjectsSpec,
    record: &ByteRecord,
    places: Places,
    time: usize,
) -> Result<Row, String> {
    if record.len() != places.width {
        return Err(format!("expected {} fields, found {}", places.width, record.len()));
    }
    let field = |place: usize| record[place].trim_ascii();
    let shown =
        |place: usize| String::from_utf8_lossy(field(place)).chars().take(40).collect::<String>();
    let key = field(places.key);
    if key.is_empty() {
        return Err("the object is empty".to_owned());
    }
    let stamp = fields::stamp(field(time), spec.unit)
        .ok_or_else(|| format!("the time is `{}`: expected a number of 0 or more", shown(time)))?;
    let size = match places.size {
        None => 1,
        Some(place) => super::accesses::whole_number(field(place))
            .and_then(|size| u32::try_from(size).ok())
            .ok_or_else(|| {
                let most = u32::MAX;
                format!("the size is `{}`: expected bytes from 0 to {most}", shown(place))
            })?,
    };
    Ok(spec.row(stamp, identity::of_text(key), size))
}

/// The next record of 24 bytes: see [`accesses`](super::accesses).
fn oracle_general(
    spec: &ObjectsSpec,
    position: &Position,
    input: &mut BufReader<Box<dyn Read + Send>>,
) -> Result<Option<Row>, TraceError> {
    if input.fill_buf().map_err(|error| position.io(error))?.is_empty() {
        return Ok(None);
    }
    let mut record = [0; 24];
    match input.read_exact(&mut record) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            let why = "the file ends within this record of 24 bytes";
            return Err(position.bad_row(why.to_owned()));
        }
        Err(error) => return Err(position.io(error)),
    }
    let [t0, t1, t2, t3, k0, k1, k2, k3, k4, k5, k6, k7, s0, s1, s2, s3, ..] = record;
    let seconds = u64::from(u32::from_le_bytes([t0, t1, t2, t3]));
    let prompt = PromptId(u64::from_le_bytes([k0, k1, k2, k3, k4, k5, k6, k7]));
    let size = u32::from_le_bytes([s0, s1, s2, s3]);
    Ok(Some(spec.row(seconds * NANOS_PER_SEC, prompt, size)))
}
