//! What a search found, and how that is said.

use super::bound::Bound;
use super::judge::Judgement;
use crate::system::MetricId;

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
    pub cost: Option<MetricId>,
    /// The answer in a sentence.
    pub words: String,
}

/// What a trial does not hold, in words.
pub(super) fn broken(found: &Judgement) -> String {
    if found.is_overloaded() {
        "it is overloaded".to_owned()
    } else {
        format!("{} does not hold", found.binds)
    }
}

/// What to say beside a trial whose intervals do not tell.
pub(super) fn caveat(found: &Judgement) -> &'static str {
    if found.sure { "" } else { " (by its means: more replications would tell)" }
}
