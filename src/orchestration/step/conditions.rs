//! When a step begins, how it may end, and what its failure does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many must succeed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinSpec {
    /// All of them.
    #[default]
    All,
    /// One; it goes on with the first.
    Any,
    /// More than half.
    Quorum,
    /// So many.
    AtLeast(u32),
}

impl JoinSpec {
    /// How many of `all` must succeed.
    pub fn of(self, all: u32) -> u32 {
        match self {
            JoinSpec::All => all,
            JoinSpec::Any => all.min(1),
            JoinSpec::Quorum => all / 2 + 1,
            JoinSpec::AtLeast(least) => least.min(all),
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeSpec {
    /// It was done.
    Succeeded,
    /// It failed, which the workflow survived (`on_failure: continue`).
    Failed,
    /// It was left out.
    Skipped,
    /// It was done, and is right.
    Right,
    /// It was done, and is wrong.
    Wrong,
    /// It judged, and accepted.
    Accepted,
    /// It judged, and rejected.
    Rejected,
}

/// What a failure of a step does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The workflow fails.
    #[default]
    Fail,
    /// The workflow goes on; the step counts as done, with nothing put out, unless
    /// `join` or `when` of later steps say otherwise.
    Continue,
}
