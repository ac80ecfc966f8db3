//! The experiment file: every part's spec, composed.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use super::record::RecordSpec;
use super::replications::{PrecisionSpec, Replications};
use super::start::Start;
use crate::cache::CacheSpec;
use crate::cost::CostSpec;
use crate::experiment::charts::ChartSpec;
use crate::experiment::charts::theme::ThemeSpec;
use crate::experiment::search::spec::SearchSpec;
use crate::experiment::sweep::spec::SweepSpec;
use crate::gateway::GatewaySpec;
use crate::kernel::Duration;
use crate::orchestration::OrchestrationSpec;
use crate::pipeline::PipelineSpec;
use crate::serving::{ModelSpec, ResilienceSpec};
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
    /// The gateway before the models: how many requests it lets through, and who waits.
    /// Left out, all are let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewaySpec>,
    /// How a model is chosen, and who may spend how much. Left out, the best
    /// utility wins and nobody has a budget.
    pub cost: Option<CostSpec>,
    /// What to vary.
    pub sweep: SweepSpec,
    /// What `windtunnel search` looks for. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchSpec>,
    /// The metrics that are shown first: in the terminal's table, among the page's key
    /// numbers, and in charts where none are asked for. Default: chosen by what the
    /// experiment is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
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
            gateway: None,
            cost: None,
            sweep: SweepSpec::default(),
            search: None,
            columns: Vec::new(),
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

    /// How many replications each point gets, and what they are.
    pub fn replicated(&self) -> Replications {
        Replications::new(self.replications, self.antithetic, self.precision.as_ref())
    }

    /// The experiment as YAML, choices as one-key maps.
    ///
    /// # Panics
    /// Never: an experiment is plain data.
    pub fn to_value(&self) -> Value {
        serde_yaml::with::singleton_map_recursive::serialize(self, serde_yaml::value::Serializer)
            .expect("an experiment is plain data")
    }
}

/// What a file need not say.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
