//! Charts about money.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_file, check_path};
use crate::cost::Money;
use crate::kernel::Duration;
use crate::spec::Problems;

/// What a chart of spending against a budget shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetChartSpec {
    /// The budget, as a line. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Money>,
    /// When it begins anew, and with it the sum of what was spent. Default:
    /// never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// The swept path with a curve for each value; other swept paths are held
    /// at their first value. Default: a curve for each point.
    pub series: Option<String>,
    /// The points to draw, by number. Default: all, or eight spread evenly
    /// over them if there are more.
    pub points: Vec<u64>,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default: `budget`.
    pub file: Option<String>,
}

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

/// What a chart of savings shows: from the list price to the bill.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WaterfallSpec {
    /// The point, by number. Default: the first.
    pub point: u64,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default: `savings`.
    pub file: Option<String>,
}

impl BudgetChartSpec {
    pub(super) fn check(&self, swept: &[String], problems: &mut Problems) {
        check_path("series", self.series.as_deref(), swept, problems);
        check_file(self.file.as_deref(), problems);
        if self.every.is_some_and(Duration::is_zero) {
            problems.at("every", |p| p.error("expected a span longer than 0"));
        }
    }
}

impl ParetoSpec {
    pub(super) fn check(&self, swept: &[String], metrics: &[&str], problems: &mut Problems) {
        check_path("series", self.series.as_deref(), swept, problems);
        check_file(self.file.as_deref(), problems);
        for (field, name) in [("cost", &self.cost), ("quality", &self.quality)] {
            if !metrics.contains(&name.as_str()) {
                problems.at(field, |p| p.unknown("metric", name, metrics.iter().copied()));
            }
        }
    }
}

impl WaterfallSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        check_file(self.file.as_deref(), problems);
    }
}
