//! What a chart of spending against a budget shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_file, check_numbers, check_path};
use super::kind::Kind;
use crate::cost::Money;
use crate::kernel::Duration;
use crate::spec::Problems;
use crate::system::Possible;

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

impl Kind for BudgetChartSpec {
    fn check(&self, swept: &[String], _: &Possible, problems: &mut Problems) {
        check_path("series", self.series.as_deref(), swept, problems);
        check_file(self.file.as_deref(), problems);
        if self.every.is_some_and(Duration::is_zero) {
            problems.at("every", |p| p.error("expected a span longer than 0"));
        }
    }

    fn check_runs(&self, points: u64, _: u64, problems: &mut Problems) {
        check_numbers("points", "point", &self.points, points, problems);
    }
}
