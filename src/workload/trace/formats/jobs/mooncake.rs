//! Sessions and agents in Mooncake's format: rows with `session_id`, which wait for the answer
//! before them (`delay`), or for those that they name (`request_id`, `wait_for`).
//!
//! The rows of a session stand together. `delay` and `tool_wait_ms` are milliseconds after the
//! last answer that a row waits for; a row without a `session_id` is a job of its own.
//! `branches` and `prefix_reset` are information only.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{JobOptions, ReadJob, ReadJobs};
use crate::kernel::Duration;
use crate::kernel::keyed_uniform::mix;
use crate::workload::incoming::{MAX_TOKENS, PromptId};
use crate::workload::trace::formats::mooncake_blocks::read_blocks;
use crate::workload::trace::identity;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::json::plain;
use crate::workload::trace::input::lines::Lines;
use crate::workload::trace::input::number::scaled;
use crate::workload::trace::input::position::Position;
use crate::workload::{CallDraft, RecordedJob};

/// Decimals of a millisecond that a nanosecond is.
const DECIMALS: u32 = 6;

/// A line as written.
#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    session_id: Option<&'l RawValue>,
    request_id: Option<&'l RawValue>,
    wait_for: Option<Vec<&'l RawValue>>,
    timestamp: Option<&'l RawValue>,
    delay: Option<&'l RawValue>,
    tool_wait_ms: Option<&'l RawValue>,
    input_length: u32,
    output_length: u32,
    hash_ids: Option<&'l RawValue>,
}

/// A row of a session.
#[derive(Debug)]
struct Request {
    session: Option<String>,
    id: Option<String>,
    /// Ids of those that it waits for, where it names them.
    wait_for: Option<Vec<String>>,
    stamp: Option<u64>,
    delay: Option<Duration>,
    tools: Duration,
    input_tokens: u32,
    output_tokens: u32,
    blocks: Option<Vec<u64>>,
}

/// Reads sessions one after another; one is in memory.
#[derive(Debug)]
pub(in crate::workload::trace) struct MooncakeJobs {
    lines: Lines,
    block_tokens: u32,
    options: JobOptions,
    /// Sessions that were read.
    seen: HashSet<PromptId>,
    read: u64,
    /// The first row of the next session.
    ahead: Option<Request>,
}

impl MooncakeJobs {
    /// Opens a file with blocks of a size.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(path: &Path, block_tokens: u32, options: JobOptions) -> Result<Self, TraceError> {
        let (lines, seen) = (Lines::open(path)?, HashSet::new());
        Ok(MooncakeJobs { lines, block_tokens, options, seen, read: 0, ahead: None })
    }

    fn next_request(&mut self) -> Result<Option<Request>, TraceError> {
        if !self.lines.advance_to_text()? {
            return Ok(None);
        }
        let request = parse(self.lines.line(), self.block_tokens)
            .map_err(|why| self.position().bad_row(why))?;
        Ok(Some(request))
    }
}

impl ReadJobs for MooncakeJobs {
    fn next_job(&mut self) -> Result<Option<ReadJob>, TraceError> {
        let first = match self.ahead.take() {
            Some(first) => Some(first),
            None => self.next_request()?,
        };
        let Some(first) = first else { return Ok(None) };
        self.read += 1;
        if let Some(session) = &first.session
            && !self.seen.insert(identity::of_text(session.as_bytes()))
        {
            let why = format!(
                "the rows of session {session} do not stand together: sort the file by sessions, and \
                 these by the timestamps of their first rows"
            );
            return Err(self.position().bad_row(why));
        }
        let mut requests = vec![first];
        while let Some(next) = self.next_request()? {
            if next.session.is_none() || next.session != requests[0].session {
                self.ahead = Some(next);
                break;
            }
            requests.push(next);
        }
        let job = job(&requests, self.read, self.block_tokens, self.options);
        let job = job.map(|(begins, job)| Some(ReadJob { begins, job, user: None }));
        job.map_err(|why| self.position().bad_row(why))
    }

    fn position(&self) -> &Position {
        self.lines.position()
    }
}

