//! `requests.csv` of a run of this program: its requests, or its sessions and workflows as jobs,
//! whose calls wait for the answers that they waited for.

use std::path::{Path, PathBuf};

use super::beginning::Beginning;
use super::format::{Dependencies, Format, Given, RowReader, TraceFile};
use super::jobs::by_job::{Names, Outline, Spans, by_job};
use super::jobs::spans::JobSpan;
use super::jobs::{JobOptions, ReadJobs, number};
use super::listed::Listing;
use super::log::TimeUnit;
use super::log::fields::{bad_number, bad_time, money, stamp};
use super::users::intern;
use crate::kernel::Duration;
use crate::workload::CallDraft;
use crate::workload::incoming::{MAX_TOKENS, PromptId};
use crate::workload::trace::identity;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::table::Table;
use crate::workload::trace::measured::{Measured, Status};
use crate::workload::trace::row::Row;

/// A file of the format.
#[derive(Debug)]
pub(in crate::workload::trace) struct RequestsCsv(PathBuf);

/// The columns without which it is another file.
const NEEDED: [&str; 10] = [
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

impl TraceFile for RequestsCsv {
    fn file(&self) -> &Path {
        &self.0
    }

    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
        let mut listing = Listing::new(path);
        let mut rows = RunRows::open(path)?;
        while rows.advance()? {
            let read = row(&mut listing, &rows.table);
            listing.push(rows.table.position().line, read, &[]);
        }
        Ok(Box::new(listing.reader()))
    }

    fn knows_prompts(&self) -> bool {
        true
    }

    fn knows_users(&self) -> bool {
        true
    }

    fn dependencies(&self) -> Dependencies {
        Dependencies::UnlessAsked
    }

    fn open_jobs(&self, path: &Path, _: JobOptions) -> Result<Box<dyn ReadJobs>, TraceError> {
        by_job(path, || RunRows::open(path), true)
    }
}

impl Format for RequestsCsv {
    type Spec = PathBuf;

    fn of(file: PathBuf) -> Self {
        RequestsCsv(file)
    }

    fn detect(beginning: &Beginning) -> bool {
        beginning.has_columns(&NEEDED)
    }

    fn given(given: &Given, _: &Beginning) -> PathBuf {
        given.file.clone()
    }
}

/// Goes through the rows of a file, which must all be of one run.
#[derive(Debug)]
struct RunRows {
    table: Table,
    run: Option<[String; 2]>,
}

impl RunRows {
    fn open(path: &Path) -> Result<Self, TraceError> {
        let table = Table::open(path, None)?;
        if let Some(missing) = NEEDED.iter().find(|name| table.column(name).is_none()) {
            let why = format!(
                "{}; expected the requests.csv of a run, which `record: {{ requests: true }}` writes",
                table.unknown_column(missing)
            );
            return Err(table.position().format(why));
        }
        Ok(RunRows { table, run: None })
    }

    fn advance(&mut self) -> Result<bool, TraceError> {
        if !self.table.advance()? {
            return Ok(false);
        }
        let of_run = [text(&self.table, "point"), text(&self.table, "replication")];
        if *self.run.get_or_insert_with(|| of_run.clone()) != of_run {
            let why = "the file has requests of several runs: keep those of one point and one \
                       replication";
            return Err(self.table.position().bad_row(why.to_owned()));
        }
        Ok(true)
    }

    fn refuse(&self, why: String) -> TraceError {
        self.table.position().bad_row(why)
    }
}

/// Rows are in the order in which requests ended; those of one instant came by number.
impl Spans for RunRows {
    fn next_outline(&mut self) -> Result<Option<Outline>, TraceError> {
        if !self.advance()? {
            return Ok(None);
        }
        let line = self.table.position().line;
        let outline = || -> Result<Outline, String> {
            let (place, begin) = (request(&self.table)?, needed(&self.table, "arrival_s")?);
            Ok(Outline { job: job(&self.table), place, line, begin, session: None })
        };
        outline().map(Some).map_err(|why| self.refuse(why))
    }

