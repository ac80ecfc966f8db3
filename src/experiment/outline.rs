//! What the results of an experiment are made of besides its runs.

use md5::{Digest, Md5};
use serde_yaml::Value;

use super::load::read;
use super::replications::Replications;
use super::spec::Experiment;
use super::sweep::Sweep;
use crate::spec::Problem;
use crate::system::Warmup;

/// An experiment without what only running it needs: the data that it names may
/// be on another machine.
#[derive(Clone, Debug)]
pub struct Outline {
    /// The results folder's name.
    pub name: String,
    /// The experiment with all defaults and overrides.
    pub experiment: Experiment,
    /// The same as YAML.
    pub resolved: Value,
    /// MD5 of the resolved experiment and the program's version.
    pub hash: String,
    /// What is varied.
    pub sweep: Sweep,
}

impl Outline {
    /// From a resolved experiment, as a manifest holds it.
    ///
    /// # Errors
    /// Says what is not understood: it is damaged, or another version wrote it.
    pub fn read(name: &str, resolved: Value) -> Result<Self, String> {
        let experiment = read_experiment(&resolved)?;
        let sweep = Sweep::of(&experiment, &resolved)
            .map_err(|problems| problems.first().map(told).unwrap_or_default())?;
        let (name, hash) = (name.to_owned(), hash(&resolved));
        Ok(Outline { name, experiment, resolved, hash, sweep })
    }

    /// How many replications a point gets.
    pub fn replications(&self) -> Replications {
        Replications::of(&self.experiment)
    }

    /// The number of points.
    pub fn points(&self) -> usize {
        self.sweep.points()
    }

    /// The most runs there may be: points times replications.
    pub fn runs(&self) -> usize {
        self.points() * self.replications().most()
    }

    /// Whether the warm-up of some point is no time that is given.
    pub fn finds_warmup(&self) -> bool {
        let found = |warmup| matches!(warmup, Warmup::Auto | Warmup::Requests(_));
        let varied = self.sweep.columns().iter().position(|path| path == "warmup");
        let Some(column) = varied else { return found(self.experiment.warmup) };
        let of_point = |point| self.sweep.values(point).swap_remove(column);
        let values = (0..self.points()).filter_map(of_point);
        values.filter_map(|value| serde_yaml::from_value(value).ok()).any(found)
    }
}

/// An experiment from a manifest.
pub(super) fn read_experiment(resolved: &Value) -> Result<Experiment, String> {
    let reading = read::<Experiment>(resolved);
    match (reading.spec, reading.problems.first()) {
        (Some(experiment), None) => Ok(experiment),
        (_, Some(problem)) => Err(told(problem)),
        (None, None) => Err("the experiment cannot be read".to_owned()),
    }
}

fn told(problem: &Problem) -> String {
    format!("{}: {}", problem.path, problem.message)
}

/// MD5 of a resolved experiment and the program's version.
pub(super) fn hash(resolved: &Value) -> String {
    let text = serde_yaml::to_string(resolved).unwrap_or_default();
    let digest = Md5::new().chain_update(env!("CARGO_PKG_VERSION")).chain_update(text).finalize();
    format!("{:032x}", u128::from_be_bytes(digest.into()))
}
