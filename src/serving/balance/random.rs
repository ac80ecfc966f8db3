//! Any replica, by lot.

use super::{Ask, Balance};
use crate::kernel::Stream;

/// Draws a replica: each then sees a thinned Poisson process, and waits as an
/// M/M/1 queue does.
#[derive(Clone, Debug)]
pub struct Random {
    stream: Stream,
}

impl Balance for Random {
    type Spec = ();

    fn new(_spec: &(), _replicas: u32, stream: Stream) -> Self {
        Random { stream }
    }

    #[inline]
    fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        ask.among.nth(self.stream.below(ask.among.count() as u64) as usize)
    }
}
