//! What a chart of savings shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_file, check_numbers};
use super::kind::{Kind, Recording};
use crate::spec::Problems;
use crate::system::Possible;

/// What a chart of savings shows: from the list price to the bill.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WaterfallSpec {
    /// The point, by number. Default: the first.
    pub point: u64,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The name of the file in `charts/`, without extension. Default: `savings`.
    pub file: Option<String>,
}

impl Kind for WaterfallSpec {
    fn check(&self, _: &[String], _: &Possible, problems: &mut Problems) {
        check_file(self.file.as_deref(), problems);
    }

    fn check_runs(&self, points: u64, _: u64, problems: &mut Problems) {
        check_numbers("point", "point", &[self.point], points, problems);
    }

    fn needs(&self) -> Option<Recording> {
        Some(Recording::Spend)
    }
}
