//! Charts of which parameters matter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::check_file;
use super::kind::Kind;
use crate::spec::Problems;
use crate::system::Possible;

/// What a chart of a sensitivity study shows: a bar for each parameter, the one that
/// matters most on top (with a sweep by `sobol`, `morris` or `one_at_a_time`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TornadoSpec {
    /// The metric. Default: a chart for each in `sensitivity.csv`.
    pub metric: Option<String>,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default: made of the metric.
    pub file: Option<String>,
}

impl Kind for TornadoSpec {
    fn check(&self, _: &[String], metrics: &Possible, problems: &mut Problems) {
        check_file(self.file.as_deref(), problems);
        if let Some(metric) = &self.metric {
            problems.at("metric", |p| metrics.check(metric, p));
        }
    }

    fn metrics(&self) -> Vec<&str> {
        self.metric.as_deref().into_iter().collect()
    }
}
