//! The Mooncake traces: JSON lines of `timestamp` (ms), `input_length`,
//! `output_length` and `hash_ids`, the ids of the prompt's blocks (Qin et al.,
//! "Mooncake", FAST 2025; <https://github.com/kvcache-ai/Mooncake>). Others write the same with
//! blocks of another size, and finer stamps.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::beginning::Beginning;
use super::format::{Dependencies, Format, Given, RowReader, TraceFile};
use super::jobs::mooncake::MooncakeJobs;
use super::jobs::{JobOptions, ReadJobs};
use super::log::fields::{bad_count, count};
use super::mooncake_blocks::read_blocks;
use crate::spec::Problems;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::json::{self, plain};
use crate::workload::trace::input::lines::Lines;
use crate::workload::trace::input::number::scaled;
use crate::workload::trace::input::position::Position;
use crate::workload::trace::row::Row;
use crate::workload::trace::{identity, unused};

/// Tokens of a block; the last block of a prompt may have fewer.
pub const BLOCK_TOKENS: u32 = 512;

/// Decimals of a millisecond that a nanosecond is.
const DECIMALS: u32 = 6;

/// A Mooncake trace: its file, or a map with the size of its blocks too.
#[derive(Clone, Debug, PartialEq)]
pub struct MooncakeSpec {
    /// The file.
    pub file: PathBuf,
    /// How many tokens a block has: 512 in the published traces.
    pub block_tokens: u32,
}

impl<P: Into<PathBuf>> From<P> for MooncakeSpec {
    fn from(file: P) -> Self {
        MooncakeSpec { file: file.into(), block_tokens: BLOCK_TOKENS }
    }
}

/// The same as a map.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MooncakeMap {
    /// The file.
    file: PathBuf,
    /// How many tokens a block has. Default: 512, as in the published traces.
    #[serde(default = "usual")]
    block_tokens: u32,
}

fn usual() -> u32 {
    BLOCK_TOKENS
}

impl<'de> Deserialize<'de> for MooncakeSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FileOrMap;

        impl<'de> Visitor<'de> for FileOrMap {
            type Value = MooncakeSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a file, or { file: ..., block_tokens: ... }")
            }
            fn visit_str<E: de::Error>(self, file: &str) -> Result<MooncakeSpec, E> {
                Ok(file.into())
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MooncakeSpec, A::Error> {
                let MooncakeMap { file, block_tokens } =
                    MooncakeMap::deserialize(MapAccessDeserializer::new(map))?;
                Ok(MooncakeSpec { file, block_tokens })
            }
        }
        deserializer.deserialize_any(FileOrMap)
    }
}

impl Serialize for MooncakeSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let MooncakeSpec { file, block_tokens } = self.clone();
        if block_tokens == BLOCK_TOKENS {
            return file.serialize(serializer);
        }
        MooncakeMap { file, block_tokens }.serialize(serializer)
    }
}

impl JsonSchema for MooncakeSpec {
    fn schema_name() -> Cow<'static, str> {
        "MooncakeSpec".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<MooncakeMap>();
        json_schema!({
            "description": "The file, or a map with the size of its blocks too.",
            "anyOf": [{ "type": "string" }, map],
            "examples": ["conversation_trace.jsonl.gz", { "file": "trace.jsonl", "block_tokens": 16 }],
        })
    }
}

impl TraceFile for MooncakeSpec {
    fn file(&self) -> &Path {
        &self.file
    }

    fn folder(&self) -> &'static str {
        "mooncake"
    }

    fn check(&self, problems: &mut Problems) {
        if self.block_tokens == 0 {
            problems.at("block_tokens", |p| p.error("expected at least 1"));
        }
    }

    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
        Ok(Box::new(MooncakeReader::with_blocks(path, self.block_tokens)?))
    }

    fn block_tokens(&self) -> Option<u32> {
        Some(self.block_tokens)
    }

    fn counts_ids(&self) -> bool {
        true
    }

    fn dependencies(&self) -> Dependencies {
        Dependencies::IfAsked
    }

    fn open_jobs(&self, path: &Path, options: JobOptions) -> Result<Box<dyn ReadJobs>, TraceError> {
        Ok(Box::new(MooncakeJobs::open(path, self.block_tokens, options)?))
    }
}

