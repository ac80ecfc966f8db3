//! What a chart of points between two axes shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_file, check_metrics, check_path, is_swept};
use super::kind::Kind;
use super::names::Names;
use super::scale::ScaleSpec;
use crate::spec::Problems;
use crate::system::{MetricId, Possible};

/// A metric against another, or against a swept path, a mark for each point. No line joins
/// them: they may differ in anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScatterSpec {
    /// The metric or swept path from left to right, or a list of them with a panel for
    /// each. Default: `cost_per_request_usd`.
    pub x: Names,
    /// The metric from bottom to top, or a list with a chart for each. Default:
    /// `e2e_p99_s`.
    pub y: Names,
    /// Whether a dashed curve shows the trend (LOWESS). Default: along swept paths that
    /// hold numbers.
    pub trend: Option<bool>,
    /// The swept path whose values are told apart by colour. Default: the first that has
    /// few values and is not `x`.
    pub series: Option<String>,
    /// The swept path with a panel for each value. Default: none.
    pub facet: Option<String>,
    /// What to call the series' values, in their order. Default: as they are, in short.
    pub labels: Vec<String>,
    /// The horizontal scale. Default: `auto`.
    pub x_scale: ScaleSpec,
    /// The vertical scale. Default: `auto`.
    pub y_scale: ScaleSpec,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default: made of what is
    /// shown.
    pub file: Option<String>,
}

impl Default for ScatterSpec {
    fn default() -> Self {
        ScatterSpec {
            x: Names::from("cost_per_request_usd"),
            y: Names::default(),
            trend: None,
            series: None,
            facet: None,
            labels: Vec::new(),
            x_scale: ScaleSpec::Auto,
            y_scale: ScaleSpec::Auto,
            title: None,
            subtitle: None,
            file: None,
        }
    }
}

impl Kind for ScatterSpec {
    fn check(&self, swept: &[String], metrics: &Possible, problems: &mut Problems) {
        check_path("series", self.series.as_deref(), swept, problems);
        check_path("facet", self.facet.as_deref(), swept, problems);
        problems.at("x", |p| {
            if self.x.0.is_empty() {
                p.error_help("there is nothing to draw", "name a metric or a swept path");
            }
            for name in self.x.iter().filter(|name| !is_swept(name, swept)) {
                if MetricId::named(name).is_some() {
                    metrics.check(name, p);
                } else {
                    let mut all: Vec<&str> = swept.iter().map(String::as_str).collect();
                    for metric in metrics.names() {
                        all.push(metric);
                    }
                    p.unknown("metric or swept path", name, all);
                }
            }
        });
        check_metrics("y", &self.y.0, metrics, problems);
        if self.facet.is_some() && self.x.0.len() > 1 {
            problems.at("facet", |p| {
                p.error_help(
                    "each `x` has a panel already",
                    "give one `x`, or draw a chart for each",
                );
            });
        }
        check_file(self.file.as_deref(), problems);
    }

    fn metrics(&self) -> Vec<&str> {
        self.x.iter().chain(self.y.iter()).collect()
    }
}
