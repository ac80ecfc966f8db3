//! On what the charts are drawn.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The colours of charts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThemeSpec {
    /// Dark on white.
    #[default]
    Light,
    /// Light on a dark ground, for screens and slides.
    Dark,
    /// Black, greys and dashes on white, for paper.
    Print,
}
