//! Step time from a measured profile.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Batch, Growth, Pace};
use crate::spec::Problem;
use crate::workload::DataPaths;

/// A step's time is interpolated in a profile: a CSV file with the columns
/// `prefill_tokens`, `decode_seqs`, optionally `context_tokens` (of all sequences
/// together), and `step_us`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// The file, looked for beside the experiment file.
    pub file: PathBuf,
}

impl TableSpec {
    pub(super) fn load(&self, _paths: &DataPaths) -> Result<Table, Problem> {
        todo!()
    }
}

#[derive(Debug)]
pub(super) struct Table;

impl Table {
    pub fn pace(&self, _batch: &Batch, _growth: &Growth) -> Pace {
        todo!()
    }
}
