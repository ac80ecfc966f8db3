//! What renewal processes given by rate and CV have in common.

use crate::spec::{Positive, Problems};

/// Burstier than Poisson, as most measured traffic is.
pub(super) fn default_cv() -> Positive {
    Positive::try_from(2.0).expect("2 is positive")
}

/// A CV outside this range gives a mean that no simulation would show.
pub(super) fn check_cv(cv: Positive, problems: &mut Problems) {
    if !(0.01..=20.0).contains(&cv.get()) {
        problems.error_help(
            format!("a coefficient of variation of {} is out of range", cv.get()),
            "expected 0.01 to 20; `constant` arrivals have 0, `poisson` ones 1",
        );
    }
}
