//! The `search:` block: the most load that a system holds, or the cheapest system that
//! holds its load.
//!
//! A search is a sequence of trials: the experiment with some values changed, run as
//! often as it takes to tell on which side of every bound it is. Which trial comes next
//! depends on those before it and on nothing else, so that a search gives the same
//! bytes on any number of threads, and goes on where it was stopped.

mod bound;
mod cheapest;
mod finding;
mod judge;
pub(super) mod knobs;
mod load;
pub(super) mod spec;
mod trials;

pub use bound::{Bound, BoundSpec, Standing};
pub use finding::Finding;
pub use judge::Judgement;
pub use knobs::Knob;
pub use spec::{CheapestSpec, LoadSpec, SearchSpec};
pub use trials::{SearchError, Trial, Trials};

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
    let mut metrics = finding.bounds.iter().map(|bound| bound.metric).chain(finding.cost);
    match metrics.find(|metric| !trials.measured(*metric)) {
        Some(metric) => Err(SearchError::Unmeasured(metric.name())),
        None => Ok(finding),
    }
}
