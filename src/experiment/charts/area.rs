//! What a chart of stacked parts shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_columns, check_file, check_numbers};
use super::kind::{Kind, Recording};
use crate::spec::Problems;
use crate::system::Possible;

/// Parts of a whole over virtual time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AreaSpec {
    /// What the parts are: the answers of each `model`, cache `level` or `user` (with
    /// `record: { breakdown: true }`). Default: `model`, unless there are `columns`.
    pub by: Option<Entity>,
    /// Columns of `timeline.csv` to stack instead.
    pub columns: Vec<String>,
    /// The points to draw, by number, a panel each. Default: all, or six spread
    /// evenly over them if there are more.
    pub points: Vec<u64>,
    /// Whether parts are drawn as shares of their sum. Default false.
    pub share: bool,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default: made of what
    /// the parts are.
    pub file: Option<String>,
}

/// Whose parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// Of models.
    #[default]
    Model,
    /// Of cache levels.
    Level,
    /// Of users.
    User,
}

impl Entity {
    /// As it stands in `breakdown.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Entity::Model => "model",
            Entity::Level => "level",
            Entity::User => "user",
        }
    }
}

impl AreaSpec {
    /// Whether the chart needs `breakdown.csv`.
    pub fn needs_breakdown(&self) -> bool {
        self.columns.is_empty()
    }
}

impl Kind for AreaSpec {
    fn check(&self, _: &[String], _: &Possible, problems: &mut Problems) {
        check_columns("columns", &self.columns, problems);
        if self.by.is_some() && !self.columns.is_empty() {
            problems.at("columns", |p| {
                p.error_help("there is already `by`", "give one of `by` and `columns`");
            });
        }
        check_file(self.file.as_deref(), problems);
    }

    fn check_runs(&self, points: u64, _: u64, problems: &mut Problems) {
        check_numbers("points", "point", &self.points, points, problems);
    }

    fn needs(&self) -> Option<Recording> {
        self.needs_breakdown().then_some(Recording::Breakdown)
    }
}
