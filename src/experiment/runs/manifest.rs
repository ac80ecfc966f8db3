//! `manifest.yaml`: what was run, so that anyone can run it again.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use super::shard::Shard;
use crate::experiment::prepare::resolved::{Resolved, read_experiment};
use crate::experiment::spec::experiment::Experiment;

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
    pub fn new(resolved: &Resolved, skipped_trace_rows: u64) -> Self {
        Manifest {
            name: resolved.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: resolved.experiment.seed,
            hash: resolved.hash.clone(),
            points: resolved.points(),
            replications: resolved.experiment.replications,
            swept: resolved.sweep.columns(),
            skipped_trace_rows,
            experiment: resolved.value.clone(),
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
        serde_yaml::from_str(&text).map_err(|error| {
            let (folder, path) = (folder.display(), path.display());
            format!("`{folder}` is not a results folder of `windtunnel run`: {path}: {error}")
        })
    }

    /// The experiment.
    ///
    /// # Errors
    /// Says what is not understood, if another version wrote it.
    pub fn experiment(&self) -> Result<Experiment, String> {
        read_experiment(&self.experiment)
    }

    /// As it is written.
    ///
    /// # Panics
    /// Never: a manifest is plain data.
    pub fn to_yaml(&self) -> String {
        serde_yaml::to_string(self).expect("a manifest is plain data")
    }
}

/// `shard.yaml`: which runs of which experiment a shard's folder holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardManifest {
    /// The experiment's name.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// MD5 of version and resolved experiment.
    pub hash: String,
    /// Which shard of how many.
    pub shard: Shard,
    /// How many runs it has.
    pub runs: usize,
    /// The experiment with all defaults and overrides.
    pub experiment: Value,
}

/// The name of [`ShardManifest`]'s file.
pub const SHARD_MANIFEST: &str = "shard.yaml";

impl ShardManifest {
    /// The manifest of a shard whose `runs` are done.
    pub fn new(resolved: &Resolved, shard: Shard, runs: usize) -> Self {
        ShardManifest {
            name: resolved.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            hash: resolved.hash.clone(),
            shard,
            runs,
            experiment: resolved.value.clone(),
        }
    }

    /// Reads `shard.yaml` of a shard's folder.
    ///
    /// # Errors
    /// Says why it cannot be read.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join(SHARD_MANIFEST);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        serde_yaml::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))
    }

    /// As it is written.
    ///
    /// # Panics
    /// Never: a manifest is plain data.
    pub fn to_yaml(&self) -> String {
        serde_yaml::to_string(self).expect("a manifest is plain data")
    }
}
