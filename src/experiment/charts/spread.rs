//! What a chart of spreads shows: boxes or violins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_file, check_metrics, check_path};
use super::kind::Kind;
use super::latency::LatencyMetric;
use super::names::Names;
use super::scale::ScaleSpec;
use crate::spec::Problems;
use crate::system::Possible;

/// How values spread: of a metric across replications, or of a latency (`e2e_s`,
/// `ttft_s`, `queue_s`) across requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SpreadSpec {
    /// The swept path from left to right, or `point`. Default: the first.
    pub x: Option<String>,
    /// The metric or latency, or a list with a chart for each. Default: `e2e_p99_s`.
    pub y: Names,
    /// The swept path whose values are told apart by colour. Default: none.
    pub series: Option<String>,
    /// The swept path with a panel for each value. Default: none.
    pub facet: Option<String>,
    /// The vertical scale. Default: `auto`.
    pub y_scale: ScaleSpec,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default: made of
    /// the metric and the path.
    pub file: Option<String>,
}

impl Kind for SpreadSpec {
    fn check(&self, swept: &[String], metrics: &Possible, problems: &mut Problems) {
        for (field, name) in [("x", &self.x), ("series", &self.series), ("facet", &self.facet)] {
            check_path(field, name.as_deref(), swept, problems);
        }
        let is_latency = |name: &str| LatencyMetric::ALL.iter().any(|it| it.column() == name);
        if !self.y.0.iter().all(|name| is_latency(name)) || self.y.0.is_empty() {
            let names: Vec<String> =
                self.y.0.iter().filter(|name| !is_latency(name)).cloned().collect();
            check_metrics("y", &names, metrics, problems);
        }
        check_file(self.file.as_deref(), problems);
    }

    fn metrics(&self) -> Vec<&str> {
        self.y.iter().collect()
    }
}
