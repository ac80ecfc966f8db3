//! The `search:` block: the most load that a system holds, or the cheapest system that
//! holds its load.
//!
//! A search is a sequence of trials: the experiment with some values changed, run as
//! often as it takes to tell on which side of every bound it is. Which trial comes next
//! depends on those before it and on nothing else, so that a search gives the same
//! bytes on any number of threads, and goes on where it was stopped.

mod cheapest;
mod judge;
mod load;
mod spec;
mod trials;

pub use judge::{Bound, Judgement, Standing};
pub use spec::{BoundSpec, CheapestSpec, LoadSpec, SearchSpec};
pub use trials::{SearchError, Trial, Trials};

use super::prepare::Prepared;
use super::sweep::{Frame, Range};
use crate::spec::{Path, Problem};

/// A value that a search changes.
#[derive(Clone, Debug)]
pub struct Knob {
    /// The path as written.
    pub name: String,
    /// Where it leads.
    pub path: Path,
    /// Where in the file its range stands.
    pub origin: Path,
    /// What it may take.
    pub range: Range,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The trial that is the answer, if any holds all bounds.
    pub best: Option<usize>,
    /// The trial just beyond it, which does not hold.
    pub beyond: Option<usize>,
    /// What every trial was judged to be, trial by trial.
    pub judgements: Vec<Judgement>,
    /// The bounds.
    pub bounds: Vec<Bound>,
    /// The metric that is made small; none where load is made large.
    pub cost: Option<String>,
    /// The answer in a sentence.
    pub words: String,
}

/// The paths that a search changes.
///
/// # Errors
/// If one leads nowhere, or its range is none.
pub fn knobs(prepared: &Prepared) -> Result<Vec<Knob>, Vec<Problem>> {
    let Some(spec) = &prepared.outline.experiment.search else { return Ok(Vec::new()) };
    knobs_of(spec, &prepared.outline.resolved)
}

pub(super) fn knobs_of(
    spec: &SearchSpec,
    resolved: &serde_yaml::Value,
) -> Result<Vec<Knob>, Vec<Problem>> {
    let mut frame = Frame::new(resolved);
    let mut found = Vec::new();
    if let Some(load) = &spec.maximize_load {
        let root = Path::parse("search.maximize_load");
        match Range::new(&load.range()) {
            Err(message) => frame.refuse(root, false, message, None),
            Ok(range) => {
                let origin = root.join("path");
                let axis = frame.axis(&load.path, origin.clone());
                found.extend(axis.map(|axis| (axis, origin, range)));
            }
        }
    }
    if let Some(cheapest) = &spec.cheapest {
        found.extend(frame.ranges(&Path::parse("search.cheapest.space"), &cheapest.space));
    }
    if !frame.problems.is_empty() {
        return Err(frame.problems);
    }
    let knob = |(axis, origin, range): (usize, Path, Range)| {
        let axis = &frame.axes[axis];
        Knob { name: axis.name.clone(), path: axis.path.clone(), origin, range }
    };
    Ok(found.into_iter().map(knob).collect())
}

/// Searches.
///
/// # Errors
/// If a run fails, or somebody asked to stop; what is finished is kept.
pub fn search(trials: &mut Trials<'_>, spec: &SearchSpec) -> Result<Finding, SearchError> {
    let finding = match (&spec.maximize_load, &spec.cheapest) {
        (Some(load), _) => load::search(trials, spec, load)?,
        (None, Some(cheapest)) => cheapest::search(trials, spec, cheapest)?,
        (None, None) => return Err(SearchError::Nothing),
    };
    let cost = finding.cost.iter().map(String::as_str);
    let mut asked = finding.bounds.iter().map(|bound| bound.name.as_str()).chain(cost);
    match asked.find(|name| !trials.measured(name)) {
        Some(name) => Err(SearchError::Unmeasured(name.to_owned())),
        None => Ok(finding),
    }
}

/// What a trial does not hold, in words.
fn broken(found: &Judgement) -> String {
    if found.binds == judge::OVERLOADED {
        "it is overloaded".to_owned()
    } else {
        format!("{} does not hold", found.binds)
    }
}

/// What to say beside a trial whose intervals do not tell.
fn doubt(found: &Judgement) -> &'static str {
    if found.sure { "" } else { " (by its means: more replications would tell)" }
}
