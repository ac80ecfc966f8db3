//! What patterns have in common.

use crate::orchestration::step::{Does, JoinSpec, LlmSpec, StepOf, StepsOf};
use crate::spec::Problems;
use crate::workload::lengths::LengthsSpec;

/// A step that asks a model.
pub(super) fn asks<A>(llm: &LlmSpec) -> StepOf<A> {
    StepOf::of(Does::Llm(llm.clone()))
}

/// Steps by name, in this order.
pub(super) fn named<A, const N: usize>(steps: [(&str, StepOf<A>); N]) -> StepsOf<A> {
    steps.into_iter().map(|(name, step)| (name.to_owned(), step)).collect()
}

/// Reports a number, called `name`, of which at least 1 is needed.
pub(super) fn at_least_one(name: &str, number: u32, what: &str, problems: &mut Problems) {
    if number == 0 {
        problems.at(name, |p| p.error(format!("expected at least 1 {what}")));
    }
}

/// Reports a join that waits for more than there are.
pub(super) fn check_join(join: JoinSpec, count: &LengthsSpec, problems: &mut Problems) {
    if let (JoinSpec::AtLeast(least), LengthsSpec::Constant(count)) = (join, count)
        && least > *count
    {
        problems.at("join", |p| p.error(format!("there are only {count}")));
    }
}

/// Reports agents that are called as a step of the pattern itself is.
pub(super) fn taken<'n>(
    names: impl IntoIterator<Item = &'n String>,
    own: &str,
    problems: &mut Problems,
) {
    for name in names.into_iter().filter(|name| *name == own) {
        problems.at(name.as_str(), |p| {
            let message = format!("the pattern itself has the name `{own}`");
            p.error_help(message, "choose another name");
        });
    }
}
