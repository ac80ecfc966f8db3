//! The experiment file: every part's spec, composed.

use std::borrow::Cow;

use indexmap::IndexMap;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_yaml::Value;

use super::charts::{ChartSpec, ThemeSpec};
use super::replications::PrecisionSpec;
use super::search::SearchSpec;
use super::sweep::SweepSpec;
use crate::cache::CacheSpec;
use crate::cost::CostSpec;
use crate::kernel::Duration;
use crate::orchestration::OrchestrationSpec;
use crate::pipeline::PipelineSpec;
use crate::serving::{ModelSpec, ResilienceSpec};
use crate::spec::from_text;
use crate::system::{MonitorSpec, SloSpec, Warmup};
use crate::workload::WorkloadSpec;

/// An experiment: who asks what and when, the system that answers, and what to
/// vary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Experiment {
    /// The results folder's name. Default: the file's name without its ending.
    pub name: Option<String>,
    /// What is asked, for the reader.
    pub description: String,
    /// The seed of all random streams. Default 42.
    pub seed: u64,
    /// What the virtual clock shows at the start (UTC): budgets reset by it.
    /// Default 2026-01-01T00:00:00Z.
    pub start: Start,
    /// Requests arrive until then; all of them are answered. Default 10m, or
    /// the whole trace or request list.
    pub duration: Option<Duration>,
    /// At most that many requests. Default no limit.
    pub requests: Option<u64>,
    /// Measuring begins after that: a duration, a number of requests (`1000 requests`),
    /// `none`, or `auto`, which looks for the end of the warm-up in a pilot run of each
    /// point (MSER-5). Default none.
    pub warmup: Warmup,
    /// Independent runs of every point; 95 % intervals need at least 2.
    /// Default 5.
    pub replications: u32,
    /// More replications of a point, as many again as `replications` at a time, until
    /// a metric is known well enough. Default: no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<PrecisionSpec>,
    /// Whether replications come in pairs, the second drawing `1 - u` wherever the
    /// first draws `u`: often narrower intervals for the same work. Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub antithetic: bool,
    /// Who asks what and when.
    pub workload: WorkloadSpec,
    /// Validation, preprocessing and stage times. Left out, nothing is refused
    /// or bounded.
    pub pipeline: Option<PipelineSpec>,
    /// Workflows and agents that requests begin. Left out, each request is by itself.
    pub orchestration: Option<OrchestrationSpec>,
    /// The cache hierarchy. Left out, nothing is cached.
    pub cache: Option<CacheSpec>,
    /// The models by name, with price, quality and server. Left out, one free
    /// model answers with the pipeline's own inference time.
    pub models: IndexMap<String, ModelSpec>,
    /// Which answers are good: targets for times, of all or by class. Left out, every
    /// answer is.
    pub slo: Option<SloSpec>,
    /// Rules that fire alerts: metrics beyond bounds, error budgets that burn too fast.
    /// Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub monitors: Vec<MonitorSpec>,
    /// What the gateway does about slow, failing and overloaded models: timeouts,
    /// retries, hedges, fallbacks, limits. Left out, nothing.
    pub resilience: Option<ResilienceSpec>,
    /// How a model is chosen, and who may spend how much. Left out, the best
    /// utility wins and nobody has a budget.
    pub cost: Option<CostSpec>,
    /// What to vary.
    pub sweep: SweepSpec,
    /// What `windtunnel search` looks for. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchSpec>,
    /// The charts to draw. Default: chosen by what is varied.
    pub charts: Option<Vec<ChartSpec>>,
    /// The colours of the charts. Default: `light`.
    #[serde(skip_serializing_if = "is_default")]
    pub theme: ThemeSpec,
    /// What is written besides the summary tables.
    pub record: RecordSpec,
    /// Paths and values that `--quick` sets, for a fast look.
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub quick: IndexMap<String, Value>,
}

impl Default for Experiment {
    fn default() -> Self {
        Experiment {
            name: None,
            description: String::new(),
            seed: 42,
            start: Start::default(),
            duration: None,
            requests: None,
            warmup: Warmup::None,
            replications: 5,
            precision: None,
            antithetic: false,
            workload: WorkloadSpec::default(),
            pipeline: None,
            orchestration: None,
            cache: None,
            models: IndexMap::new(),
            slo: None,
            monitors: Vec::new(),
            resilience: None,
            cost: None,
            sweep: SweepSpec::default(),
            search: None,
            charts: None,
            theme: ThemeSpec::default(),
            record: RecordSpec::default(),
            quick: IndexMap::new(),
        }
    }
}

impl Experiment {
    /// How long requests arrive: ten minutes where nothing else ends them, and
    /// no limit for a trace, a list, or a number of requests.
    pub fn length(&self) -> Option<Duration> {
        let workload = &self.workload;
        let ends = self.requests.is_some()
            || workload.requests.is_some()
            || workload.trace.as_ref().is_some_and(|trace| trace.loops > 0);
        self.duration.or((!ends).then_some(Duration::from_secs(600)))
    }
}

/// What a file need not say.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What is written besides the summary tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a file of its own")]
pub struct RecordSpec {
    /// Write `requests.csv`, a row per request. Default false.
    pub requests: bool,
    /// Write `log.csv`, the pipeline's last log entries. Default false.
    pub log: bool,
    /// Write `cache.csv`, what the caches hold at the end: a `warm_start` for
    /// another experiment. Default false.
    pub cache: bool,
    /// Write `budgets.csv`, `showback.csv`, `answers.csv`, `savings.csv` and
    /// `forecast.csv`: where the money went. Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub spend: bool,
    /// Write `breakdown.csv`: the answers by model, cache level and user over virtual
    /// time. Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub breakdown: bool,
    /// Write `gantt.csv`: what the first so many workflows did, call by call. Default 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub workflows: u64,
    /// Write `traces/POINT-REPLICATION.json`, what requests, batches and replicas did
    /// when, for Perfetto or `chrome://tracing`. Default false.
    pub timeline: bool,
    /// The timeline's interval. Default: a 60th of the duration.
    pub interval: Option<Duration>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// An instant of the virtual calendar, UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start(pub Timestamp);

const START: &str = "an instant in UTC such as 2026-01-01T00:00:00Z";

impl Default for Start {
    fn default() -> Self {
        // 2026-01-01T00:00:00Z
        Start(Timestamp::constant(1_767_225_600, 0))
    }
}

impl<'de> Deserialize<'de> for Start {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, START, |text| {
            text.parse().map(Start).map_err(|_| format!("`{text}` is not an instant"))
        })
    }
}

impl Serialize for Start {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl JsonSchema for Start {
    fn schema_name() -> Cow<'static, str> {
        "Start".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An instant in UTC.",
            "type": "string",
            "format": "date-time",
            "examples": ["2026-01-01T00:00:00Z"],
        })
    }
}
