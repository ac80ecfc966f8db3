//! What a benchmark says of all its requests, where it kept none of them: nothing can be
//! replayed, but what was measured can be shown. `GuideLLM` writes distributions for each of its
//! benchmarks, vLLM means and percentiles of one.

use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::workload::trace::input::document::Document;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::unique::refuse;

/// What was measured of all requests of a benchmark together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BenchmarkSums {
    /// How it asked: such as `constant 2/s`.
    pub load: String,
    /// The model that it asked, if the file says so.
    pub model: Option<String>,
    /// Requests that were answered.
    pub completed: u64,
    /// Those that were not.
    pub failed: u64,
    /// Tokens of prompts, and of answers, in the mean.
    pub input_mean_tokens: Option<f64>,
    /// See `input_mean_tokens`.
    pub output_mean_tokens: Option<f64>,
    /// Requests that were answered each second.
    pub completed_rps: Option<f64>,
    /// From asking to the first token.
    pub ttft: TimeSums,
    /// From one token to the next, of all tokens after the first of each answer.
    pub tpot: TimeSums,
    /// From asking to the end of the answer.
    pub e2e: TimeSums,
}

/// A time, over many requests, in seconds; none where the file does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TimeSums {
    /// The mean.
    pub mean: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// The 90th percentile.
    pub p90: Option<f64>,
    /// The 99th percentile.
    pub p99: Option<f64>,
}

