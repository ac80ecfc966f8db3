//! What a spec of arrivals must say.

use super::rhythm::Rhythm;
use crate::spec::{Problems, Rate};

/// What an experiment says of a process of arrivals.
pub(super) trait ProcessSpec: Sized {
    /// Whether its requests wait for the answers of others.
    const WAITS_FOR_ANSWERS: bool = false;

    /// Reports what is wrong with it.
    fn check(&self, problems: &mut Problems);

    /// How its rate is meant to change.
    fn rhythm(&self) -> Rhythm {
        Rhythm::Even
    }

    /// The same process at another mean rate; `None` where the rate is not one
    /// number.
    fn at_rate(&self, _: Rate) -> Option<Self> {
        None
    }
}
