//! `WfCommons`' format of workflow instances (T. Coleman et al.: WfCommons. FGCS 128,
//! 2022; <https://wfcommons.org/format>).

use std::path::PathBuf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::orchestration::spec::StepSpec;
use crate::spec::{Path, Problem, Severity};
use crate::workload::DataPaths;

/// A workflow instance in `WfFormat` JSON: each task is a tool call that takes as long
/// as it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WfCommonsSpec {
    /// The file, found as traces are.
    pub file: PathBuf,
}

impl WfCommonsSpec {
    /// The steps of the file.
    ///
    /// # Errors
    /// A file that cannot be found or read; the problem's path is that within the
    /// spec.
    pub fn steps(&self, _paths: &DataPaths) -> Result<IndexMap<String, StepSpec>, Problem> {
        Err(Problem {
            path: Path::default().join("file"),
            at_key: false,
            severity: Severity::Error,
            message: format!("`{}` cannot be read yet", self.file.display()),
            help: None,
        })
    }
}
