//! What a chart of a latency's distribution shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_file, check_numbers, check_path};
use super::kind::Kind;
use super::latency::LatencyMetric;
use super::scale::ScaleSpec;
use crate::spec::Problems;
use crate::system::Possible;

/// What a chart of a latency's distribution shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CdfSpec {
    /// Which latency. Default: `e2e_s`, from arrival to answer.
    pub metric: LatencyMetric,
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
    /// The latency's scale. Default: `auto`.
    pub x_scale: ScaleSpec,
    /// The name of the file in `charts/`, without extension. Default: made of
    /// the metric.
    pub file: Option<String>,
}

impl Kind for CdfSpec {
    fn check(&self, swept: &[String], _: &Possible, problems: &mut Problems) {
        check_path("series", self.series.as_deref(), swept, problems);
        check_file(self.file.as_deref(), problems);
    }

    fn check_runs(&self, points: u64, _: u64, problems: &mut Problems) {
        check_numbers("points", "point", &self.points, points, problems);
    }
}