    fn next_span(
        &mut self,
        names: &mut Names,
    ) -> Result<Option<(String, u64, JobSpan)>, TraceError> {
        if !self.advance()? {
            return Ok(None);
        }
        span(names, &self.table).map(Some).map_err(|why| self.refuse(why))
    }
}

/// What a row has in a column; nothing where there is none.
fn text(table: &Table, name: &str) -> String {
    let field = table.column(name).map_or(&[][..], |place| table.field(place));
    String::from_utf8_lossy(field).into_owned()
}

fn time(table: &Table, name: &str) -> Result<Option<u64>, String> {
    let text = text(table, name);
    if text.is_empty() {
        return Ok(None);
    }
    let read = stamp(text.as_bytes(), TimeUnit::S);
    read.map(Some).ok_or_else(|| bad_time(name, text.as_bytes(), TimeUnit::S))
}

fn needed(table: &Table, name: &str) -> Result<u64, String> {
    time(table, name)?.ok_or_else(|| format!("there is no `{name}`"))
}

/// Tokens; of texts these have tenths, and what is begun is computed.
fn tokens(table: &Table, name: &str) -> Result<Option<u32>, String> {
    let text = text(table, name);
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.parse::<f64>().ok();
    let whole = read.filter(|count| (0.0..=f64::from(MAX_TOKENS)).contains(count));
    whole.map(|count| Some(count.ceil() as u32)).ok_or_else(|| bad_number(name, text.as_bytes()))
}

/// The prompt by its key, if it has one.
fn prompt(table: &Table) -> Option<PromptId> {
    let key = text(table, "cache_key");
    (!key.is_empty()).then(|| identity::of_text(key.as_bytes()))
}

fn row(listing: &mut Listing, table: &Table) -> Result<(Row, Measured), String> {
    let begins = needed(table, "arrival_s")?;
    let status = match text(table, "error").as_str() {
        "" => Status::Ok,
        _ => Status::Failed,
    };
    let model = text(table, "model");
    let measured = Measured {
        model: (!model.is_empty()).then(|| listing.model(&model)),
        ttft: time(table, "ttft_s")?.map(Duration),
        tpot: time(table, "tpot_s")?.map(Duration),
        e2e: needed(table, "finish_s")?.checked_sub(begins).map(Duration),
        cost: money(text(table, "cost_usd").as_bytes()),
        cache_hit: Some(text(table, "cache") == "hit"),
        status,
        ..Measured::default()
    };
    let user = text(table, "user");
    let row = Row {
        stamp: begins,
        input_tokens: tokens(table, "input_tokens")?.unwrap_or(0),
        output_tokens: tokens(table, "output_tokens")?.filter(|_| !status.is_failed()),
        prompt: prompt(table).or_else(|| Some(identity::of_unknown(begins, table.position().line))),
        user: (!user.is_empty()).then(|| listing.user(&user)),
    };
    Ok((row, measured))
}

/// What a request is a part of: a session or a workflow, which are numbered apart.
fn job(table: &Table) -> String {
    let session = text(table, "session");
    if session.is_empty() {
        format!("workflow {}", text(table, "workflow"))
    } else {
        format!("session {session}")
    }
}

/// A request's number.
fn request(table: &Table) -> Result<u64, String> {
    let id = text(table, "request_id");
    id.parse().map_err(|_| bad_number("request_id", id.as_bytes()))
}

/// A request as a part of its job, by its number.
fn span(names: &mut Names, table: &Table) -> Result<(String, u64, JobSpan), String> {
    let request = request(table)?;
    let begin = needed(table, "arrival_s")?;
    let [model, user] = ["model", "user"].map(|name| text(table, name));
    let call = CallDraft {
        input_tokens: tokens(table, "input_tokens")?.unwrap_or(0),
        output_tokens: tokens(table, "output_tokens")?,
        prompt: prompt(table),
        model: (!model.is_empty()).then(|| number(&mut names.models, &model)),
        ..CallDraft::default()
    };
    let span = JobSpan {
        line: table.position().line,
        id: request.to_string(),
        parent: None,
        begin,
        end: needed(table, "finish_s")?,
        call: Some(call),
        is_tool: false,
        user: (!user.is_empty()).then(|| intern(&mut names.users, user.as_bytes())),
    };
    Ok((job(table), request, span))
}
