//! Every point of a sweep, read and checked.

use std::collections::BTreeSet;

use serde_yaml::Value;

use super::read_checked::read_checked;
use super::workloads::Workloads;
use crate::experiment::load::diagnostic::Diagnostic;
use crate::experiment::load::document::Document;
use crate::experiment::load::path;
use crate::experiment::spec::experiment::Experiment;
use crate::experiment::sweep::points::Sweep;
use crate::spec::{Path, Problem};
use crate::system::Setup;

/// More points with mistakes than anyone mends at once.
const MOST_ERRORS: usize = 50;

/// Reads and checks every point. A warning of the experiment as it stands is taken back if a
/// point is without: what is swept there is what was missing.
pub(super) fn setups(
    document: &Document,
    sweep: &Sweep,
    resolved: &Value,
    base: &Experiment,
    found: &mut Vec<Diagnostic>,
) -> Result<Vec<Setup>, Vec<Diagnostic>> {
    let mut workloads = Workloads::new(document);
    if sweep.is_single() {
        let setup = workloads.setup(base).map_err(|problem| vec![document.diagnose(&problem)])?;
        return Ok(vec![setup]);
    }
    let mut setups = Vec::with_capacity(sweep.points());
    let mut errors = Vec::new();
    let mut everywhere = Told::of(found);
    for point in 0..sweep.points() {
        let diagnose = |problem: &Problem| diagnose_point(document, sweep, point, problem);
        let (mut here, mut told) = (Vec::new(), Told::default());
        let note = |problem: &Problem| {
            told.0.insert((problem.path.to_string(), problem.message.clone()));
            diagnose(problem)
        };
        let experiment = read_checked(&sweep.apply(resolved, point), note, &mut here);
        here.retain(Diagnostic::is_error);
        everywhere.0.retain(|problem| told.0.contains(problem));
        if let Some(experiment) = experiment.filter(|_| here.is_empty()) {
            match workloads.setup(&experiment) {
                Ok(setup) => setups.push(setup),
                Err(problem) => here.push(diagnose(&problem)),
            }
        }
        errors.append(&mut here);
        if errors.len() >= MOST_ERRORS {
            break;
        }
    }
    if errors.is_empty() {
        found.retain(|it| everywhere.0.contains(&(it.path.clone(), it.message.clone())));
        return Ok(setups);
    }
    let mut seen = BTreeSet::new();
    errors.retain(|error| seen.insert((error.place.clone(), error.message.clone())));
    found.append(&mut errors);
    Err(std::mem::take(found))
}

/// Problems by their paths and messages.
#[derive(Default)]
struct Told(BTreeSet<(String, String)>);

impl Told {
    fn of(found: &[Diagnostic]) -> Self {
        Told(found.iter().map(|it| (it.path.clone(), it.message.clone())).collect())
    }
}

/// A problem at a point: it came from the value that was put at its path, or
/// from the combination.
fn diagnose_point(
    document: &Document,
    sweep: &Sweep,
    point: usize,
    problem: &Problem,
) -> Diagnostic {
    if let Some(origin) = sweep.origin(point, &problem.path) {
        let path = origin.clone();
        return document.diagnose(&Problem { path, at_key: false, ..problem.clone() });
    }
    let described = sweep.describe(point);
    let message = format!("{}: {} (at the point {described})", problem.path, problem.message);
    // The one design, or all of them.
    let root = ["sweep.grid", "sweep"].map(Path::parse);
    let root = root.into_iter().find(|root| path::get(&document.value, root).is_some());
    let path = root.unwrap_or_default();
    document.diagnose(&Problem { path, at_key: true, message, ..problem.clone() })
}
