//! The experiment files that a command is about, and what is set in them.

use std::path::PathBuf;

use super::failure::Failure;

/// Experiment files: at least one.
#[derive(Debug, clap::Args)]
pub(super) struct Files {
    /// Experiment files
    #[arg(required = true, value_name = "FILE")]
    pub(super) paths: Vec<PathBuf>,
    /// Set a value by its path, such as `cache.levels.l1.capacity=500`; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(super) sets: Vec<String>,
    /// The seed of all random streams
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Independent runs of every point
    #[arg(long, value_name = "N")]
    pub(super) replications: Option<u32>,
    /// Apply the file's `quick:` block, for a fast look
    #[arg(long)]
    pub(super) quick: bool,
}

impl Files {
    /// Refuses files whose experiments would write the same folder. `names` are theirs.
    pub(super) fn refuse_same_name<'n>(
        &self,
        names: impl Iterator<Item = &'n String>,
    ) -> Result<(), Failure> {
        let names: Vec<&String> = names.collect();
        let first = |second: usize| names[..second].iter().position(|it| *it == names[second]);
        let mut pairs = (0..names.len()).filter_map(|second| Some((first(second)?, second)));
        let Some((first, second)) = pairs.next() else { return Ok(()) };
        Err(Failure::Input(format!(
            "error: `{}` and `{}` would write the same results folder; give one another `name`",
            self.paths[first].display(),
            self.paths[second].display()
        )))
    }

    pub(super) fn overrides(&self) -> crate::experiment::Overrides {
        crate::experiment::Overrides {
            sets: self.sets.clone(),
            seed: self.seed,
            replications: self.replications,
            quick: self.quick,
        }
    }
}
