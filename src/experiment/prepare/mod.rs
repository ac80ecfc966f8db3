//! From a document to runs that cannot fail on their input.

mod overrides;
mod points;
mod prices;
pub(super) mod read_checked;
pub(super) mod resolved;
mod warnings;
pub(super) mod workloads;

use std::collections::BTreeSet;
use std::path::Path as FilePath;

pub use overrides::Overrides;
use points::setups;
use read_checked::read_checked;
pub use resolved::Resolved;
use resolved::hash;
use warnings::{unknown_payers, unmeasured_workload};

use super::load::diagnostic::Diagnostic;
use super::load::document::Document;
use super::load::path;
use super::search::knobs::knobs;
use super::spec::experiment::Experiment;
use super::sweep::points::Sweep;
use crate::spec::{Path, Problem, Problems, Segment};
use crate::system::{Part, Parts, Possible, Setup};

/// An experiment whose every point was read and checked.
#[derive(Debug)]
pub struct Prepared {
    /// The experiment with all defaults and overrides: what its results are made of
    /// besides its runs.
    pub resolved: Resolved,
    /// What to run, point by point.
    pub setups: Vec<Setup>,
    /// What is perhaps not meant.
    pub warnings: Vec<Diagnostic>,
}

/// Reads and checks `document` with `overrides`, every point of it.
///
/// # Errors
/// Every problem found, located.
pub fn prepare(document: &Document, overrides: &Overrides) -> Result<Prepared, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let base = read_checked(&document.value, |problem| document.diagnose(problem), &mut found);
    let Some(base) = base else { return Err(found) };
    if found.iter().any(Diagnostic::is_error) {
        found.extend(sweep_problems(&base, document));
        return Err(found);
    }
    found.clear();
    if !overrides.quick {
        found.extend(quick_problems(&base, document));
        if !found.is_empty() {
            return Err(found);
        }
    }
    let mut resolved = base.to_value();
    let placed = overrides.apply(&mut resolved, &base, document)?;
    let diagnose = |problem: &Problem| placed.diagnose(document, problem);
    let experiment = read_checked(&resolved, diagnose, &mut found);
    let Some(experiment) = experiment.filter(|_| !found.iter().any(Diagnostic::is_error)) else {
        return Err(found);
    };
    let value = experiment.to_value();
    let sweep = Sweep::of(&experiment, &value)
        .map_err(|problems| problems.iter().map(diagnose).collect::<Vec<_>>())?;
    if let Some(search) = &experiment.search {
        let refuse = |problems: Vec<Problem>| problems.iter().map(diagnose).collect::<Vec<_>>();
        knobs(search, &value).map_err(refuse)?;
    }
    let setups = setups(document, &sweep, &value, &experiment, &mut found)?;
    let impossible = impossible_metrics(&experiment, &base, &setups);
    if !impossible.is_empty() {
        found.extend(impossible.iter().map(diagnose));
        return Err(found);
    }
    found.extend(placed.without_effect(&sweep, &value));
    found.extend(unknown_payers(&experiment, &setups[0]).iter().map(diagnose));
    found.extend(unmeasured_workload(&setups[0]).iter().map(diagnose));
    let name = name(document, &experiment)?;
    let mut seen = BTreeSet::new();
    found.retain(|it| seen.insert((it.place.clone(), it.message.clone())));
    let warnings = found;
    let resolved = Resolved { name, hash: hash(&value), experiment, value, sweep };
    Ok(Prepared { resolved, setups, warnings })
}

/// Names of metrics that no point of the sweep can have. What the file has without `--set`
/// and `quick` is no mistake.
fn impossible_metrics(
    experiment: &Experiment,
    base: &Experiment,
    setups: &[Setup],
) -> Vec<Problem> {
    let mut parts = Parts::default();
    base.add_parts(&mut parts);
    experiment.add_parts(&mut parts);
    for setup in setups {
        parts.add(Part::Workflows, setup.workflows.is_some());
        parts.add(Part::Monitors, !setup.monitors.is_empty());
        parts.add(Part::Prompts, setup.knows_conversations());
        parts.add_cache(setup.cache.as_ref());
        parts.add(Part::Gateway, setup.gateway.as_ref().is_some_and(|it| it.queue.is_some()));
        parts.add_slo(setup.slo.as_ref(), setup.workload.slo_classes().len());
    }
    let mut problems = Problems::default();
    experiment.check_metrics(&Possible::with(parts), &mut problems);
    problems.into_list()
}

/// What is wrong with the sweep of an experiment that has other mistakes: a path
/// may lead nowhere only because what it leads to could not be read.
fn sweep_problems(base: &Experiment, document: &Document) -> Vec<Diagnostic> {
    let problems = Sweep::of(base, &base.to_value()).err();
    let doubtful = |problem: &Problem| match problem.path.0.last() {
        Some(Segment::Key(name)) => path::resolve(&document.value, name).is_ok(),
        _ => true,
    };
    let sure = problems.into_iter().flatten().filter(|problem| !doubtful(problem));
    sure.map(|problem| document.diagnose(&problem)).collect()
}

/// What is wrong with the `quick:` block, which applies only now and then.
fn quick_problems(base: &Experiment, document: &Document) -> Vec<Diagnostic> {
    let mut resolved = base.to_value();
    let quick = Overrides { quick: true, ..Overrides::default() };
    let placed = match quick.apply(&mut resolved, base, document) {
        Ok(placed) => placed,
        Err(refused) => return refused,
    };
    let mut found = Vec::new();
    read_checked(&resolved, |problem| placed.diagnose(document, problem), &mut found);
    found.retain(Diagnostic::is_error);
    found
}

/// The results folder's name: the experiment's, or the file's.
fn name(document: &Document, experiment: &Experiment) -> Result<String, Vec<Diagnostic>> {
    let name = experiment.name.clone().unwrap_or_else(|| stem(document));
    if name.starts_with('.') {
        let message = format!("the file's name `{name}` cannot name the results folder");
        let refused = Problem::error(Path::default(), message).help("give the experiment a `name`");
        return Err(vec![document.diagnose(&refused)]);
    }
    Ok(name)
}

/// The file's name without its ending.
fn stem(document: &Document) -> String {
    let file = document.sources.first().map_or("experiment", |source| source.name.as_str());
    FilePath::new(file)
        .file_stem()
        .map_or_else(|| "experiment".to_owned(), |stem| stem.to_string_lossy().into_owned())
}
