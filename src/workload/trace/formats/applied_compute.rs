//! Agents' sessions as Applied Compute publishes them: a session a line, with lengths of answers
//! and of tools' outputs and how long tools took. They have no times of their own.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::beginning::Beginning;
use super::format::{Dependencies, Format, Given, RowReader, TraceFile};
use super::job_reader::JobReader;
use super::jobs::{JobOptions, ReadJob, ReadJobs};
use super::log::TimeUnit;
use super::log::fields::stamp;
use crate::kernel::Duration;
use crate::kernel::keyed_uniform::mix;
use crate::workload::incoming::{MAX_TOKENS, PromptId};
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::json::plain;
use crate::workload::trace::input::lines::Lines;
use crate::workload::trace::input::position::Position;
use crate::workload::{CallDraft, RecordedJob};

/// A line as written. Other fields are let be.
#[derive(Deserialize)]
struct Line<'l> {
    num_turns: u64,
    input_prompt_length: u64,
    assistant_response_length: Vec<u64>,
    tool_call_output_length: Vec<u64>,
    #[serde(borrow)]
    tool_call_latency: Vec<&'l RawValue>,
    final_assistant_response_length: u64,
}

/// A file of the format.
#[derive(Debug)]
pub(in crate::workload::trace) struct AppliedCompute(PathBuf);

impl TraceFile for AppliedCompute {
    fn file(&self) -> &Path {
        &self.0
    }

    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
        Ok(Box::new(JobReader::new(Box::new(Sessions { lines: Lines::open(path)? }), false)))
    }

    fn knows_prompts(&self) -> bool {
        true
    }

    fn dependencies(&self) -> Dependencies {
        Dependencies::Always
    }

    fn open_jobs(&self, path: &Path, _: JobOptions) -> Result<Box<dyn ReadJobs>, TraceError> {
        Ok(Box::new(Sessions { lines: Lines::open(path)? }))
    }
}

impl Format for AppliedCompute {
    type Spec = PathBuf;

    fn of(file: PathBuf) -> Self {
        AppliedCompute(file)
    }

    fn detect(beginning: &Beginning) -> bool {
        beginning.has_fields(&["num_turns", "tool_call_latency"])
    }

    fn given(given: &Given, _: &Beginning) -> PathBuf {
        given.file.clone()
    }
}

/// Reads sessions line by line.
#[derive(Debug)]
struct Sessions {
    lines: Lines,
}

impl ReadJobs for Sessions {
    fn next_job(&mut self) -> Result<Option<ReadJob>, TraceError> {
        if !self.lines.advance_to_text()? {
            return Ok(None);
        }
        let position = self.lines.position();
        let job = parse(self.lines.line(), position.line).map_err(|why| position.bad_row(why))?;
        Ok(Some(ReadJob { begins: 0, job, user: None }))
    }

    fn position(&self) -> &Position {
        self.lines.position()
    }
}

/// The session on line `number`, which names its prompts.
fn parse(line: &[u8], number: u64) -> Result<RecordedJob, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| plain(&error))?;
    let turns = line.assistant_response_length.len();
    for (name, found) in [
        ("tool_call_output_length", line.tool_call_output_length.len()),
        ("tool_call_latency", line.tool_call_latency.len()),
    ] {
        if found != turns {
            return Err(format!(
                "`{name}` has {found} values, `assistant_response_length` {turns}: expected one \
                 for each turn that calls a tool"
            ));
        }
    }
    // The final answer, which calls no tool, is counted as a turn by some.
    if ![turns, turns + 1].contains(&usize::try_from(line.num_turns).unwrap_or(usize::MAX)) {
        return Err(format!(
            "`num_turns` is {}, but {turns} turns call a tool and one more ends the session",
            line.num_turns
        ));
    }
    let thread = PromptId(mix(number));
    let mut prompt = line.input_prompt_length;
    let mut calls = Vec::with_capacity(turns + 1);
    let mut tools = Duration::ZERO;
    for turn in 0..=turns {
        let answer = *line
            .assistant_response_length
            .get(turn)
            .unwrap_or(&line.final_assistant_response_length);
        calls.push(CallDraft {
            tools,
            input_tokens: tokens(prompt, "the prompt with all that was said before it")?,
            output_tokens: Some(tokens(answer, "an answer")?),
            thread,
            after: (turn as u32).checked_sub(1).into_iter().collect(),
            ..CallDraft::default()
        });
        let Some(latency) = line.tool_call_latency.get(turn) else { break };
        tools = stamp(latency.get().as_bytes(), TimeUnit::S).map(Duration).ok_or_else(|| {
            format!("`tool_call_latency` has `{latency}`: expected seconds, 0 or more")
        })?;
        let output = line.tool_call_output_length[turn];
        prompt = prompt.saturating_add(answer).saturating_add(output);
    }
    RecordedJob::new(calls).map_err(|_| "its turns wait for each other".to_owned())
}

fn tokens(count: u64, what: &str) -> Result<u32, String> {
    u32::try_from(count)
        .ok()
        .filter(|count| *count <= MAX_TOKENS)
        .ok_or_else(|| format!("{what} has {count} tokens: expected at most {MAX_TOKENS}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"num_turns": 3, "input_prompt_length": 1000,
        "assistant_response_length": [50, 60], "tool_call_output_length": [200, 300],
        "tool_call_latency": [1.5, 0.25], "final_assistant_response_length": 70}"#;

    #[test]
    fn answers_and_outputs_of_tools_come_to_the_next_prompt() {
        let job = parse(LINE.as_bytes(), 1).unwrap();
        let calls: Vec<_> = job
            .calls()
            .iter()
            .map(|it| (it.input_tokens, it.output_tokens, it.tools.as_secs_f64()))
            .collect();
        assert_eq!(calls, [(1000, Some(50), 0.0), (1250, Some(60), 1.5), (1610, Some(70), 0.25)]);
        assert_eq!((job.feeds(0), job.waits_for(2)), (&[1][..], 1));
        assert_eq!(job.shortest(), Duration(1_750_000_000));
        assert!(job.calls().iter().all(|call| call.thread == job.call(0).thread));
    }

    #[test]
    fn what_is_wrong_with_a_session_is_said() {
        for (from, to, complaint) in [
            ("[1.5, 0.25]", "[1.5]", "`tool_call_latency` has 1 values"),
            ("[1.5, 0.25]", "[-1, 0]", "`tool_call_latency` has `-1`"),
            ("\"num_turns\": 3", "\"num_turns\": 5", "`num_turns` is 5, but 2 turns"),
            ("1000", "2000000000", "has 2000000000 tokens"),
            ("\"num_turns\": 3,", "", "missing field `num_turns`"),
        ] {
            let error = parse(LINE.replace(from, to).as_bytes(), 1).unwrap_err();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
