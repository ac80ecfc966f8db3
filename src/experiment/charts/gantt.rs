//! What a chart of intervals in lanes shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_file, check_numbers};
use super::kind::{Kind, Recording};
use crate::kernel::Duration;
use crate::spec::Problems;
use crate::system::Possible;

/// The table that runs of workflows are recorded in.
const TABLE: &str = "gantt.csv";

/// What was done when: intervals of a table with the columns `lane`, `label`,
/// `start_s`, `end_s` and `kind`; and `point` and `replication`, where there are more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GanttSpec {
    /// The table in the results folder. Default: `gantt.csv`.
    pub table: String,
    /// The point, by number. Default: the first.
    pub point: u64,
    /// The replication, by number. Default: the first.
    pub replication: u64,
    /// Drawn from then on. Default: the first interval's start.
    pub from: Option<Duration>,
    /// Drawn until then. Default: the last interval's end.
    pub until: Option<Duration>,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default: the table's.
    pub file: Option<String>,
}

impl Default for GanttSpec {
    fn default() -> Self {
        GanttSpec {
            table: TABLE.to_owned(),
            point: 0,
            replication: 0,
            from: None,
            until: None,
            title: None,
            subtitle: None,
            file: None,
        }
    }
}

impl Kind for GanttSpec {
    fn check(&self, _: &[String], _: &Possible, problems: &mut Problems) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        let stem = self.table.strip_suffix(".csv").unwrap_or_default();
        if stem.is_empty() || !stem.chars().all(plain) {
            problems.at("table", |p| {
                p.error_help(
                    format!("`{}` is not the name of a table", self.table),
                    "name a file of the results folder, such as `gantt.csv`",
                );
            });
        }
        if let (Some(from), Some(until)) = (self.from, self.until)
            && until <= from
        {
            problems.at("until", |p| p.error("expected a time after `from`"));
        }
        check_file(self.file.as_deref(), problems);
    }

    fn check_runs(&self, points: u64, replications: u64, problems: &mut Problems) {
        check_numbers("point", "point", &[self.point], points, problems);
        let replication = [self.replication];
        check_numbers("replication", "replication", &replication, replications, problems);
    }

    fn needs(&self) -> Option<Recording> {
        (self.table == TABLE).then_some(Recording::Workflows)
    }
}
