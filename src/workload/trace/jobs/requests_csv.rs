//! `requests.csv` of a run of this program: its sessions and workflows as jobs, whose calls wait
//! for the answers that they waited for.

use std::collections::BTreeMap;
use std::path::Path;

use super::causes::{Span, SpanKind, causes};
use super::{Listed, ReadJobs};
use crate::kernel::keyed_uniform::mix;
use crate::workload::incoming::{MAX_TOKENS, PromptId};
use crate::workload::trace::log::TimeUnit;
use crate::workload::trace::log::fields::stamp;
use crate::workload::trace::position::Position;
use crate::workload::trace::{TraceError, identity, open_bytes};
use crate::workload::{CallDraft, Opening, RecordedJob};

/// The columns that are read.
const COLUMNS: [&str; 10] = [
    "point",
    "replication",
    "request_id",
    "workflow",
    "session",
    "arrival_s",
    "finish_s",
    "input_tokens",
    "output_tokens",
    "cache_key",
];

/// A request that came to its end.
#[derive(Clone, Debug)]
struct Request {
    id: u64,
    begin: u64,
    end: u64,
    input_tokens: u32,
    output_tokens: Option<u32>,
    prompt: Option<PromptId>,
}

/// Reads all of a file; each request is a job of its own, if that is asked for.
pub(super) fn open(path: &Path, apart: bool) -> Result<Box<dyn ReadJobs>, TraceError> {
    let (mut position, bytes) = open_bytes(path)?;
    let mut rows = csv::Reader::from_reader(bytes);
    let headers = rows.byte_headers().map_err(|error| position.format(error.to_string()))?.clone();
    let mut places = [0; COLUMNS.len()];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let found = headers.iter().position(|header| header == column.as_bytes());
        *place = found.ok_or_else(|| {
            position.format(format!(
                "there is no column `{column}`: expected the requests.csv of a run, which \
                 `record: {{ requests: true }}` writes"
            ))
        })?;
    }
    let mut run = None;
    let mut jobs: BTreeMap<(u64, u64), Vec<Request>> = BTreeMap::new();
    let mut row = csv::ByteRecord::new();
    loop {
        let more = rows.read_byte_record(&mut row);
        position.line = row.position().map_or(position.line, csv::Position::line);
        if !more.map_err(|error| position.bad_row(error.to_string()))? {
            break;
        }
        let fields = places.map(|place| row.get(place).unwrap_or_default());
        let (of_run, job, request) = request(fields).map_err(|why| position.bad_row(why))?;
        if *run.get_or_insert(of_run) != of_run {
            let why = "the file has requests of several runs: keep those of one point and one \
                       replication";
            return Err(position.bad_row(why.to_owned()));
        }
        let job = if apart { (APART, request.id) } else { job };
        jobs.entry(job).or_default().push(request);
    }
    let jobs = jobs.into_iter().map(|((kind, _), requests)| job(requests, kind, &position));
    Ok(Box::new(Listed::new(jobs.collect::<Result<_, _>>()?, position)))
}

/// Kinds of jobs, which are numbered apart.
const SESSION: u64 = 0;
const WORKFLOW: u64 = 1;
const APART: u64 = 2;

/// A request of a row, and which run and which job it is of.
fn request(fields: [&[u8]; COLUMNS.len()]) -> Result<((u64, u64), (u64, u64), Request), String> {
    let refuse = |column: usize, expected: &str| {
        let text = String::from_utf8_lossy(fields[column]);
        format!("{} is `{text}`: expected {expected}", COLUMNS[column])
    };
    let whole = |column: usize| {
        let text = std::str::from_utf8(fields[column]).ok();
        text.and_then(|text| text.parse::<u64>().ok())
            .ok_or_else(|| refuse(column, "a whole number"))
    };
    let time = |column: usize| {
        stamp(fields[column], TimeUnit::S).ok_or_else(|| refuse(column, "seconds, 0 or more"))
    };
    // Tokens of texts have tenths; what is computed is what is begun.
    let tokens = |column: usize| {
        let text = std::str::from_utf8(fields[column]).ok();
        text.and_then(|text| text.parse::<f64>().ok())
            .filter(|count| (0.0..=f64::from(MAX_TOKENS)).contains(count))
            .map(|count| count.ceil() as u32)
            .ok_or_else(|| refuse(column, &format!("tokens from 0 to {MAX_TOKENS}")))
    };
    let job = if fields[4].is_empty() { (WORKFLOW, whole(3)?) } else { (SESSION, whole(4)?) };
    let request = Request {
        id: whole(2)?,
        begin: time(5)?,
        end: time(6)?,
        input_tokens: tokens(7)?,
        output_tokens: if fields[8].is_empty() { None } else { Some(tokens(8)?) },
        prompt: (!fields[9].is_empty()).then(|| identity::of_text(fields[9])),
    };
    Ok(((whole(0)?, whole(1)?), job, request))
}

/// The requests of a session or a workflow, and when its first came.
fn job(
    mut requests: Vec<Request>,
    kind: u64,
    position: &Position,
) -> Result<(u64, RecordedJob), TraceError> {
    requests.sort_by_key(|request| (request.begin, request.id));
    let thread = PromptId(mix(requests[0].id));
    let spans: Vec<Span> = requests
        .iter()
        .map(|it| Span { begin: it.begin, end: it.end, parent: None, kind: SpanKind::Call })
        .collect();
    let refused = |_| position.bad_row("its requests wait for each other".to_owned());
    let drafts = causes(&spans).map_err(refused)?.into_iter().map(|cause| {
        let request = &requests[cause.span];
        CallDraft {
            think: cause.think,
            tools: cause.tools,
            input_tokens: request.input_tokens,
            output_tokens: request.output_tokens,
            prompt: request.prompt.unwrap_or(PromptId(mix(request.id))),
            thread,
            blocks: Vec::new(),
            after: cause.after,
        }
    });
    let first = &requests[0];
    let begins = first.begin;
    // A session's prompts begin with its first, which others may have begun with, too.
    let opening = first.prompt.filter(|_| kind != WORKFLOW);
    let opening = opening.map(|prompt| Opening { name: prompt.0, tokens: first.input_tokens });
    let job = RecordedJob::new(drafts.collect()).map_err(|place| refused(place))?;
    Ok((begins, job.opening(opening.unwrap_or_default())))
}