impl Format for MooncakeSpec {
    type Spec = MooncakeSpec;

    fn of(spec: MooncakeSpec) -> Self {
        spec
    }

    fn detect(beginning: &Beginning) -> bool {
        beginning.has_fields(&["input_length", "output_length", "hash_ids"])
    }

    fn given(given: &Given, beginning: &Beginning) -> MooncakeSpec {
        let found = || block_size(&beginning.text).unwrap_or(BLOCK_TOKENS);
        let block_tokens = given.block_tokens.unwrap_or_else(found);
        MooncakeSpec { file: given.file.clone(), block_tokens }
    }
}

/// The size of blocks that the first rows show: 512 if that fits, else the greatest power of
/// two that does, else the greatest size.
pub(in crate::workload::trace) fn block_size(text: &str) -> Option<u32> {
    let (mut least, mut most) = (1, u32::MAX);
    // The last line may be torn.
    let (whole, _) = text.rsplit_once('\n').unwrap_or((text, ""));
    for line in whole.lines() {
        let Ok(line) = serde_json::from_str::<Line<'_>>(line) else { continue };
        let Some(tokens) = count(line.input_length.get().as_bytes()) else { continue };
        let mut blocks = Vec::new();
        if identity::parse_blocks(line.hash_ids.get().as_bytes(), &mut blocks).is_err() {
            continue;
        }
        // n blocks of size s hold more than (n - 1) s tokens and no more than n s.
        let Ok(n) = u32::try_from(blocks.len()) else { continue };
        if n > 0 && tokens > 0 {
            least = least.max(tokens.div_ceil(n));
            most = most.min((tokens - 1).checked_div(n - 1).unwrap_or(u32::MAX));
        }
    }
    if least > most || least <= BLOCK_TOKENS && BLOCK_TOKENS <= most {
        return None;
    }
    let power = 1 << most.min(1 << 30).ilog2();
    Some(if power >= least { power } else { most })
}

/// What to say of fields that the first rows have and that are not read.
fn other_fields(text: &str) -> Vec<String> {
    let read = ["timestamp", "input_length", "output_length", "hash_ids"];
    let mut names: Vec<String> = Vec::new();
    let mut fields = json::Fields::new();
    for line in text.lines().take(100) {
        // The last line may be torn; what is wrong with others is said when they are read.
        if json::read_object(line.as_bytes(), &mut fields).is_err() {
            continue;
        }
        for (name, _) in &fields {
            let known = read.contains(&&**name) || WAITS.iter().any(|(known, _)| known == name);
            if !known && !names.iter().any(|other| other == name) {
                names.push(name.clone().into_owned());
            }
        }
    }
    unused::notes(names.iter().map(String::as_str))
}

/// Reads a Mooncake trace row by row in constant memory.
#[derive(Debug)]
pub struct MooncakeReader {
    lines: Lines,
    block_tokens: u32,
    /// The blocks of the row read last.
    blocks: Vec<u64>,
    /// Which of the fields of agents' traces were there.
    waits: [bool; WAITS.len()],
    /// What to say of other fields, which the first rows have.
    others: Vec<String>,
}

/// Fields that say what a row waits for.
const WAITS: [(&str, &str); 4] = [
    ("session_id", "sessions"),
    ("delay", "what requests wait for"),
    ("wait_for", "what requests wait for"),
    ("tool_wait_ms", "what requests wait for"),
];

/// A line as written. Other fields are let be.
#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow, default)]
    timestamp: Option<&'l RawValue>,
    #[serde(borrow)]
    input_length: &'l RawValue,
    #[serde(borrow)]
    output_length: &'l RawValue,
    /// Read apart, into a list that is used again.
    #[serde(borrow)]
    hash_ids: &'l RawValue,
    #[serde(borrow, default)]
    session_id: Option<&'l RawValue>,
    #[serde(borrow, default)]
    delay: Option<&'l RawValue>,
    #[serde(borrow, default)]
    wait_for: Option<&'l RawValue>,
    #[serde(borrow, default)]
    tool_wait_ms: Option<&'l RawValue>,
}

