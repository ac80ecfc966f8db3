//! Spans of calls of models by OpenTelemetry's semantic conventions for generative AI
//! (<https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/>): OTLP as JSON
//! (`resourceSpans`, one object or one a line), or an object with a list of `spans` whose attributes
//! are a map. Spans that are no calls of models (agents, tools) are none.
//!
//! Where messages are recorded, texts tell which prompts are the same and begin alike, in
//! blocks of 16 tokens; tokens are those recorded, else 1.3 to a word.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::beginning::Beginning;
use super::format::{Dependencies, Format, Given, RowReader, TraceFile};
use super::growing_text::{BLOCK_TOKENS, GrowingText, tokens_of};
use super::jobs::by_job::{Names, Outline, Spans, by_job};
use super::jobs::spans::JobSpan;
use super::jobs::{JobOptions, ReadJobs, number};
use super::listed::Listing;
use super::log::TimeUnit;
use super::log::fields::{bad_count, bad_number, bad_time, count, money, stamp};
use super::otel_file::{CALLS, SpanFile};
use super::users::intern;
use crate::kernel::Duration;
use crate::workload::CallDraft;
use crate::workload::incoming::MAX_TOKENS;
use crate::workload::text;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::json;
use crate::workload::trace::measured::{Measured, Status};
use crate::workload::trace::row::Row;
use crate::workload::trace::{identity, unused};

/// A file of the format.
#[derive(Debug)]
pub(in crate::workload::trace) struct Otel(PathBuf);

const INPUT: [&str; 2] = ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"];
const OUTPUT: [&str; 2] = ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"];
const CACHED: [&str; 2] = ["gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cached_tokens"];
/// In seconds.
const TTFT: [&str; 3] = [
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.server.time_to_first_token",
    "gen_ai.latency.time_to_first_token",
];
const MODEL: [&str; 2] = ["gen_ai.request.model", "gen_ai.response.model"];
const COST: [&str; 2] = ["gen_ai.usage.cost", "llm.cost.usd"];
const SESSION: [&str; 3] = ["gen_ai.conversation.id", "session.id", "exgentic.session.id"];
const USER: [&str; 2] = ["user.id", "enduser.id"];
const ASKED: &str = "gen_ai.input.messages";
const SYSTEM: &str = "gen_ai.system_instructions";
const ANSWERED: [&str; 2] = ["gen_ai.output.text", "gen_ai.output.messages"];

#[derive(Deserialize)]
struct Span<'t> {
    #[serde(borrow, default, rename = "startTimeUnixNano", alias = "start_time")]
    begins: Option<&'t RawValue>,
    #[serde(borrow, default, rename = "endTimeUnixNano", alias = "end_time")]
    ends: Option<&'t RawValue>,
    #[serde(borrow, default)]
    attributes: Option<&'t RawValue>,
    #[serde(default)]
    status: Option<Code>,
    #[serde(default, rename = "spanId", alias = "span_id")]
    id: Option<String>,
    #[serde(default, rename = "parentSpanId", alias = "parent_span_id")]
    parent: Option<String>,
    #[serde(default, rename = "traceId", alias = "trace_id")]
    trace: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    #[serde(default)]
    code: Value,
}

/// An attribute of OTLP.
#[derive(Deserialize)]
struct Attribute<'t> {
    #[serde(borrow)]
    key: Cow<'t, str>,
    #[serde(borrow)]
    value: &'t RawValue,
}

impl TraceFile for Otel {
    fn file(&self) -> &Path {
        &self.0
    }

    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
        let mut listing = Listing::new(path);
        let mut spans = SpanFile::open(path)?;
        while let Some((line, span)) = spans.advance()? {
            let mut blocks = Vec::new();
            let read = Parsed::of(span).and_then(|span| row(&span, &mut listing, &mut blocks));
            if let Some(read) = read.transpose() {
                listing.push(line, read, &blocks);
                spans.calls += 1;
            }
        }
        Ok(Box::new(listing.reader()))
    }

    fn dependencies(&self) -> Dependencies {
        Dependencies::UnlessAsked
    }

    fn open_jobs(&self, path: &Path, _: JobOptions) -> Result<Box<dyn ReadJobs>, TraceError> {
        let open = || Ok(OtelSpans { spans: SpanFile::open(path)?, listing: Listing::new(path) });
        by_job(path, open, false)
    }

    fn block_tokens(&self) -> Option<u32> {
        Some(BLOCK_TOKENS)
    }

    fn knows_users(&self) -> bool {
        true
    }
}

