//! What a field of colours shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_file, check_metrics, check_path};
use super::kind::Kind;
use super::names::Names;
use super::scale::ScaleSpec;
use crate::spec::Problems;
use crate::system::Possible;

/// A metric over two swept paths.
///
/// Where other swept paths leave more than one point for the same place, up to six
/// combinations of their values get a panel each, as in a line chart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeatmapSpec {
    /// The swept path from left to right. Default: the first that `y` is not.
    pub x: Option<String>,
    /// The swept path from bottom to top. Default: the next.
    pub y: Option<String>,
    /// The metric that colours tell, or a list of metrics with a chart for each.
    /// Default: `e2e_p99_s`.
    pub metric: Names,
    /// The swept path with a panel for each value. Default: none.
    pub facet: Option<String>,
    /// How colours are spaced. Default: `auto`.
    pub scale: ScaleSpec,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default: made of
    /// the metric and the paths.
    pub file: Option<String>,
}

impl Kind for HeatmapSpec {
    fn check(&self, swept: &[String], metrics: &Possible, problems: &mut Problems) {
        for (field, name) in [("x", &self.x), ("y", &self.y), ("facet", &self.facet)] {
            check_path(field, name.as_deref(), swept, problems);
        }
        if swept.len() < 2 {
            problems.error_help(
                "a heatmap needs two swept paths",
                "add one to `sweep.grid`, or draw a `line` or `bar` chart",
            );
        } else if self.x.is_some() && self.x == self.y {
            problems.at("y", |p| p.error("`x` and `y` are the same swept path"));
        }
        check_metrics("metric", &self.metric.0, metrics, problems);
        check_file(self.file.as_deref(), problems);
    }

    fn metrics(&self) -> Vec<&str> {
        self.metric.iter().collect()
    }
}