/// The sums in a file of the format of this name, one for each benchmark; none if the file has
/// requests, or is of a format that has no sums.
///
/// # Errors
/// If the file cannot be read, or is not of the format.
pub fn sums(path: &Path, format: &str) -> Result<Option<Vec<BenchmarkSums>>, TraceError> {
    if !matches!(format, "guidellm" | "vllm_bench") {
        return Ok(None);
    }
    let document = Document::open(path)?;
    let mut all = Vec::new();
    for value in document.values()? {
        let wrong = |error| {
            let mut position = document.position().clone();
            position.line = document.line_of(value);
            refuse(value.get(), &position, &error)
        };
        if format == "guidellm" {
            let report: Report<'_> = serde_json::from_str(value.get()).map_err(wrong)?;
            if report.benchmarks.iter().any(Benchmark::has_requests) {
                return Ok(None);
            }
            all.extend(report.benchmarks.iter().map(Benchmark::sums));
        } else {
            let result: VllmResult<'_> = serde_json::from_str(value.get()).map_err(wrong)?;
            if result.input_lens.is_some() || result.completed.is_none() {
                return Ok(None);
            }
            all.push(result.sums());
        }
    }
    Ok((!all.is_empty()).then_some(all))
}

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
    #[serde(default)]
    metrics: Metrics,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Requests<'t> {
    #[serde(borrow)]
    successful: Option<Vec<&'t RawValue>>,
    #[serde(borrow)]
    errored: Option<Vec<&'t RawValue>>,
    #[serde(borrow)]
    incomplete: Option<Vec<&'t RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    strategy: Strategy,
    backend: Backend,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Strategy {
    type_: Option<String>,
    rate: Option<f64>,
    streams: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Backend {
    model: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metrics {
    request_totals: Totals,
    requests_per_second: ByStatus,
    prompt_token_count: ByStatus,
    output_token_count: ByStatus,
    /// In seconds.
    request_latency: ByStatus,
    time_to_first_token_ms: ByStatus,
    inter_token_latency_ms: ByStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Totals {
    successful: u64,
    errored: u64,
    incomplete: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ByStatus {
    successful: Option<Summary>,
}

/// A distribution; where nothing was counted its figures are 0 and say nothing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Summary {
    count: u64,
    mean: Option<f64>,
    median: Option<f64>,
    percentiles: Percentiles,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Percentiles {
    p90: Option<f64>,
    p99: Option<f64>,
}

impl Benchmark<'_> {
    fn has_requests(&self) -> bool {
        let Requests { successful, errored, incomplete } = &self.requests;
        [successful, errored, incomplete]
            .into_iter()
            .any(|list| list.as_ref().is_some_and(|list| !list.is_empty()))
    }

    fn sums(&self) -> BenchmarkSums {
        let Metrics { request_totals: Totals { successful, errored, incomplete }, .. } =
            self.metrics;
        let Strategy { type_, rate, streams } = &self.config.strategy;
        let how = [
            type_.clone(),
            rate.map(|rate| format!("{rate}/s")),
            streams.map(|streams| format!("{streams} at a time")),
        ];
        BenchmarkSums {
            load: how.into_iter().flatten().collect::<Vec<_>>().join(" "),
            model: self.config.backend.model.clone(),
            completed: successful,
            failed: errored + incomplete,
            input_mean_tokens: self.metrics.prompt_token_count.mean(),
            output_mean_tokens: self.metrics.output_token_count.mean(),
            completed_rps: self.metrics.requests_per_second.mean(),
            ttft: self.metrics.time_to_first_token_ms.times(1e-3),
            tpot: self.metrics.inter_token_latency_ms.times(1e-3),
            e2e: self.metrics.request_latency.times(1.0),
        }
    }
}

impl ByStatus {
    fn known(&self) -> Option<&Summary> {
        self.successful.as_ref().filter(|summary| summary.count > 0)
    }

    fn mean(&self) -> Option<f64> {
        self.known()?.mean
    }

    fn times(&self, unit: f64) -> TimeSums {
        let Some(Summary { mean, median, percentiles, .. }) = self.known() else {
            return TimeSums::default();
        };
        let seconds = |value: Option<f64>| value.map(|value| value * unit);
        TimeSums {
            mean: seconds(*mean),
            p50: seconds(*median),
            p90: seconds(percentiles.p90),
            p99: seconds(percentiles.p99),
        }
    }
}

#[derive(Deserialize)]
struct VllmResult<'t> {
    #[serde(borrow, default)]
    input_lens: Option<&'t RawValue>,
    #[serde(borrow, default)]
    request_rate: Option<&'t RawValue>,
    max_concurrency: Option<u64>,
    model_id: Option<String>,
    completed: Option<u64>,
    failed: Option<u64>,
    num_prompts: Option<u64>,
    total_input_tokens: Option<u64>,
    total_output_tokens: Option<u64>,
    request_throughput: Option<f64>,
    mean_ttft_ms: Option<f64>,
    median_ttft_ms: Option<f64>,
    p90_ttft_ms: Option<f64>,
    p99_ttft_ms: Option<f64>,
    mean_tpot_ms: Option<f64>,
    median_tpot_ms: Option<f64>,
    p90_tpot_ms: Option<f64>,
    p99_tpot_ms: Option<f64>,
    mean_e2el_ms: Option<f64>,
    median_e2el_ms: Option<f64>,
    p90_e2el_ms: Option<f64>,
    p99_e2el_ms: Option<f64>,
}

impl VllmResult<'_> {
    fn sums(&self) -> BenchmarkSums {
        let completed = self.completed.unwrap_or(0);
        let missing = self.num_prompts.and_then(|all| all.checked_sub(completed));
        let mean = |tokens: Option<u64>| {
            tokens.filter(|_| completed > 0).map(|tokens| tokens as f64 / completed as f64)
        };
        let times = |[mean, p50, p90, p99]: [Option<f64>; 4]| {
            // Of nothing all are 0.
            let seconds = |ms: Option<f64>| ms.filter(|_| completed > 0).map(|ms| ms * 1e-3);
            TimeSums {
                mean: seconds(mean),
                p50: seconds(p50),
                p90: seconds(p90),
                p99: seconds(p99),
            }
        };
        let rate = self.request_rate.map(|rate| format!("{}/s", rate.get().trim_matches('"')));
        let most = self.max_concurrency.map(|most| format!("{most} at a time"));
        BenchmarkSums {
            load: rate.into_iter().chain(most).collect::<Vec<_>>().join(" "),
            model: self.model_id.clone(),
            completed,
            failed: self.failed.or(missing).unwrap_or(0),
            input_mean_tokens: mean(self.total_input_tokens),
            output_mean_tokens: mean(self.total_output_tokens),
            completed_rps: self.request_throughput,
            ttft: times([
                self.mean_ttft_ms,
                self.median_ttft_ms,
                self.p90_ttft_ms,
                self.p99_ttft_ms,
            ]),
            tpot: times([
                self.mean_tpot_ms,
                self.median_tpot_ms,
                self.p90_tpot_ms,
                self.p99_tpot_ms,
            ]),
            e2e: times([
                self.mean_e2el_ms,
                self.median_e2el_ms,
                self.p90_e2el_ms,
                self.p99_e2el_ms,
            ]),
        }
    }
}
