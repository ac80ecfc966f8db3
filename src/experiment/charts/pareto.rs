//! What a chart of cost against quality shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_file, check_path};
use super::kind::Kind;
use crate::spec::Problems;

/// What a chart of cost against quality shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ParetoSpec {
    /// The metric to have little of. Default: `cost_per_request_usd`.
    pub cost: String,
    /// The metric to have much of. Default: `quality_mean`.
    pub quality: String,
    /// The swept path whose values are told apart by colour. Default: the first.
    pub series: Option<String>,
    /// What to call the series' values, in their order. Default: as they are.
    pub labels: Vec<String>,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default: `pareto`.
    pub file: Option<String>,
}

impl Default for ParetoSpec {
    fn default() -> Self {
        ParetoSpec {
            cost: "cost_per_request_usd".to_owned(),
            quality: "quality_mean".to_owned(),
            series: None,
            labels: Vec::new(),
            title: None,
            subtitle: None,
            file: None,
        }
    }
}

impl Kind for ParetoSpec {
    fn check(&self, swept: &[String], metrics: &[&str], problems: &mut Problems) {
        check_path("series", self.series.as_deref(), swept, problems);
        check_file(self.file.as_deref(), problems);
        for (field, name) in [("cost", &self.cost), ("quality", &self.quality)] {
            if !metrics.contains(&name.as_str()) {
                problems.at(field, |p| p.unknown("metric", name, metrics.iter().copied()));
            }
        }
    }

    fn metrics(&self) -> Vec<&str> {
        vec![&self.cost, &self.quality]
    }
}
