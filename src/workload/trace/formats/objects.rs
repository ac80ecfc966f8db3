//! Cache traces as workloads: each access is a request for a prompt, the object's
//! size that of the answer. Read as libCacheSim does
//! (<https://github.com/1a1a11a/libCacheSim>): a CSV, or `oracleGeneral`.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::beginning::Beginning;
use super::format::{Format, Given, RowReader, TraceFile};
use super::log::{TimeUnit, fields};
use crate::kernel::time::NANOS_PER_SEC;
use crate::spec::Problems;
use crate::workload::incoming::{CHARS_PER_TOKEN, MAX_TOKENS, PromptId};
use crate::workload::trace::accesses::{self, Column, Columns, Places, find};
use crate::workload::trace::identity;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::position::Position;
use crate::workload::trace::input::table::{Table, delimiter};
use crate::workload::trace::input::{bytes, shown};
use crate::workload::trace::row::Row;

/// A cache trace, and what its objects are as prompts and answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectsSpec {
    /// The file: a CSV with a header, or `oracleGeneral` (told by its name); gzip
    /// and zstd are unpacked.
    pub file: PathBuf,
    /// What stands between columns of a CSV: one sign, such as `;` or `\t`. Default: `,`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
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
            delimiter: None,
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
        if let Some(Err(why)) = self.delimiter.as_ref().map(|sign| delimiter(sign)) {
            problems.at("delimiter", |p| p.error(why));
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

impl TraceFile for ObjectsSpec {
    fn file(&self) -> &Path {
        &self.file
    }

    fn folder(&self) -> &'static str {
        "libcachesim"
    }

    fn is_map(&self) -> bool {
        true
    }

    fn check(&self, problems: &mut Problems) {
        ObjectsSpec::check(self, problems);
    }

    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
        Ok(Box::new(ObjectsReader::open(path, self)?))
    }

    fn knows_prompts(&self) -> bool {
        true
    }
}

impl Format for ObjectsSpec {
    type Spec = ObjectsSpec;

    fn of(spec: ObjectsSpec) -> Self {
        spec
    }

    fn detect(beginning: &Beginning) -> bool {
        beginning.name.contains("oraclegeneral")
            || beginning.has_columns(&["time", "id", "size"])
            || beginning.has_columns(&["time", "obj_id", "obj_size"])
    }

    fn given(given: &Given, _: &Beginning) -> ObjectsSpec {
        ObjectsSpec {
            file: given.file.clone(),
            delimiter: given.delimiter.clone(),
            unit: given.unit.unwrap_or_default(),
            ..ObjectsSpec::default()
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
    Csv { table: Box<Table>, places: Places, time: usize },
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
        let spec = spec.clone();
        if accesses::detect(path, b"") == Some(accesses::Format::OracleGeneral) {
            let (position, stream) = bytes::open_at(path)?;
            let records = Records::OracleGeneral(BufReader::with_capacity(1 << 16, stream));
            return Ok(ObjectsReader { spec, position, records });
        }
        let sign = spec.delimiter.as_ref().and_then(|sign| delimiter(sign).ok());
        let table = Box::new(Table::open(path, sign)?);
        let position = table.position().clone();
        let places = find(&spec.columns(), &table).map_err(|why| position.format(why))?;
        let time = places.time.ok_or_else(|| {
            position.format("there is no column of times: a request comes at some time".to_owned())
        })?;
        Ok(ObjectsReader { spec, position, records: Records::Csv { table, places, time } })
    }
}

impl RowReader for ObjectsReader {
    fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        let ObjectsReader { spec, position, records } = self;
        match records {
            Records::Csv { table, places, time } => {
                if !table.advance()? {
                    return Ok(None);
                }
                let row = parse(spec, table, *places, *time);
                row.map(Some).map_err(|why| table.position().bad_row(why))
            }
            Records::OracleGeneral(input) => {
                position.line += 1;
                oracle_general(spec, position, input)
            }
        }
    }

    fn position(&self) -> &Position {
        match &self.records {
            Records::Csv { table, .. } => table.position(),
            Records::OracleGeneral(_) => &self.position,
        }
    }
}

fn parse(spec: &ObjectsSpec, table: &Table, places: Places, time: usize) -> Result<Row, String> {
    let field = |place: usize| table.field(place);
    let key = field(places.key);
    if key.is_empty() {
        return Err("the object is empty".to_owned());
    }
    let name = |place: usize| table.header()[place].as_str();
    let stamp = fields::stamp(field(time), spec.unit)
        .ok_or_else(|| fields::bad_time(name(time), field(time), spec.unit))?;
    let size = match places.size {
        None => 1,
        Some(place) => accesses::size(field(place)).ok_or_else(|| {
            let (name, size, most) = (name(place), shown(field(place)), u32::MAX);
            format!("{name} is `{size}`: expected bytes from 0 to {most}")
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
