//! The rows of a trace of BLIS (version 2 or 3): the CSV beside its header in YAML
//! (<https://github.com/inference-sim/inference-sim>, `sim/workload/tracev2.go`). Times are in
//! microseconds; those that are 0 were not recorded.

use std::path::{Path, PathBuf};

use super::beginning::Beginning;
use super::format::{Dependencies, Format, Given, RowReader, TraceFile};
use super::jobs::sessions::sessions;
use super::jobs::{JobOptions, ReadJobs};
use super::listed::{Listing, OfSession};
use super::log::TimeUnit;
use super::log::fields::{bad_count, bad_time, count, stamp};
use crate::kernel::Duration;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::table::Table;
use crate::workload::trace::measured::{Measured, Status};
use crate::workload::trace::row::Row;
use crate::workload::trace::unused;

/// A file of the format.
#[derive(Debug)]
pub(in crate::workload::trace) struct Blis(PathBuf);

const NEEDED: [&str; 4] = ["request_id", "input_tokens", "output_tokens", "arrival_time_us"];

impl TraceFile for Blis {
    fn file(&self) -> &Path {
        &self.0
    }

    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
        let mut listing = Listing::new(path);
        let mut table = Table::open(path, None)?;
        if let Some(missing) = NEEDED.iter().find(|name| table.column(name).is_none()) {
            let why = table.unknown_column(missing);
            let why = if table.header()[0].starts_with("trace_version") {
                format!("{why}; this is the trace's header: its rows are in a CSV beside it")
            } else {
                why
            };
            return Err(table.position().format(why));
        }
        loop {
            let read = match table.advance() {
                Ok(true) => row(&mut listing, &table),
                Ok(false) => return Ok(Box::new(listing.reader())),
                Err(TraceError::BadRow { why, .. }) => Err(why),
                Err(error) => return Err(error),
            };
            listing.push_of_session(table.position().line, read);
        }
    }

    fn dependencies(&self) -> Dependencies {
        Dependencies::IfAsked
    }

    fn open_jobs(&self, path: &Path, _: JobOptions) -> Result<Box<dyn ReadJobs>, TraceError> {
        sessions(self.open(path)?, path)
    }

    fn knows_users(&self) -> bool {
        true
    }
}

impl Format for Blis {
    type Spec = PathBuf;

    fn of(file: PathBuf) -> Self {
        Blis(file)
    }

    fn detect(beginning: &Beginning) -> bool {
        beginning.has_columns(&NEEDED)
    }

    fn given(given: &Given, _: &Beginning) -> PathBuf {
        given.file.clone()
    }
}

fn row(listing: &mut Listing, table: &Table) -> Result<(Row, Measured, OfSession), String> {
    let text = |name: &str| {
        let field = table.field(table.column(name)?);
        (!field.is_empty()).then(|| String::from_utf8_lossy(field))
    };
    let tokens = |name: &str| {
        let field = text(name).ok_or_else(|| format!("there is no `{name}`"))?;
        count(field.as_bytes()).ok_or_else(|| bad_count(name, field.as_bytes()))
    };
    let time = |name: &str| {
        let Some(field) = text(name) else { return Ok(None) };
        let read = stamp(field.as_bytes(), TimeUnit::Us);
        read.map(Some).ok_or_else(|| bad_time(name, field.as_bytes(), TimeUnit::Us))
    };
    let recorded = |name: &str| time(name).map(|time| time.filter(|time| *time > 0));
    let arrival = time("arrival_time_us")?.ok_or("there is no `arrival_time_us`")?;
    let sent = recorded("send_time_us")?.unwrap_or(arrival);
    let since = |at: Option<u64>| at.and_then(|at| at.checked_sub(sent)).map(Duration);
    let ends = recorded("last_chunk_time_us")?;
    let measured = Measured {
        model: text("model").map(|name| listing.model(&name)),
        ttft: since(recorded("first_chunk_time_us")?),
        e2e: since(ends),
        status: text("status").map_or(Status::Unknown, |text| Status::of("status", &text)),
        ..Measured::default()
    };
    let counts = [
        ("session_id", "sessions"),
        ("prefix_group", "which prompts begin alike"),
        ("deadline_us", "when an answer is of no more use"),
    ];
    for (name, what) in counts {
        if text(name).is_some_and(|text| text != "0") {
            listing.note(match name {
                "session_id" => unused::dependency(name, what),
                "prefix_group" => format!(
                    "`{name}` ({what}) is not used: `shared_prefix:` of the workload would draw it"
                ),
                _ => format!(
                    "`{name}` ({what}) is not used: a `timeout` of the models would cut off"
                ),
            });
        }
    }
    // The server's own count of the prompt goes before what was meant to be sent.
    let server = text("server_input_tokens").filter(|text| text != "0");
    let input = if server.is_some() { "server_input_tokens" } else { "input_tokens" };
    let output_tokens = tokens("output_tokens")?;
    let user = text("tenant_id").or_else(|| text("client_id"));
    let row = Row {
        stamp: arrival,
        input_tokens: tokens(input)?,
        output_tokens: (!measured.status.is_failed()).then_some(output_tokens),
        prompt: None,
        user: user.map(|name| listing.user(&name)),
    };
    let session = text("session_id").filter(|name| name != "0");
    Ok((row, measured, session.map(|name| (name.into_owned(), ends))))
}
