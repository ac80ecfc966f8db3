//! Warnings: what is sound and yet perhaps not meant.

use std::collections::BTreeSet;

use crate::experiment::spec::experiment::Experiment;
use crate::spec::{Path, Problem, Problems};
use crate::system::{Setup, Warmup};

/// Warns of budgets and classes that nobody in the workload has.
pub(super) fn unknown_payers(experiment: &Experiment, setup: &Setup) -> Vec<Problem> {
    let mut problems = Problems::default();
    if let Some(cost) = &experiment.cost {
        let users = setup.workload.users();
        let names: BTreeSet<&str> =
            users.iter().flat_map(|user| [user.name.as_str(), &*user.class]).collect();
        problems.at("cost", |p| cost.check_payers(Some(&names), p));
    }
    if let Some(cache) = &experiment.cache {
        let users = setup.workload.users().iter();
        let classes: BTreeSet<&str> = users.map(|user| &*user.class).collect();
        problems.at("cache", |p| cache.check_classes(&classes, p));
    }
    problems.into_list()
}

/// Warns of trace rows that are left out, and of a warm-up that outlasts the
/// requests.
pub(super) fn unmeasured_workload(setup: &Setup) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut warn = |path: &str, message: String| {
        problems.push(Problem::warning(Path::parse(path), message));
    };
    if let Some(trace) = setup.workload.trace().filter(|trace| trace.skipped > 0) {
        let first = trace.first_bad.as_deref().unwrap_or("the first is not known");
        let (rows, are) = if trace.skipped == 1 { ("row", "is") } else { ("rows", "are") };
        let message = format!("{} bad {rows} {are} left out: {first}", trace.skipped);
        warn("workload.trace.on_bad_row", message);
    }
    for note in setup.workload.trace().into_iter().flat_map(|trace| &trace.notes) {
        warn("workload.trace", note.clone());
    }
    if let Some(note) = unasked_models(setup) {
        warn("workload.trace", note);
    }
    if let (Some(span), Warmup::After(warmup)) = (setup.workload.span(), setup.warmup)
        && span < warmup
    {
        let message = format!(
            "the last request comes at {span}, before the warm-up of {warmup} ends: nothing is measured"
        );
        warn("warmup", message);
    }
    problems
}

/// What to say of models that recorded calls asked and that do not answer them for that.
fn unasked_models(setup: &Setup) -> Option<String> {
    let known: Vec<&str> = setup.models.iter().map(|(name, _)| name.as_str()).collect();
    let is_known = |name: &Option<String>| name.as_deref().is_some_and(|it| known.contains(&it));
    let asked: Vec<_> = setup.workload.asked_models().collect();
    let mut left: Vec<&str> = Vec::new();
    for model in asked.iter().filter(|model| !is_known(&model.asked)) {
        if !left.contains(&model.recorded.as_str()) {
            left.push(&model.recorded);
        }
    }
    // Where there is one model here and there, there is nothing to choose.
    if left.is_empty() || known.len() < 2 && asked.len() < 2 {
        return None;
    }
    left.truncate(5);
    let first = known.first().copied().unwrap_or("large");
    Some(format!(
        "recorded calls asked {}: which of the experiment's models they ask now is left to it; \
         `models: {{ {}: {first} }}` in the trace tells them, `models: by_name` those of equal names",
        left.join(", "),
        left[0]
    ))
}