impl Format for Otel {
    type Spec = PathBuf;

    fn of(file: PathBuf) -> Self {
        Otel(file)
    }

    fn detect(beginning: &Beginning) -> bool {
        beginning.mentions(&["resourceSpans"])
            || beginning.mentions(&["resource_spans"])
            || beginning.mentions(&["spans", "span_id"])
    }

    fn given(given: &Given, _: &Beginning) -> PathBuf {
        given.file.clone()
    }
}

/// The spans of a file as parts of their traces.
#[derive(Debug)]
struct OtelSpans {
    spans: SpanFile,
    /// Names of models.
    listing: Listing,
}

impl Spans for OtelSpans {
    fn next_outline(&mut self) -> Result<Option<Outline>, TraceError> {
        let place = self.spans.place();
        let Some((line, written)) = self.spans.advance()? else { return Ok(None) };
        let outline = Parsed::of(written).and_then(|span| {
            let is_call = span.attributes.as_ref().is_some_and(Attributes::are_of_a_call);
            Ok((span.outline(line, place)?, is_call))
        });
        let (outline, is_call) = outline.map_err(|why| self.spans.refuse(why))?;
        self.spans.calls += u64::from(is_call);
        Ok(Some(outline))
    }

    fn next_span(
        &mut self,
        names: &mut Names,
    ) -> Result<Option<(String, u64, JobSpan)>, TraceError> {
        let place = self.spans.place();
        let Some((line, written)) = self.spans.advance()? else { return Ok(None) };
        let mut blocks = Vec::new();
        let read = Parsed::of(written).and_then(|span| {
            let call = row(&span, &mut self.listing, &mut blocks)?;
            let model = call.as_ref().and_then(|(_, measured)| measured.model.as_deref());
            let model = model.map(|name| number(&mut names.models, name));
            let user = call.as_ref().and_then(|(row, _)| row.user);
            let user = user.and_then(|user| self.listing.users().get_index(user as usize));
            let user = user.map(|name| intern(&mut names.users, name.as_bytes()));
            part(line, span, call, (blocks, model, user))
        });
        let (job, span) = read.map_err(|why| self.spans.refuse(why))?;
        self.spans.calls += u64::from(span.call.is_some());
        Ok(Some((job, place, span)))
    }
}

/// A span as a part of its trace.
fn part(
    line: u64,
    parsed: Parsed<'_>,
    call: Option<(Row, Measured)>,
    (blocks, model, user): (Vec<u64>, Option<u32>, Option<u32>),
) -> Result<(String, JobSpan), String> {
    let Outline { job, begin, .. } = parsed.outline(line, 0)?;
    let Parsed { span, attributes } = parsed;
    let end = time("endTimeUnixNano", span.ends)?.ok_or("the span has no end")?;
    let does = |it: &Attributes<'_>| it.get("gen_ai.operation.name") == Some("execute_tool");
    let span = JobSpan {
        line,
        id: span.id.unwrap_or_else(|| format!("on line {line}")),
        parent: span.parent.filter(|parent| !parent.is_empty()),
        begin,
        end,
        call: call.map(|(row, _)| CallDraft {
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            prompt: row.prompt,
            model,
            blocks,
            ..CallDraft::default()
        }),
        is_tool: attributes.as_ref().is_some_and(does),
        user,
    };
    Ok((job, span))
}

/// A span, and its attributes if it has any.
struct Parsed<'t> {
    span: Span<'t>,
    attributes: Option<Attributes<'t>>,
}

impl<'t> Parsed<'t> {
    fn of(written: &'t str) -> Result<Self, String> {
        let span: Span<'t> = serde_json::from_str(written).map_err(|error| json::plain(&error))?;
        let attributes = span.attributes.map(Attributes::read).transpose()?;
        Ok(Parsed { span, attributes })
    }

    fn outline(&self, line: u64, place: u64) -> Result<Outline, String> {
        let attributes = self.attributes.as_ref();
        let session = attributes.and_then(|it| it.first(&SESSION)).map(|it| it.1.to_owned());
        let begin = time("startTimeUnixNano", self.span.begins)?.ok_or("the span has no start")?;
        let job = self.span.trace.clone().unwrap_or_else(|| "the trace".to_owned());
        Ok(Outline { job, place, line, begin, session })
    }
}

/// The attributes of a span, as texts.
struct Attributes<'t>(Vec<(Cow<'t, str>, Cow<'t, str>)>);

