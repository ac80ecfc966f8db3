//! What a selector must say, and what several of them need.

use super::ask::Ask;
use crate::cost::quality::Truth;
use crate::cost::{Choice, Lesson, ModelId};
use crate::kernel::Stream;
use crate::spec::{Fraction, Problems};

/// What an experiment says of a selector.
pub(in crate::cost) trait SelectorSpec {
    /// Whether it means nothing unless answers can be right or wrong.
    const NEEDS_QUALITY: bool = false;

    /// Reports what is wrong with it.
    fn check(&self, _: &Known<'_>, _: &mut Problems) {}

    /// Checks the difficulties that are named.
    fn check_difficulties(&self, _names: &[&str], _: &mut Problems) {}
}

/// A selector at work.
pub(in crate::cost) trait Select {
    /// The model for a request, or none that is affordable.
    fn choose(&mut self, ask: &Ask) -> Option<Choice>;

    /// Notes what became of an answer.
    #[inline]
    fn learn(&mut self, _: &Lesson) {}
}

/// What selectors may name.
pub(in crate::cost) struct Known<'k> {
    pub models: &'k [&'k str],
    /// Whether there are budgets.
    pub budgets: bool,
}

/// What a selector chooses among, and what chance is drawn from.
pub(in crate::cost) struct Among<'a> {
    pub models: &'a [&'a str],
    pub difficulties: &'a [&'a str],
    /// How often answers are right, if they can be wrong.
    pub truth: Option<&'a Truth>,
    pub stream: Stream,
}

/// The model called `name`.
pub(super) fn find(models: &[&str], name: &str) -> Option<ModelId> {
    models.iter().position(|model| *model == name).map(|index| ModelId(index as u32))
}

/// The seed's least quality.
pub(super) fn default_threshold() -> Fraction {
    Fraction::percent(80)
}

/// Reports a model that there is not.
pub(super) fn check_model(name: &str, models: &[&str], problems: &mut Problems) {
    if !models.contains(&name) {
        problems.unknown("model", name, models.iter().copied());
    }
}
