//! What a chart of two metrics shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_file, check_metrics, check_path};
use super::kind::Kind;
use super::scale::ScaleSpec;
use crate::spec::Problems;

/// One metric against another, a mark for each point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScatterSpec {
    /// The metric from left to right. Default: `cost_per_request_usd`.
    pub x: String,
    /// The metric from bottom to top. Default: `e2e_p99_s`.
    pub y: String,
    /// Which end of `x` is wanted. Default: `low` for times, money, errors and the
    /// like, else `high`.
    pub x_better: Option<Better>,
    /// Which end of `y` is wanted. Default: as for `x`.
    pub y_better: Option<Better>,
    /// Whether a line joins the points that no other beats in both. Default true.
    pub front: bool,
    /// The swept path whose values are told apart by colour. Default: the first.
    pub series: Option<String>,
    /// The swept path with a panel for each value. Default: none.
    pub facet: Option<String>,
    /// What to call the series' values, in their order. Default: as they are.
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

/// Which end of a metric is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Little of it.
    Low,
    /// Much of it.
    High,
}

impl Better {
    /// What most people want of a metric, from its name.
    pub fn of_metric(metric: &str) -> Better {
        const BAD: [&str; 18] = [
            "errors",
            "rejected",
            "misses",
            "false_hits",
            "stale_hits",
            "abandoned",
            "retries",
            "timeouts",
            "throttled",
            "rate_limited",
            "unsent",
            "crashed",
            "shed",
            "preemptions",
            "error_rate",
            "stale_hit_rate",
            "queue_share",
            "saturation",
        ];
        let saved = metric.ends_with("_saved_usd");
        let time = metric.ends_with("_s") && !metric.contains("_per_s");
        let spent = time || metric.ends_with("_usd") || metric.ends_with("hours");
        let bad = BAD.iter().any(|bad| metric.ends_with(bad));
        if bad || spent && !saved { Better::Low } else { Better::High }
    }
}

impl Default for ScatterSpec {
    fn default() -> Self {
        ScatterSpec {
            x: "cost_per_request_usd".to_owned(),
            y: "e2e_p99_s".to_owned(),
            x_better: None,
            y_better: None,
            front: true,
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
    fn check(&self, swept: &[String], metrics: &[&str], problems: &mut Problems) {
        check_path("series", self.series.as_deref(), swept, problems);
        check_path("facet", self.facet.as_deref(), swept, problems);
        check_metrics("x", std::slice::from_ref(&self.x), metrics, problems);
        check_metrics("y", std::slice::from_ref(&self.y), metrics, problems);
        check_file(self.file.as_deref(), problems);
    }

    fn metrics(&self) -> Vec<&str> {
        vec![&self.x, &self.y]
    }
}
