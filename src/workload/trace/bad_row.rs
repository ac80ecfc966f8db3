//! Rows that cannot be read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What to do with a row that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnBadRow {
    /// Stop, and say which row of which file it is.
    #[default]
    Fail,
    /// Leave it out, and count it.
    Skip,
}
