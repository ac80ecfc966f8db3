//! `manifest.yaml` of a search.

use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use crate::experiment::Prepared;
use crate::experiment::search::{Finding, Trials};
use crate::report::manifest::FolderManifest;
use crate::report::search::survivors::{found, search_warnings};

/// What was searched for and what was found. It holds no wall time: the same search
/// gives the same bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchManifest {
    /// The name of the results.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// The seed.
    pub seed: u64,
    /// MD5 of version and resolved experiment.
    pub hash: String,
    /// The answer in a sentence.
    pub found: String,
    /// What to beware of: an answer by the times of a few requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beware: Vec<String>,
    /// The trial that is the answer, if any holds.
    pub best: Option<usize>,
    /// The trial just beyond it.
    pub beyond: Option<usize>,
    /// The paths that were changed.
    pub changed: Vec<String>,
    /// The bounds.
    pub bounds: Vec<BoundFacts>,
    /// The metric that was made small; none where load was made large.
    pub cost: Option<String>,
    /// The experiment with all defaults and overrides.
    pub experiment: Value,
}

/// A bound of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundFacts {
    /// The metric.
    pub metric: String,
    /// At most that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// At least that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
}

impl FolderManifest for SearchManifest {
    const KEY: &'static str = "changed";
}

impl SearchManifest {
    pub(super) fn new(prepared: &Prepared, trials: &Trials<'_>, finding: &Finding) -> Self {
        let bounds = finding.bounds.iter().map(|bound| BoundFacts {
            metric: bound.metric.name().to_owned(),
            below: bound.below,
            above: bound.above,
        });
        SearchManifest {
            name: format!("{}-search", prepared.resolved.name),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: prepared.resolved.experiment.seed,
            hash: prepared.resolved.hash.clone(),
            found: found(trials, finding),
            beware: search_warnings(trials, finding),
            best: finding.best,
            beyond: finding.beyond,
            changed: trials.knobs.iter().map(|knob| knob.name.clone()).collect(),
            bounds: bounds.collect(),
            cost: finding.cost.map(|cost| cost.name().to_owned()),
            experiment: prepared.resolved.value.clone(),
        }
    }
}
