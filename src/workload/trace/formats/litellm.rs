//! Spend logs of a `LiteLLM` proxy: the rows of its table `LiteLLM_SpendLogs`, as JSON (a list, one
//! a line, or the `data` of an answer of `/spend/logs`) or as CSV
//! (<https://docs.litellm.ai/docs/proxy/cost_tracking>,
//! <https://github.com/BerriAI/litellm/blob/main/schema.prisma>).

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::beginning::Beginning;
use super::format::{Dependencies, Format, Given, RowReader, TraceFile};
use super::jobs::sessions::sessions;
use super::jobs::{JobOptions, ReadJobs};
use super::listed::{Listing, OfSession};
use super::log::TimeUnit;
use super::log::fields::{bad_count, bad_number, bad_time, count, money, stamp};
use crate::kernel::Duration;
use crate::workload::trace::input::document::Document;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::json;
use crate::workload::trace::input::table::Table;
use crate::workload::trace::measured::{Measured, Status};
use crate::workload::trace::row::Row;
use crate::workload::trace::{identity, unused};

/// A file of the format.
#[derive(Debug)]
pub(in crate::workload::trace) struct LiteLlm(PathBuf);

/// The columns without which nothing can be replayed.
const NEEDED: [&str; 3] = ["startTime", "prompt_tokens", "completion_tokens"];

impl TraceFile for LiteLlm {
    fn file(&self) -> &Path {
        &self.0
    }

    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
        let mut listing = Listing::new(path);
        let beginning = Beginning::of(path)?;
        if beginning.text.trim_start().starts_with(['{', '[']) {
            of_json(path, &mut listing)?;
        } else {
            of_table(path, &mut listing)?;
        }
        Ok(Box::new(listing.reader()))
    }

    fn knows_prompts(&self) -> bool {
        true
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

impl Format for LiteLlm {
    type Spec = PathBuf;

    fn of(file: PathBuf) -> Self {
        LiteLlm(file)
    }

    fn detect(beginning: &Beginning) -> bool {
        beginning.has_columns(&NEEDED) || beginning.mentions(&NEEDED)
    }

    fn given(given: &Given, _: &Beginning) -> PathBuf {
        given.file.clone()
    }
}

fn of_json(path: &Path, listing: &mut Listing) -> Result<(), TraceError> {
    let document = Document::open(path)?;
    let mut values = document.values()?;
    if let [only] = values[..] {
        let mut fields = json::Fields::new();
        let read = json::read_object(only.get().as_bytes(), &mut fields);
        if read.is_ok()
            && let Some(data) = json::field(&fields, "data")
        {
            values = serde_json::from_str(data.get())
                .map_err(|error| document.position().format(json::plain(&error)))?;
        }
    }
    for value in values {
        let mut fields = json::Fields::with_capacity(40);
        let read = json::read_object(value.get().as_bytes(), &mut fields);
        let read = read.and_then(|()| {
            row(listing, &|name| {
                let value = json::field(&fields, name)?;
                Some(json::text(value).unwrap_or(Cow::Borrowed(value.get())))
            })
        });
        listing.push_of_session(document.line_of(value), read);
    }
    Ok(())
}

fn of_table(path: &Path, listing: &mut Listing) -> Result<(), TraceError> {
    let mut table = Table::open(path, None)?;
    if let Some(missing) = NEEDED.iter().find(|name| table.column(name).is_none()) {
        return Err(table.position().format(table.unknown_column(missing)));
    }
    loop {
        let read = match table.advance() {
            Ok(true) => row(listing, &|name| {
                let field = table.field(table.column(name)?);
                (!field.is_empty()).then(|| String::from_utf8_lossy(field))
            }),
            Ok(false) => return Ok(()),
            Err(TraceError::BadRow { why, .. }) => Err(why),
            Err(error) => return Err(error),
        };
        listing.push_of_session(table.position().line, read);
    }
}

/// What the proxy adds to a row.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    usage_object: Option<Usage>,
    additional_usage_values: Option<Usage>,
    status: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    prompt_tokens_details: Option<Details>,
    cache_read_input_tokens: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Option<u32>,
}