impl MooncakeReader {
    /// Opens a file with blocks of 512 tokens.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        MooncakeReader::with_blocks(path, BLOCK_TOKENS)
    }

    /// Opens a file with blocks of another size.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn with_blocks(path: &Path, block_tokens: u32) -> Result<Self, TraceError> {
        let waits = [false; WAITS.len()];
        let (lines, blocks) = (Lines::open(path)?, Vec::new());
        let others = other_fields(&Beginning::of(path)?.text);
        Ok(MooncakeReader { lines, block_tokens, blocks, waits, others })
    }

    /// The next row; empty lines are none.
    ///
    /// # Errors
    /// A row that cannot be read (the next call goes on behind it), or a file
    /// that cannot or is of another format.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        if !self.lines.advance_to_text()? {
            return Ok(None);
        }
        match parse(self.lines.line(), self.block_tokens, &mut self.blocks, &mut self.waits) {
            Ok(row) => Ok(Some(row)),
            Err(why) => Err(self.refuse(why)),
        }
    }

    /// The ids of the blocks of the row read last, in the order of the prompt.
    /// Equal ids mean equal blocks after equal prefixes.
    pub fn blocks(&self) -> &[u64] {
        &self.blocks
    }

    /// A first line that is no object is of another format; any other is a bad row.
    #[cold]
    fn refuse(&self, why: String) -> TraceError {
        let position = self.lines.position();
        if position.line > 1 || self.lines.line().trim_ascii_start().starts_with(b"{") {
            return position.bad_row(why);
        }
        if self.lines.line().trim_ascii_start().starts_with(b"[") {
            let why = "expected an object on each line, found a list: write its items on lines of \
                       their own, such as by `jq -c '.[]'`";
            return position.format(why.to_owned());
        }
        let shown: String = String::from_utf8_lossy(self.lines.line()).chars().take(80).collect();
        let why = format!(
            "expected a line of a Mooncake trace, such as `{{\"timestamp\": 0, \
             \"input_length\": 700, \"output_length\": 50, \"hash_ids\": [0, 1]}}`, \
             found `{shown}`"
        );
        position.format(why)
    }
}

impl RowReader for MooncakeReader {
    fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        MooncakeReader::next_row(self)
    }

    fn blocks(&self) -> &[u64] {
        &self.blocks
    }

    fn notes(&self) -> Vec<String> {
        let there = WAITS.iter().zip(self.waits).filter(|(_, there)| *there);
        let waits = there.map(|((name, what), _)| unused::dependency(name, what));
        waits.chain(self.others.iter().cloned()).collect()
    }

    fn position(&self) -> &Position {
        self.lines.position()
    }
}

