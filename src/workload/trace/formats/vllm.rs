//! The result of vLLM's load generator, `vllm bench serve` (once `benchmark_serving.py`), saved with
//! `--save-result --save-detailed`: lists with an entry for each request
//! (<https://docs.vllm.ai/en/latest/cli/bench/serve.html>).

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::beginning::Beginning;
use super::format::{Format, Given, RowReader, TraceFile};
use super::listed::Listing;
use super::log::TimeUnit;
use super::log::fields::{bad_count, bad_number, count, stamp};
use crate::kernel::Duration;
use crate::kernel::time::NANOS_PER_SEC;
use crate::workload::trace::input::document::Document;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::json;
use crate::workload::trace::measured::{Measured, Status};
use crate::workload::trace::row::Row;

/// A file of the format.
#[derive(Debug)]
pub(in crate::workload::trace) struct VllmBench(PathBuf);

/// What is read of a result.
#[derive(Deserialize)]
struct BenchResult<'t> {
    #[serde(default)]
    model_id: Option<String>,
    #[serde(borrow, default)]
    request_rate: Option<&'t RawValue>,
    #[serde(borrow, default)]
    max_concurrency: Option<&'t RawValue>,
    #[serde(borrow, default)]
    input_lens: Option<Vec<&'t RawValue>>,
    #[serde(borrow, default)]
    output_lens: Option<Vec<&'t RawValue>>,
    #[serde(borrow, default)]
    start_times: Option<Vec<&'t RawValue>>,
    #[serde(borrow, default)]
    ttfts: Option<Vec<&'t RawValue>>,
    #[serde(borrow, default)]
    itls: Option<Vec<Vec<&'t RawValue>>>,
    #[serde(default)]
    errors: Option<Vec<Option<String>>>,
}

impl TraceFile for VllmBench {
    fn file(&self) -> &Path {
        &self.0
    }

    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
        let mut listing = Listing::new(path);
        let document = Document::open(path)?;
        for value in document.values()? {
            let line = document.line_of(value);
            let wrong = |why: String| {
                let mut position = document.position().clone();
                position.line = line;
                position.format(why)
            };
            let result: BenchResult<'_> =
                serde_json::from_str(value.get()).map_err(|error| wrong(json::plain(&error)))?;
            result.check().map_err(wrong)?;
            result.list(line, &mut listing);
        }
        Ok(Box::new(listing.reader()))
    }
}

impl Format for VllmBench {
    type Spec = PathBuf;

    fn of(file: PathBuf) -> Self {
        VllmBench(file)
    }

    fn detect(beginning: &Beginning) -> bool {
        beginning.mentions(&["request_throughput", "total_input_tokens", "completed"])
            || beginning.mentions(&["input_lens", "output_lens"])
    }

    fn given(given: &Given, _: &Beginning) -> PathBuf {
        given.file.clone()
    }
}

/// Seconds in nanoseconds.
fn seconds(name: &str, value: &RawValue) -> Result<u64, String> {
    let text = value.get().as_bytes();
    stamp(text, TimeUnit::S).ok_or_else(|| bad_number(name, text))
}

impl BenchResult<'_> {
    /// That there are requests, and of each all that is listed.
    fn check(&self) -> Result<(), String> {
        let (Some(inputs), Some(outputs)) = (&self.input_lens, &self.output_lens) else {
            return Err(
                "the result has no `input_lens` and `output_lens`: let vLLM save its requests \
                        with `--save-result --save-detailed`"
                    .to_owned(),
            );
        };
        let lists = [
            ("output_lens", Some(outputs.len())),
            ("start_times", self.start_times.as_ref().map(Vec::len)),
            ("ttfts", self.ttfts.as_ref().map(Vec::len)),
            ("itls", self.itls.as_ref().map(Vec::len)),
            ("errors", self.errors.as_ref().map(Vec::len)),
        ];
        let all = inputs.len();
        let other = lists.iter().find(|(_, length)| length.is_some_and(|length| length != all));
        other.map_or(Ok(()), |(name, length)| {
            let length = length.unwrap_or(0);
            Err(format!(
                "`input_lens` has {all} requests and `{name}` {length}: they must be as many"
            ))
        })
    }

    /// When requests came of which that is not recorded: evenly at the rate, or all at once.
    fn gap(&self) -> f64 {
        let rate = self.request_rate.and_then(|rate| rate.get().parse::<f64>().ok());
        rate.filter(|rate| rate.is_finite() && *rate > 0.0)
            .map_or(0.0, |rate| NANOS_PER_SEC as f64 / rate)
    }

    fn list(&self, line: u64, listing: &mut Listing) {
        let all = self.input_lens.as_ref().map_or(0, Vec::len);
        let gap = self.gap();
        if self.start_times.is_none() {
            let rate = self.request_rate.map_or("inf", RawValue::get).trim_matches('"');
            listing.note(format!(
                "the result has no `start_times` (newer versions of vLLM save them): its requests come \
                 {}, as `request_rate` is {rate}",
                if gap > 0.0 { "evenly" } else { "all at once" }
            ));
        }
        if let Some(most) = self.max_concurrency.map(RawValue::get) {
            listing.note(format!(
                "`max_concurrency` ({most}) is not used: requests come when they came, and not as \
                 answers make room; `arrivals: {{ concurrency: ... }}` of a workload would"
            ));
        }
        let model = self.model_id.as_ref().map(|name| listing.model(name));
        for at in 0..all {
            let read = self
                .row(at, gap)
                .map(|(row, measured)| (row, Measured { model: model.clone(), ..measured }));
            listing.push(line, read, &[]);
        }
    }

    fn row(&self, at: usize, gap: f64) -> Result<(Row, Measured), String> {
        let of =
            |list: &Option<Vec<&'_ RawValue>>| list.as_ref().map(|list| list[at].get().to_owned());
        let tokens = |name: &str, text: Option<String>| {
            let text = text.unwrap_or_default();
            count(text.as_bytes()).ok_or_else(|| bad_count(name, text.as_bytes()))
        };
        let stamp = match &self.start_times {
            Some(times) => seconds("start_times", times[at])?,
            None => libm::round(at as f64 * gap) as u64,
        };
        let error = self.errors.as_ref().and_then(|errors| errors[at].as_deref());
        let output_tokens = tokens("output_lens", of(&self.output_lens))?;
        let first = self.ttfts.as_ref().map(|ttfts| ttfts[at].get());
        let nothing = output_tokens == 0 && first.is_none_or(|it| matches!(it, "0" | "0.0"));
        let status = match error {
            Some(error) if !error.is_empty() => Status::Failed,
            // What failed has neither a first token nor any.
            _ if nothing => Status::Failed,
            Some(_) => Status::Ok,
            None => Status::Unknown,
        };
        let ttft = match &self.ttfts {
            Some(ttfts) => Some(seconds("ttfts", ttfts[at])?).filter(|ttft| *ttft > 0),
            None => None,
        };
        let between = match &self.itls {
            Some(itls) => {
                let all = itls[at].iter().map(|itl| seconds("itls", itl));
                Some(all.sum::<Result<u64, String>>()?)
            }
            None => None,
        };
        let measured = Measured {
            ttft: ttft.map(Duration),
            e2e: ttft.zip(between).map(|(ttft, rest)| Duration(ttft.saturating_add(rest))),
            status,
            ..Measured::default()
        };
        let row = Row {
            stamp,
            input_tokens: tokens("input_lens", of(&self.input_lens))?,
            output_tokens: (!status.is_failed()).then_some(output_tokens),
            prompt: None,
            user: None,
        };
        Ok((row, measured))
    }
}
