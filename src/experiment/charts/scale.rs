//! How axes are spaced.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an axis spaces its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScaleSpec {
    /// Logarithmic where positive values span orders of magnitude.
    #[default]
    Auto,
    /// Equal differences.
    Linear,
    /// Equal ratios; where a value is not positive the scale stays linear.
    Log,
}