fn parse(
    line: &[u8],
    block_tokens: u32,
    blocks: &mut Vec<u64>,
    waits: &mut [bool; WAITS.len()],
) -> Result<Row, String> {
    blocks.clear();
    let text = std::str::from_utf8(line).map_err(|error| error.to_string())?;
    let line: Line<'_> = serde_json::from_str(text).map_err(|error| plain(&error))?;
    let there = [line.session_id, line.delay, line.wait_for, line.tool_wait_ms];
    for (seen, there) in waits.iter_mut().zip(there) {
        *seen |= there.is_some();
    }
    let Some(timestamp) = line.timestamp.map(RawValue::get) else {
        return Err(if there.iter().any(Option::is_some) {
            "there is no `timestamp`: write `replay: closed`, so that rows wait for the answers \
             that they waited for"
                .to_owned()
        } else {
            "missing field `timestamp`".to_owned()
        });
    };
    let tokens = |name: &str, value: &RawValue| {
        let text = value.get().as_bytes();
        count(text).ok_or_else(|| bad_count(name, text))
    };
    let input_tokens = tokens("input_length", line.input_length)?;
    let output_tokens = tokens("output_length", line.output_length)?;
    read_blocks(line.hash_ids.get(), input_tokens, block_tokens, blocks)?;
    let stamp = scaled(timestamp.as_bytes(), DECIMALS).map(|(nanos, _)| nanos);
    Ok(Row {
        stamp: stamp.ok_or_else(|| {
            format!("timestamp is `{timestamp}`: expected milliseconds, from 0 to 1.8e13")
        })?,
        input_tokens,
        output_tokens: Some(output_tokens),
        prompt: Some(identity::of_blocks(input_tokens, blocks)),
        user: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: &str) -> Result<(Row, Vec<u64>), String> {
        let mut blocks = vec![99];
        parse(line.as_bytes(), BLOCK_TOKENS, &mut blocks, &mut Default::default())
            .map(|row| (row, blocks))
    }

    #[test]
    fn a_line_is_read_whatever_its_order_and_other_fields() {
        let (row, blocks) = row(r#"{ "hash_ids":[7,  18446744073709551615], "type": {"a": [1]},
            "output_length": 5, "input_length": 513, "timestamp": 1500.25 }"#)
        .unwrap();
        assert_eq!((row.stamp, row.input_tokens, row.output_tokens), (1_500_250_000, 513, Some(5)));
        assert_eq!(blocks, [7, u64::MAX]);
    }

    #[test]
    fn a_prompt_is_its_length_and_its_blocks_in_order() {
        let prompt = |line: &str| row(line).unwrap().0.prompt.unwrap();
        let of = |length: u32, ids: &str| {
            prompt(&format!(
                r#"{{"timestamp": 9, "input_length": {length}, "output_length": 1, "hash_ids": {ids}}}"#
            ))
        };
        assert_eq!(of(1000, "[1, 2]"), of(1000, "[1,2]"));
        let all = [of(1000, "[1, 2]"), of(1000, "[2, 1]"), of(1001, "[1, 2]"), of(0, "[]")];
        for (i, one) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|other| one != other));
        }
    }

    #[test]
    fn the_size_of_blocks_is_told_by_the_rows_or_asked_for() {
        let rows = |size: u32| {
            let row = |tokens: u32| {
                let ids: Vec<u32> = (0..tokens.div_ceil(size)).collect();
                format!(
                    "{{\"timestamp\": 0, \"input_length\": {tokens}, \"output_length\": 1, \
                     \"hash_ids\": {ids:?}}}\n"
                )
            };
            [700, 1000, 3000].map(row).concat() + "{\"timestamp\""
        };
        let found = [16, 64, 512, 1024].map(|size| block_size(&rows(size)));
        assert_eq!(found, [Some(16), Some(64), None, Some(1024)]);
        let why = row(rows(16).lines().next().unwrap()).unwrap_err();
        assert!(
            why.ends_with("hash_ids has 44: if its blocks have 16 tokens, say `block_tokens: 16`")
        );
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        for (line, complaint) in [
            ("{", "EOF while parsing an object (column 1)"),
            ("[1, 2]", "invalid length 2"),
            (r#"{"timestamp": 1}"#, "missing field `input_length` (column 16)"),
            (r#"{"timestamp": 1, "timestamp": 2}"#, "duplicate field `timestamp` (column"),
            (
                r#"{"timestamp": -1, "input_length": 1, "output_length": 1, "hash_ids": [1]}"#,
                "timestamp is `-1`: expected milliseconds",
            ),
            (
                r#"{"timestamp": 1, "input_length": 1.50, "output_length": 1, "hash_ids": [1]}"#,
                "input_length is `1.50`: expected a whole number",
            ),
            (
                r#"{"delay": 1, "input_length": 1, "output_length": 1, "hash_ids": [1]}"#,
                "there is no `timestamp`: write `replay: closed`",
            ),
            (
                r#"{"timestamp": 1, "input_length": 513, "output_length": 1, "hash_ids": [1]}"#,
                "an input_length of 513 takes 2 blocks of 512 tokens; hash_ids has 1",
            ),
            (
                r#"{"timestamp": 1, "input_length": 1, "output_length": 1, "hash_ids": [1.5]}"#,
                "hash_ids has `1.5`: expected whole numbers",
            ),
            (
                r#"{"timestamp": 1, "input_length": 1, "output_length": 1, "hash_ids": 7}"#,
                "hash_ids is `7`: expected a list",
            ),
            (
                r#"{"timestamp": 1, "input_length": 1, "output_length": 2000000000, "hash_ids": [1]}"#,
                "output_length is `2000000000`: expected a whole number from 0 to 1000000000",
            ),
            (
                r#"{"timestamp": 18446744073709551615, "input_length": 1, "output_length": 1, "hash_ids": [1]}"#,
                "timestamp is `18446744073709551615`: expected milliseconds",
            ),
        ] {
            let error = row(line).unwrap_err();
            assert!(error.starts_with(complaint), "{line}: {error}");
        }
    }
}
