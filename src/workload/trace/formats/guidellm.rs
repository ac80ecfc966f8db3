//! Reports of `GuideLLM`, as JSON: `benchmarks`, each with its `requests` (those that were
//! `successful`, `errored` and `incomplete`)
//! (<https://github.com/vllm-project/guidellm>, `GenerativeRequestStats`; reports from 0.3 on).

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::beginning::Beginning;
use super::format::{Format, Given, RowReader, TraceFile};
use super::listed::Listing;
use super::log::TimeUnit;
use super::log::fields::{bad_count, bad_number, count, stamp};
use crate::kernel::Duration;
use crate::workload::trace::input::document::Document;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::json;
use crate::workload::trace::measured::{Measured, Status};
use crate::workload::trace::row::Row;

/// A file of the format.
#[derive(Debug)]
pub(in crate::workload::trace) struct GuideLlm(PathBuf);

#[derive(Deserialize)]
struct Report<'t> {
    #[serde(borrow)]
    benchmarks: Vec<Benchmark<'t>>,
}

#[derive(Deserialize)]
struct Benchmark<'t> {
    #[serde(borrow, default)]
    requests: Requests<'t>,
    #[serde(default)]
    config: Config,
}

#[derive(Default, Deserialize)]
struct Requests<'t> {
    #[serde(borrow, default)]
    successful: Option<Vec<&'t RawValue>>,
    #[serde(borrow, default)]
    errored: Option<Vec<&'t RawValue>>,
    #[serde(borrow, default)]
    incomplete: Option<Vec<&'t RawValue>>,
}

/// Where newer reports name the model.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    backend: Backend,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Backend {
    model: Option<String>,
}

/// A request; the names are those of newer reports, then those of older ones.
#[derive(Deserialize)]
struct Asked<'t> {
    #[serde(borrow, default, alias = "start_time")]
    request_start_time: Option<&'t RawValue>,
    #[serde(borrow, default, alias = "end_time")]
    request_end_time: Option<&'t RawValue>,
    #[serde(borrow, default)]
    prompt_tokens: Option<&'t RawValue>,
    #[serde(borrow, default)]
    output_tokens: Option<&'t RawValue>,
    #[serde(borrow, default)]
    cached_tokens: Option<&'t RawValue>,
    #[serde(borrow, default)]
    time_to_first_token_ms: Option<&'t RawValue>,
    #[serde(borrow, default)]
    inter_token_latency_ms: Option<&'t RawValue>,
    #[serde(borrow, default)]
    request_latency: Option<&'t RawValue>,
}

impl TraceFile for GuideLlm {
    fn file(&self) -> &Path {
        &self.0
    }

    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
        let mut listing = Listing::new(path);
        let document = Document::open(path)?;
        let mut any = false;
        for value in document.values()? {
            let report: Report<'_> = serde_json::from_str(value.get())
                .map_err(|error| document.position().format(json::plain(&error)))?;
            for benchmark in &report.benchmarks {
                let model = benchmark.config.backend.model.as_ref();
                let model = model.map(|name| listing.model(name));
                let Requests { successful, errored, incomplete } = &benchmark.requests;
                for (list, status) in [
                    (successful, Status::Ok),
                    (errored, Status::Failed),
                    (incomplete, Status::Failed),
                ] {
                    for asked in list.iter().flatten() {
                        any = true;
                        let read = row(asked, status).map(|(row, measured)| {
                            if row.input_tokens == 0 && status.is_failed() {
                                listing.note(
                                    "requests that failed may have no `prompt_tokens`: their prompts \
                                     count as of 0 tokens"
                                        .to_owned(),
                                );
                            }
                            (row, Measured { model: model.clone(), ..measured })
                        });
                        listing.push(document.line_of(asked), read, &[]);
                    }
                }
            }
        }
        if !any {
            return Err(document.position().format(
                "the report has only sums, and no requests: let GuideLLM keep its requests in the \
                 report (its sample size must not be 0)"
                    .to_owned(),
            ));
        }
        Ok(Box::new(listing.reader()))
    }
}

impl Format for GuideLlm {
    type Spec = PathBuf;

    fn of(file: PathBuf) -> Self {
        GuideLlm(file)
    }

    fn detect(beginning: &Beginning) -> bool {
        beginning.mentions(&["guidellm_version"])
            || beginning.mentions(&["benchmarks", "type_"])
            || beginning.mentions(&["benchmarks", "generative_benchmark"])
    }

    fn given(given: &Given, _: &Beginning) -> PathBuf {
        given.file.clone()
    }
}

fn row(asked: &RawValue, status: Status) -> Result<(Row, Measured), String> {
    let asked: Asked<'_> =
        serde_json::from_str(asked.get()).map_err(|error| json::plain(&error))?;
    let time = |name: &str, value: Option<&RawValue>, unit: TimeUnit| {
        let Some(value) = value else { return Ok(None) };
        let text = value.get().as_bytes();
        stamp(text, unit).map(Some).ok_or_else(|| bad_number(name, text))
    };
    let tokens = |name: &str, value: Option<&RawValue>| {
        let Some(value) = value else { return Ok(None) };
        let text = value.get().as_bytes();
        count(text).map(Some).ok_or_else(|| bad_count(name, text))
    };
    let begins = time("request_start_time", asked.request_start_time, TimeUnit::S)?
        .ok_or("there is no `request_start_time`")?;
    let ends = time("request_end_time", asked.request_end_time, TimeUnit::S)?;
    let latency = time("request_latency", asked.request_latency, TimeUnit::S)?;
    let ttft = time("time_to_first_token_ms", asked.time_to_first_token_ms, TimeUnit::Ms)?;
    let tpot = time("inter_token_latency_ms", asked.inter_token_latency_ms, TimeUnit::Ms)?;
    let measured = Measured {
        ttft: ttft.map(Duration),
        tpot: tpot.map(Duration),
        e2e: latency.or_else(|| ends?.checked_sub(begins)).map(Duration),
        cached_tokens: tokens("cached_tokens", asked.cached_tokens)?,
        status,
        ..Measured::default()
    };
    let output_tokens = tokens("output_tokens", asked.output_tokens)?;
    let row = Row {
        stamp: begins,
        // Of one that failed the server may not have counted it.
        input_tokens: tokens("prompt_tokens", asked.prompt_tokens)?
            .or(status.is_failed().then_some(0))
            .ok_or("there is no `prompt_tokens`")?,
        output_tokens: output_tokens.filter(|_| !status.is_failed()),
        prompt: None,
        user: None,
    };
    Ok((row, measured))
}
