//! `manifest.yaml`: what was run, so that anyone can run it again.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use super::load::read;
use super::prepare::Prepared;
use super::spec::Experiment;

/// The manifest of a results folder. It holds no wall time: the same experiment
/// gives the same bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The experiment's name.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// The seed.
    pub seed: u64,
    /// MD5 of version and resolved experiment.
    pub hash: String,
    /// Sweep points.
    pub points: usize,
    /// Runs of each.
    pub replications: u32,
    /// The varied paths, in the order of the columns.
    pub swept: Vec<String>,
    /// Bad trace rows that were skipped, in each run.
    pub skipped_trace_rows: u64,
    /// The experiment with all defaults and overrides.
    pub experiment: Value,
}

impl Manifest {
    /// The manifest of what was run.
    pub fn new(prepared: &Prepared, skipped_trace_rows: u64) -> Self {
        Manifest {
            name: prepared.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: prepared.experiment.seed,
            hash: prepared.hash.clone(),
            points: prepared.setups.len(),
            replications: prepared.experiment.replications,
            swept: prepared.sweep.columns(),
            skipped_trace_rows,
            experiment: prepared.resolved.clone(),
        }
    }

    /// Reads `manifest.yaml` of a results folder.
    ///
    /// # Errors
    /// Says why it cannot be read.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("manifest.yaml");
        let text = std::fs::read_to_string(&path).map_err(|error| {
            format!("`{}` is not a results folder: {}: {error}", folder.display(), path.display())
        })?;
        serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// The experiment.
    ///
    /// # Errors
    /// Says what is not understood, if another version wrote it.
    pub fn experiment(&self) -> Result<Experiment, String> {
        let reading = read::<Experiment>(&self.experiment);
        match (reading.spec, reading.problems.first()) {
            (Some(experiment), None) => Ok(experiment),
            (_, Some(problem)) => Err(format!("{}: {}", problem.path, problem.message)),
            (None, None) => Err("the experiment cannot be read".to_owned()),
        }
    }

    /// As it is written.
    ///
    /// # Panics
    /// Never: a manifest is plain data.
    pub fn to_yaml(&self) -> String {
        serde_yaml::to_string(self).expect("a manifest is plain data")
    }
}