impl Metadata {
    fn cached_tokens(&self) -> Option<u32> {
        let of = |usage: &Option<Usage>| {
            let usage = usage.as_ref()?;
            let details = usage.prompt_tokens_details.as_ref();
            details.and_then(|details| details.cached_tokens).or(usage.cache_read_input_tokens)
        };
        of(&self.usage_object).or_else(|| of(&self.additional_usage_values))
    }
}

/// A row, of which `field` gives the fields that are there and hold anything.
fn row<'f>(
    listing: &mut Listing,
    field: &dyn Fn(&str) -> Option<Cow<'f, str>>,
) -> Result<(Row, Measured, OfSession), String> {
    let field = |name: &str| field(name).filter(|text| !text.trim().is_empty());
    let tokens = |name: &str| {
        let text = field(name).ok_or_else(|| format!("there is no `{name}`"))?;
        count(text.trim().as_bytes()).ok_or_else(|| bad_count(name, text.as_bytes()))
    };
    let time = |name: &str| {
        let Some(text) = field(name) else { return Ok(None) };
        let read = stamp(text.trim().as_bytes(), TimeUnit::S);
        read.map(Some).ok_or_else(|| bad_time(name, text.as_bytes(), TimeUnit::S))
    };
    let begins = time("startTime")?.ok_or("there is no `startTime`")?;
    let since = |at: Option<u64>| at.and_then(|at| at.checked_sub(begins)).map(Duration);
    // Where nothing is streamed, the proxy writes the end of the answer for its first token.
    let (first, ends) = (time("completionStartTime")?, time("endTime")?);
    let first = first.filter(|first| ends.is_none_or(|ends| *first < ends));
    let metadata: Metadata =
        field("metadata").and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let status = field("status").or(metadata.status.as_deref().map(Cow::Borrowed));
    let model = field("model_group").or_else(|| field("model"));
    let measured = Measured {
        model: model.map(|name| listing.model(&name)),
        ttft: since(first),
        tpot: None,
        e2e: since(ends),
        cost: match field("spend") {
            Some(text) => {
                Some(money(text.as_bytes()).ok_or_else(|| bad_number("spend", text.as_bytes()))?)
            }
            None => None,
        },
        cached_tokens: metadata.cached_tokens(),
        cache_hit: field("cache_hit").and_then(|text| match &*text.to_ascii_lowercase() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }),
        status: status.map_or(Status::Unknown, |text| Status::of("status", &text)),
    };
    let (input_tokens, output_tokens) = (tokens("prompt_tokens")?, tokens("completion_tokens")?);
    let user = field("end_user").or_else(|| field("user")).or_else(|| field("api_key"));
    let asked = field("cache_key").filter(|key| &**key != "Cache OFF");
    let asked = asked.or_else(|| field("messages").filter(|text| !matches!(&**text, "{}" | "[]")));
    if asked.is_none() {
        listing.note(
            "which prompts are the same is not known where a row has neither a `cache_key` nor \
             `messages`: such a prompt counts as asked once; `prompts:` draws others"
                .to_owned(),
        );
    }
    let session = field("session_id").map(|name| (name.into_owned(), ends));
    if session.is_some() {
        listing.note(unused::dependency("session_id", "sessions"));
    }
    // Of what is not known, each is one of its own.
    let asked = asked.or_else(|| field("request_id")).unwrap_or_default();
    let row = Row {
        stamp: begins,
        input_tokens,
        output_tokens: (!measured.status.is_failed()).then_some(output_tokens),
        prompt: Some(identity::of_text(asked.as_bytes())),
        user: user.map(|name| listing.user(&name)),
    };
    Ok((row, measured, session))
}