impl<'t> Attributes<'t> {
    fn read(written: &'t RawValue) -> Result<Self, String> {
        if written.get().starts_with('[') {
            let list: Vec<Attribute<'t>> =
                serde_json::from_str(written.get()).map_err(|error| json::plain(&error))?;
            let mut pairs: Vec<(Cow<'t, str>, Cow<'t, str>)> = Vec::with_capacity(list.len());
            for it in list {
                if pairs.iter().any(|(key, _)| *key == it.key) {
                    return Err(format!("the attribute `{}` is there twice", it.key));
                }
                pairs.push((it.key, any_value(it.value)?));
            }
            return Ok(Attributes(pairs));
        }
        let mut fields = json::Fields::new();
        json::read_object(written.get().as_bytes(), &mut fields)?;
        let pairs = fields.into_iter().map(|(key, value)| Ok((key, json::text(value)?)));
        pairs.collect::<Result<_, String>>().map(Attributes)
    }

    /// The first of these that is there and holds anything.
    fn first<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &str)> {
        names.iter().find_map(|name| {
            let found = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| &**value);
            found.filter(|text| !text.is_empty() && *text != "null").map(|text| (*name, text))
        })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.first(&[name]).map(|(_, text)| text)
    }

    /// Whether a span that has them is the call of a model.
    fn are_of_a_call(&self) -> bool {
        match self.get("gen_ai.operation.name") {
            Some(name) => CALLS.contains(&name),
            None => self.first(&INPUT).is_some(),
        }
    }

    fn tokens(&self, names: &[&str]) -> Result<Option<u32>, String> {
        let Some((name, text)) = self.first(names) else { return Ok(None) };
        count(text.as_bytes()).map(Some).ok_or_else(|| bad_count(name, text.as_bytes()))
    }
}

/// A value of OTLP, such as `{"intValue": "12"}`, as a text; lists and maps as JSON.
fn any_value(value: &RawValue) -> Result<Cow<'_, str>, String> {
    let mut fields = json::Fields::new();
    json::read_object(value.get().as_bytes(), &mut fields)?;
    let Some((kind, value)) = fields.into_iter().next() else { return Ok(Cow::Borrowed("")) };
    if matches!(&*kind, "arrayValue" | "kvlistValue") {
        let value: Value =
            serde_json::from_str(value.get()).map_err(|error| json::plain(&error))?;
        return Ok(Cow::Owned(
            plain_value(&Value::from_iter([(kind.into_owned(), value)])).to_string(),
        ));
    }
    json::text(value)
}

/// The JSON that a value of OTLP stands for.
fn plain_value(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|map| map.iter().next()) else {
        return Value::Null;
    };
    let values = || inner.get("values").and_then(Value::as_array).into_iter().flatten();
    match kind.as_str() {
        "arrayValue" => values().map(plain_value).collect(),
        "kvlistValue" => values()
            .filter_map(|pair| {
                let key = pair.get("key")?.as_str()?.to_owned();
                Some((key, plain_value(pair.get("value")?)))
            })
            .collect(),
        _ => inner.clone(),
    }
}

/// A time: nanoseconds since 1970, or a date.
fn time(name: &str, value: Option<&RawValue>) -> Result<Option<u64>, String> {
    let Some(value) = value.filter(|value| value.get() != "null") else { return Ok(None) };
    let text = json::text(value)?;
    let read = stamp(text.as_bytes(), TimeUnit::Ns);
    read.map(Some).ok_or_else(|| bad_time(name, text.as_bytes(), TimeUnit::Ns))
}

