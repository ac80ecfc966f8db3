//! An experiment with all defaults and overrides: what its results are made of besides
//! its runs.

use md5::{Digest, Md5};
use serde_yaml::Value;

use crate::experiment::load::read::read;
use crate::experiment::spec::experiment::Experiment;
use crate::experiment::spec::replications::Replications;
use crate::experiment::sweep::points::Sweep;
use crate::spec::Problem;
use crate::system::{Part, Warmup};

/// An experiment without what only running it needs: the data that it names may
/// be on another machine.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The results folder's name.
    pub name: String,
    /// The experiment with all defaults and overrides.
    pub experiment: Experiment,
    /// The same as YAML.
    pub value: Value,
    /// MD5 of the resolved experiment and the program's version.
    pub hash: String,
    /// What is varied.
    pub sweep: Sweep,
}

impl Resolved {
    /// From a resolved experiment, as a manifest holds it.
    ///
    /// # Errors
    /// Says what is not understood: it is damaged, or another version wrote it.
    pub fn read(name: &str, value: Value) -> Result<Self, String> {
        let experiment = read_experiment(&value)?;
        let sweep = Sweep::of(&experiment, &value)
            .map_err(|problems| problems.first().map(in_words).unwrap_or_default())?;
        let (name, hash) = (name.to_owned(), hash(&value));
        Ok(Resolved { name, experiment, value, hash, sweep })
    }

    /// How many replications a point gets.
    pub fn replications(&self) -> Replications {
        self.experiment.replicated()
    }

    /// The number of points.
    pub fn points(&self) -> usize {
        self.sweep.points()
    }

    /// The most runs there may be: points times replications.
    pub fn runs(&self) -> usize {
        self.points() * self.replications().most()
    }

    /// Whether at some point there may be what a metric of the part is of. Only of parts
    /// that few systems have is that asked: the metrics of others always have columns.
    pub fn may_have(&self, part: Part) -> bool {
        let has = |value: &Value| {
            let at = |section: &str, key: &str| {
                let found = value.get(section).and_then(|section| section.get(key));
                found.is_some_and(|value| !value.is_null())
            };
            match part {
                Part::Prompts => {
                    let models = value.get("models").and_then(Value::as_mapping);
                    let keeps =
                        |model: &Value| model.get("prompt_cache").is_some_and(|it| !it.is_null());
                    models.into_iter().flatten().any(|(_, model)| keeps(model))
                        || at("cost", "sticky")
                        || at("cost", "switch_penalty")
                }
                Part::Gateway => at("gateway", "queue"),
                Part::Copies => at("gateway", "replicas"),
                Part::Tenants => at("cache", "tenants"),
                _ => true,
            }
        };
        has(&self.value)
            || (0..self.points()).any(|point| has(&self.sweep.apply(&self.value, point)))
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
pub(in crate::experiment) fn read_experiment(resolved: &Value) -> Result<Experiment, String> {
    let reading = read::<Experiment>(resolved);
    match (reading.spec, reading.problems.first()) {
        (Some(experiment), None) => Ok(experiment),
        (_, Some(problem)) => Err(in_words(problem)),
        (None, None) => Err("the experiment cannot be read".to_owned()),
    }
}

fn in_words(problem: &Problem) -> String {
    format!("{}: {}", problem.path, problem.message)
}

/// MD5 of a resolved experiment and the program's version.
pub(super) fn hash(resolved: &Value) -> String {
    let text = serde_yaml::to_string(resolved).unwrap_or_default();
    let digest = Md5::new().chain_update(env!("CARGO_PKG_VERSION")).chain_update(text).finalize();
    format!("{:032x}", u128::from_be_bytes(digest.into()))
}
