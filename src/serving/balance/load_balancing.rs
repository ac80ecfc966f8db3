//! What a way of balancing load must say.

use super::ask::Ask;
use super::loads::Needs;
use crate::kernel::Stream;
use crate::spec::Problems;

/// A way of choosing a replica.
pub trait Balance {
    /// What an experiment says of it; `()` if there is nothing to say.
    type Spec;

    /// Reports settings that balance nothing.
    fn check(_spec: &Self::Spec, _problems: &mut Problems) {}

    /// What it looks at.
    fn needs(_spec: &Self::Spec) -> Needs {
        Needs::default()
    }

    /// One for at most `replicas` replicas; `stream` is for lots.
    fn new(spec: &Self::Spec, replicas: u32, stream: Stream) -> Self;

    /// The replica for a request, one of those that may be chosen.
    fn pick(&mut self, ask: &Ask<'_>) -> u32;
}