/// The request that a span is, unless it is none.
fn row(
    Parsed { span, attributes }: &Parsed<'_>,
    listing: &mut Listing,
    blocks: &mut Vec<u64>,
) -> Result<Option<(Row, Measured)>, String> {
    let Some(attributes) = attributes else { return Ok(None) };
    let (input, output) = (attributes.tokens(&INPUT)?, attributes.tokens(&OUTPUT)?);
    match attributes.get("gen_ai.operation.name") {
        Some(name) if !CALLS.contains(&name) => {
            if matches!(name, "embeddings" | "rerank") {
                listing.note(format!(
                    "spans of `gen_ai.operation.name` {name} are not used: they have no answers of \
                     tokens"
                ));
            }
            return Ok(None);
        }
        None if input.is_none() => return Ok(None),
        _ => {}
    }
    let begins = time("startTimeUnixNano", span.begins)?.ok_or("the span has no start")?;
    let ends = time("endTimeUnixNano", span.ends)?;
    let failed = attributes.get("error.type").is_some();
    let status = if failed { Status::Failed } else { status(span.status.as_ref()) };
    let ttft = match attributes.first(&TTFT) {
        Some((name, text)) => Some(
            stamp(text.as_bytes(), TimeUnit::S).ok_or_else(|| bad_number(name, text.as_bytes()))?,
        ),
        None => None,
    };
    let measured = Measured {
        model: attributes.first(&MODEL).map(|(_, name)| listing.model(name)),
        ttft: ttft.map(Duration),
        e2e: match ends.map(|ends| ends.checked_sub(begins)) {
            Some(None) => return Err("the span ends before it begins".to_owned()),
            took => took.flatten().map(Duration),
        },
        cost: match attributes.first(&COST) {
            Some((name, text)) => {
                Some(money(text.as_bytes()).ok_or_else(|| bad_number(name, text.as_bytes()))?)
            }
            None => None,
        },
        cached_tokens: attributes.tokens(&CACHED)?,
        status,
        ..Measured::default()
    };
    if span.parent.as_deref().is_some_and(|parent| !parent.is_empty()) {
        listing.note(unused::dependency("parentSpanId", "what requests wait for"));
    }
    for name in SESSION {
        if attributes.get(name).is_some() {
            listing.note(unused::dependency(name, "sessions"));
        }
    }
    let asked = prompt(attributes);
    let input_tokens = match (input, &asked) {
        (Some(tokens), _) => tokens,
        (None, Some(text)) => text.decitokens().div_ceil(10).min(u64::from(MAX_TOKENS)) as u32,
        (None, None) => return Err("the span has neither tokens nor messages".to_owned()),
    };
    let answer = || {
        let (name, text) = attributes.first(&ANSWERED)?;
        let text = if name.ends_with("messages") { said(text).join("\n") } else { text.to_owned() };
        Some(tokens_of(&text))
    };
    let prompt = if let Some(text) = &asked {
        // Of a prompt that has fewer tokens than words tell, the first blocks.
        let most = input_tokens.div_ceil(BLOCK_TOKENS) as usize;
        blocks.extend(text.blocks.iter().take(most));
        text.prompt()
    } else {
        // Not known: it is one of its own.
        let name = |it: &Option<String>| it.clone().unwrap_or_default();
        identity::of_text(format!("{}/{}", name(&span.trace), name(&span.id)).as_bytes())
    };
    let row = Row {
        stamp: begins,
        input_tokens,
        output_tokens: output.or_else(answer).filter(|_| !status.is_failed()),
        prompt: Some(prompt),
        user: attributes.first(&USER).map(|(_, name)| listing.user(name)),
    };
    Ok(Some((row, measured)))
}

fn status(status: Option<&Code>) -> Status {
    match status.map(|status| &status.code) {
        Some(Value::Number(code)) if code.as_u64() == Some(2) => Status::Failed,
        Some(Value::Number(code)) if code.as_u64() == Some(1) => Status::Ok,
        Some(Value::String(code)) if code.ends_with("ERROR") => Status::Failed,
        Some(Value::String(code)) if code.ends_with("OK") => Status::Ok,
        _ => Status::Unknown,
    }
}

/// What a call sends: its instructions and messages, each on a line of its own.
fn prompt(attributes: &Attributes<'_>) -> Option<GrowingText> {
    let mut growing = GrowingText::default();
    let system = attributes.get(SYSTEM).map(said).unwrap_or_default();
    let messages = said(attributes.get(ASKED)?);
    for message in system.iter().chain(&messages) {
        let message = text::strip(message);
        if !message.is_empty() {
            growing.add(message);
        }
    }
    (!growing.text.is_empty()).then_some(growing)
}

/// The texts of messages: a list of `{role, content}` or `{role, parts}`, or a plain text.
fn said(written: &str) -> Vec<String> {
    match serde_json::from_str::<Value>(written) {
        Ok(Value::Array(messages)) => messages.iter().map(message).collect(),
        Ok(Value::String(text)) => vec![text],
        _ => vec![written.to_owned()],
    }
}

/// All texts of a message or of one of its parts: what it says, the tools it calls with what,
/// and what they answered.
fn message(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(message).collect::<Vec<_>>().join("\n"),
        Value::Object(map) => {
            let inner = ["content", "text", "parts", "tool_calls", "function", "name", "arguments"];
            let inner = inner.iter().chain(&["response", "result"]);
            let texts = inner.filter_map(|key| map.get(*key)).map(message);
            texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
