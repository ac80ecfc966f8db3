//! From a value to an experiment without mistakes.

use serde_yaml::Value;

use crate::experiment::load::diagnostic::Diagnostic;
use crate::experiment::load::read::read;
use crate::experiment::spec::experiment::Experiment;
use crate::spec::{Path, Problem, Problems, Segment};

/// Reads and checks an experiment; all problems go to `found`.
pub(in crate::experiment) fn read_checked(
    value: &Value,
    mut diagnose: impl FnMut(&Problem) -> Diagnostic,
    found: &mut Vec<Diagnostic>,
) -> Option<Experiment> {
    let reading = read::<Experiment>(value);
    found.extend(reading.problems.iter().map(&mut diagnose));
    let experiment = reading.spec?;
    let mut problems = Problems::default();
    experiment.check(&mut problems);
    for problem in problems.into_list() {
        // A problem with a default that took a masked value's place is none.
        let masked = reading.masked.iter().any(|mask| mask.0.starts_with(&problem.path.0));
        // Names may dangle only because what they name could not be read.
        let named = |mask: &Path| {
            let section = mask.0.first();
            ["models", "sweep"].map(Segment::from).iter().any(|name| section == Some(name))
        };
        let doubtful = problem.message.starts_with("unknown ") && reading.masked.iter().any(named);
        if !masked && !doubtful {
            found.push(diagnose(&problem));
        }
    }
    Some(experiment)
}
