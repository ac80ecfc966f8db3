//! What a chart of two aims shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::better::Better;
use super::check::{check_file, check_metrics, check_path};
use super::kind::Kind;
use super::scale::ScaleSpec;
use crate::spec::Problems;
use crate::system::Possible;

/// Two metrics that are both wanted, a mark for each point: those that no other beats in
/// both are joined and stand out, the others are faded. Points that could not keep up are
/// hollow, and beat nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FrontierSpec {
    /// The metric from left to right. Default: `cost_per_request_usd`.
    pub x: String,
    /// The metric from bottom to top. Default: `e2e_p99_s`.
    pub y: String,
    /// Which end of `x` is wanted. Default: `lower` for times, money, errors and the
    /// like, else `higher`.
    pub x_better: Option<Better>,
    /// Which end of `y` is wanted. Default: as for `x`.
    pub y_better: Option<Better>,
    /// The swept path whose values are told apart by colour; marks are then named by the
    /// others. Default: none where points have names of their own or one path alone is
    /// swept, else the first.
    pub series: Option<String>,
    /// The swept path with a panel, and a front, for each value. Default: none.
    pub facet: Option<String>,
    /// What to call the values of `series`, or of the only swept path, in their order.
    /// Default: as they are, in short.
    pub labels: Vec<String>,
    /// The horizontal scale. Default: `auto`.
    pub x_scale: ScaleSpec,
    /// The vertical scale. Default: `auto`.
    pub y_scale: ScaleSpec,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default: made of the
    /// metrics.
    pub file: Option<String>,
}

impl Default for FrontierSpec {
    fn default() -> Self {
        FrontierSpec {
            x: "cost_per_request_usd".to_owned(),
            y: "e2e_p99_s".to_owned(),
            x_better: None,
            y_better: None,
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

impl Kind for FrontierSpec {
    fn check(&self, swept: &[String], metrics: &Possible, problems: &mut Problems) {
        check_path("series", self.series.as_deref(), swept, problems);
        check_path("facet", self.facet.as_deref(), swept, problems);
        check_metrics("x", std::slice::from_ref(&self.x), metrics, problems);
        check_metrics("y", std::slice::from_ref(&self.y), metrics, problems);
        if self.x == self.y {
            problems.at("y", |p| {
                p.error_help("`x` and `y` are the same metric", "name two that are at odds");
            });
        }
        check_file(self.file.as_deref(), problems);
    }

    fn metrics(&self) -> Vec<&str> {
        vec![&self.x, &self.y]
    }
}