fn parse(line: &[u8], block_tokens: u32) -> Result<Request, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| plain(&error))?;
    let millis = |name: &str, value: Option<&RawValue>| {
        let Some(value) = value.filter(|value| value.get() != "null") else { return Ok(None) };
        scaled(value.get().as_bytes(), DECIMALS)
            .map(|(nanos, _)| Some(nanos))
            .ok_or_else(|| format!("`{name}` is `{value}`: expected milliseconds, 0 or more"))
    };
    for (field, tokens) in
        [("input_length", line.input_length), ("output_length", line.output_length)]
    {
        if tokens > MAX_TOKENS {
            return Err(format!("{field} is {tokens}: expected 0 to {MAX_TOKENS}"));
        }
    }
    let mut blocks = None;
    if let Some(written) = line.hash_ids.filter(|ids| ids.get() != "null") {
        let mut ids = Vec::new();
        read_blocks(written.get(), line.input_length, block_tokens, &mut ids)?;
        blocks = Some(ids);
    }
    let text = |value: Option<&RawValue>| {
        value.map(RawValue::get).filter(|text| *text != "null").map(str::to_owned)
    };
    Ok(Request {
        session: text(line.session_id),
        id: text(line.request_id),
        wait_for: line.wait_for.map(|ids| ids.iter().map(|id| id.get().to_owned()).collect()),
        stamp: millis("timestamp", line.timestamp)?,
        delay: millis("delay", line.delay)?.map(Duration),
        tools: millis("tool_wait_ms", line.tool_wait_ms)?.map_or(Duration::ZERO, Duration),
        input_tokens: line.input_length,
        output_tokens: line.output_length,
        blocks,
    })
}

/// The rows of a session as a job, and when it begins; the `number` names those of none.
fn job(
    requests: &[Request],
    number: u64,
    block_tokens: u32,
    options: JobOptions,
) -> Result<(u64, RecordedJob), String> {
    let JobOptions { deltas, as_recorded, .. } = options;
    let session = requests[0].session.as_deref();
    let shown = session.unwrap_or("a row without a session");
    let begins = match requests[0].stamp {
        Some(stamp) => stamp,
        None if as_recorded => {
            return Err(format!(
                "the first row of {shown} has no `timestamp`: when it begins is not known; say \
                 so by `arrivals`"
            ));
        }
        None => 0,
    };
    let mut places = BTreeMap::new();
    for (place, request) in (0..).zip(requests) {
        if let Some(id) = &request.id
            && places.insert(id.as_str(), place).is_some()
        {
            return Err(format!("two rows of {shown} have the request_id {id}"));
        }
    }
    let named = |it: &str| identity::of_text(it.as_bytes()).0;
    let thread = PromptId(mix(session.map_or(number, named)));
    let mut said = 0u64;
    let mut before = Vec::new();
    let mut calls = Vec::with_capacity(requests.len());
    for (place, request) in (0u32..).zip(requests) {
        let named = |id: &String| {
            places
                .get(id.as_str())
                .copied()
                .ok_or_else(|| format!("a row waits for {id}, which is no request_id of {shown}"))
        };
        let after: Vec<u32> = match &request.wait_for {
            Some(ids) => ids.iter().map(named).collect::<Result<_, _>>()?,
            // Rows that have names say whom they wait for.
            None if request.id.is_some() => Vec::new(),
            None => place.checked_sub(1).into_iter().collect(),
        };
        let think = match (request.delay, request.stamp) {
            (Some(delay), _) => delay,
            (None, Some(stamp)) if after.is_empty() => {
                Duration(stamp.checked_sub(begins).ok_or_else(|| {
                    format!("a row of {shown} has a timestamp before that of the first")
                })?)
            }
            // Tools alone, or at once after those that it names.
            (None, _) if after.is_empty() || request.id.is_some() => Duration::ZERO,
            (None, _) if !request.tools.is_zero() => Duration::ZERO,
            (None, _) => {
                return Err(format!(
                    "a later row of {shown} has no `delay`: how long after the answer before it \
                     it comes is not known; write `replay: open` to go by timestamps"
                ));
            }
        };
        let mut blocks = request.blocks.clone().unwrap_or_default();
        let mut input = u64::from(request.input_tokens);
        if deltas && !after.is_empty() {
            input = input.saturating_add(said);
            blocks = grown(&before, thread, input, block_tokens);
        }
        if deltas {
            said = input.saturating_add(u64::from(request.output_tokens));
            before.clone_from(&blocks);
        }
        let input_tokens = u32::try_from(input).unwrap_or(u32::MAX);
        if input_tokens > MAX_TOKENS {
            return Err(format!("the prompts of {shown} grow beyond {MAX_TOKENS} tokens"));
        }
        calls.push(CallDraft {
            think,
            tools: request.tools,
            input_tokens,
            output_tokens: Some(request.output_tokens),
            prompt: (!blocks.is_empty()).then(|| identity::of_blocks(input_tokens, &blocks)),
            thread,
            blocks,
            after,
            ..CallDraft::default()
        });
    }
    let job = RecordedJob::new(calls).map_err(|place| {
        let id = requests[place].id.as_deref().unwrap_or("a row");
        format!("{id} of {shown} waits for itself, by way of others")
    })?;
    Ok((begins, job))
}

