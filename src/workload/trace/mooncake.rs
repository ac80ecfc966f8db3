//! The Mooncake traces: JSON lines of `timestamp` (ms), `input_length`,
//! `output_length` and `hash_ids`, the ids of the prompt's blocks (Qin et al.,
//! "Mooncake", FAST 2025; <https://github.com/kvcache-ai/Mooncake>).

use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::lines::Lines;
use super::position::Position;
use super::{Row, TraceError};
use crate::workload::incoming::{MAX_TOKENS, PromptId};

/// Tokens of a block; the last block of a prompt may have fewer.
pub const BLOCK_TOKENS: u32 = 512;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// Reads a Mooncake trace row by row in constant memory.
#[derive(Debug)]
pub struct MooncakeReader {
    lines: Lines,
    /// The blocks of the row read last.
    blocks: Vec<u64>,
    /// Whether rows that wait for others are errors; else they go by their stamps.
    refuses_sessions: bool,
}

/// A line as written. Other fields are let be, but for those of rows that wait for others.
#[derive(Deserialize)]
struct Line<'l> {
    timestamp: u64,
    input_length: u32,
    output_length: u32,
    /// Read apart, into a list that is used again.
    #[serde(borrow)]
    hash_ids: &'l RawValue,
    session_id: Option<&'l RawValue>,
    delay: Option<&'l RawValue>,
    wait_for: Option<&'l RawValue>,
}

impl MooncakeReader {
    /// Opens a file, whose rows go by their stamps.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let (lines, blocks) = (Lines::open(path)?, Vec::new());
        Ok(MooncakeReader { lines, blocks, refuses_sessions: false })
    }

    /// The same, for which rows that wait for others are errors, if that is so.
    #[must_use]
    pub fn refusing_sessions(self, refuses_sessions: bool) -> Self {
        MooncakeReader { refuses_sessions, ..self }
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
        match parse(self.lines.line(), &mut self.blocks, self.refuses_sessions) {
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
        let shown: String = String::from_utf8_lossy(self.lines.line()).chars().take(80).collect();
        let why = format!(
            "expected a line of a Mooncake trace, such as `{{\"timestamp\": 0, \
             \"input_length\": 700, \"output_length\": 50, \"hash_ids\": [0, 1]}}`, \
             found `{shown}`"
        );
        position.format(why)
    }

    /// Where the row read last is.
    pub(super) fn position(&self) -> &Position {
        self.lines.position()
    }
}

fn parse(line: &[u8], blocks: &mut Vec<u64>, refuses_sessions: bool) -> Result<Row, String> {
    blocks.clear();
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| explain(&error))?;
    let waits =
        [("session_id", line.session_id), ("delay", line.delay), ("wait_for", line.wait_for)];
    if let Some((field, _)) = waits.iter().find(|(_, value)| value.is_some() && refuses_sessions) {
        return Err(format!(
            "the row has `{field}`: write `replay: closed`, so that each row waits for the \
             answers that it waited for, or `replay: open` to go by timestamps"
        ));
    }
    parse_blocks(line.hash_ids.get(), blocks)?;
    for (field, tokens) in
        [("input_length", line.input_length), ("output_length", line.output_length)]
    {
        if tokens > MAX_TOKENS {
            return Err(format!("{field} is {tokens}: expected 0 to {MAX_TOKENS}"));
        }
    }
    let expected = line.input_length.div_ceil(BLOCK_TOKENS) as usize;
    if blocks.len() != expected {
        return Err(format!(
            "an input_length of {} takes {expected} blocks of {BLOCK_TOKENS} tokens; \
             hash_ids has {}",
            line.input_length,
            blocks.len()
        ));
    }
    let stamp = line.timestamp.checked_mul(NANOS_PER_MILLI);
    Ok(Row {
        stamp: stamp.ok_or_else(|| format!("timestamp {} is out of range", line.timestamp))?,
        input_tokens: line.input_length,
        output_tokens: Some(line.output_length),
        prompt: Some(identity(line.input_length, blocks)),
        user: None,
    })
}

/// Reads `[0, 1, 2]`.
fn parse_blocks(list: &str, blocks: &mut Vec<u64>) -> Result<(), String> {
    let shown = || list.chars().take(40).collect::<String>();
    let inner = list.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inner = inner.ok_or_else(|| format!("hash_ids is `{}`: expected a list", shown()))?;
    if inner.trim_ascii().is_empty() {
        return Ok(());
    }
    for id in inner.split(',') {
        let id = id.trim_ascii();
        blocks.push(id.parse().map_err(|_| {
            let id: String = id.chars().take(40).collect();
            format!("hash_ids has `{id}`: expected whole numbers from 0 to 2^64 - 1")
        })?);
    }
    Ok(())
}

/// Prompts are the same if their lengths and all their blocks are: a 64-bit hash
/// of these (two of a million different prompts share one with a probability of
/// 3 in 10^8), so that no prompt need be remembered. Each step is a folded
/// multiplication by an odd number, as wyhash does.
#[inline]
pub(super) fn identity(tokens: u32, blocks: &[u64]) -> PromptId {
    let mix = |state: u64, value: u64| {
        let product = u128::from(state ^ value) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        product as u64 ^ (product >> 64) as u64
    };
    let start = mix(0x243f_6a88_85a3_08d3, u64::from(tokens));
    PromptId(blocks.iter().fold(start, |state, block| mix(state, *block)))
}

/// What JSON has against a line; its number is told elsewhere.
#[cold]
fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (why, _) = text.rsplit_once(" at line ").unwrap_or((&text, ""));
    format!("{why} (column {})", error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: &str) -> Result<(Row, Vec<u64>), String> {
        let mut blocks = vec![99];
        parse(line.as_bytes(), &mut blocks, false).map(|row| (row, blocks))
    }

    #[test]
    fn a_line_is_read_whatever_its_order_and_other_fields() {
        let (row, blocks) = row(r#"{ "hash_ids":[7,  18446744073709551615], "type": {"a": [1]},
            "output_length": 5, "input_length": 513, "timestamp": 1500 }"#)
        .unwrap();
        assert_eq!((row.stamp, row.input_tokens, row.output_tokens), (1_500_000_000, 513, Some(5)));
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
    fn what_is_wrong_with_a_line_is_said() {
        for (line, complaint) in [
            ("{", "EOF while parsing an object (column 1)"),
            ("[1, 2]", "invalid length 2"),
            (r#"{"timestamp": 1}"#, "missing field `input_length` (column 16)"),
            (
                r#"{"timestamp": -1, "input_length": 1, "output_length": 1, "hash_ids": [1]}"#,
                "invalid value: integer `-1`, expected u64 (column 16)",
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
                "output_length is 2000000000: expected 0 to 1000000000",
            ),
            (
                r#"{"timestamp": 18446744073709551615, "input_length": 1, "output_length": 1, "hash_ids": [1]}"#,
                "timestamp 18446744073709551615 is out of range",
            ),
        ] {
            let error = row(line).unwrap_err();
            assert!(error.starts_with(complaint), "{line}: {error}");
        }
    }
}
