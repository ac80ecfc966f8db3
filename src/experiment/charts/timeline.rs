//! Metrics over virtual time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_columns, check_file, check_numbers, check_path};
use super::kind::Kind;
use crate::spec::Problems;
use crate::system::Possible;

/// What a chart over virtual time shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimelineSpec {
    /// Columns of `timeline.csv`. Default: those that tell most and vary.
    pub metrics: Vec<String>,
    /// The swept path with a curve for each value; other swept paths are held
    /// at their first value. Default: a curve for each point.
    pub series: Option<String>,
    /// The points to draw, by number. Default: all, or eight spread evenly
    /// over them if there are more.
    pub points: Vec<u64>,
    /// The replication to draw, by number. Default: the mean of all, and from the lowest
    /// to the highest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replication: Option<u64>,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default:
    /// `timeline`.
    pub file: Option<String>,
}

impl Kind for TimelineSpec {
    fn check(&self, swept: &[String], _: &Possible, problems: &mut Problems) {
        check_path("series", self.series.as_deref(), swept, problems);
        check_file(self.file.as_deref(), problems);
        check_columns("metrics", &self.metrics, problems);
    }

    fn check_runs(&self, points: u64, replications: u64, problems: &mut Problems) {
        check_numbers("points", "point", &self.points, points, problems);
        let replication = self.replication.as_slice();
        check_numbers("replication", "replication", replication, replications, problems);
    }
}