/// The blocks of a prompt of so many tokens that begins with full blocks that are known: the
/// others have names of their own, which later prompts of the session have, too.
fn grown(before: &[u64], thread: PromptId, tokens: u64, block_tokens: u32) -> Vec<u64> {
    if before.is_empty() {
        return Vec::new();
    }
    let all = tokens.div_ceil(u64::from(block_tokens));
    // The last of them was not full, or what follows it was said in its place.
    let kept = before.len().saturating_sub(1) as u64;
    let own = |block: u64| mix(mix(thread.0).wrapping_add(block)) | 1 << 63;
    (0..all).map(|it| if it < kept { before[it as usize] } else { own(it) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str, deltas: bool) -> Result<(u64, RecordedJob), String> {
        let requests: Result<Vec<_>, _> =
            lines.lines().map(|it| parse(it.as_bytes(), 512)).collect();
        job(&requests?, 1, 512, JobOptions { deltas, ..JobOptions::default() })
    }

    const SESSION: &str = r#"{"session_id": "a", "timestamp": 1500.25, "input_length": 600, "output_length": 10, "hash_ids": [1, 2]}
{"session_id": "a", "delay": 2000, "input_length": 1100, "output_length": 20, "hash_ids": [1, 3, 4]}"#;

    #[test]
    fn a_turn_waits_for_the_answer_before_it() {
        let (begins, job) = read(SESSION, false).unwrap();
        assert_eq!((begins, job.len(), job.feeds(0)), (1_500_250_000, 2, &[1][..]));
        assert_eq!((job.call(1).think, job.blocks(1)), (Duration::from_secs(2), &[1, 3, 4][..]));
        assert_eq!(job.shortest(), Duration::from_secs(2));
    }

    #[test]
    fn a_delta_comes_to_all_that_was_said_before() {
        let (_, job) = read(SESSION, true).unwrap();
        let inputs: Vec<u32> = job.calls().iter().map(|call| call.input_tokens).collect();
        assert_eq!(inputs, [600, 600 + 10 + 1100]);
        // Of 600 tokens one block of 512 is full, which the next prompt begins with.
        let (first, second) = (job.blocks(0), job.blocks(1));
        assert_eq!((first, second.len(), second[0]), (&[1, 2][..], 4, 1));
        assert!(second[1..].iter().all(|block| !first.contains(block)));
    }

    #[test]
    fn calls_wait_for_those_they_name() {
        let line = |id: u32, more: &str| {
            format!(
                r#"{{"session_id": 7, "request_id": "r{id}", "input_length": 10, "output_length": 1{more}}}"#
            )
        };
        let lines = [
            line(0, r#", "timestamp": 100"#),
            line(1, r#", "wait_for": ["r0"], "delay": 5, "tool_wait_ms": 40"#),
            line(2, r#", "wait_for": ["r0"], "branches": 2"#),
            line(3, r#", "wait_for": ["r1", "r2"]"#),
            line(4, r#", "timestamp": 160"#),
        ];
        let (begins, job) = read(&lines.join("\n"), false).unwrap();
        assert_eq!((begins, job.starters().collect::<Vec<_>>()), (100_000_000, vec![0, 4]));
        let (first, last) = (job.call(1), job.call(4));
        let millis = |it: Duration| it.as_nanos() / 1_000_000;
        assert_eq!((millis(first.think), millis(first.tools), millis(last.think)), (5, 40, 60));
        assert_eq!((job.feeds(0), job.waits_for(3)), (&[1, 2][..], 2));
        assert_eq!(millis(job.shortest()), 60);
    }

    #[test]
    fn what_is_wrong_with_a_session_is_said() {
        for (from, to, complaint) in [
            (r#""delay": 2000, "#, "", "has no `delay`"),
            (r#""timestamp": 1500.25, "#, "", "has no `timestamp`"),
            ("1500.25", "-1", "`timestamp` is `-1`"),
            ("[1, 2]", "[1]", "takes 2 blocks of 512 tokens; hash_ids has 1"),
            (r#""delay": 2000, "#, r#""wait_for": ["x"], "#, "no request_id"),
        ] {
            let error = read(&SESSION.replace(from, to), false).unwrap_err();
            assert!(error.contains(complaint), "{complaint}: {error}");
        }
        let line = |id: &str, other: &str| {
            format!(
                r#"{{"session_id": 1, "timestamp": 0, "request_id": "{id}", "wait_for": ["{other}"], "input_length": 1, "output_length": 1}}"#
            )
        };
        let circle = [line("a", "b"), line("b", "a")].join("\n");
        assert!(read(&circle, false).unwrap_err().contains("waits for itself"));
        let twice = [line("a", "a"), line("a", "a")].join("\n");
        assert!(read(&twice, false).unwrap_err().contains("two rows"));
    }
}
