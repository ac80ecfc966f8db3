//! Any replica, by lot.

use super::Ask;
use crate::kernel::Stream;

/// Draws a replica: each then sees a thinned Poisson process, and waits as an
/// M/M/1 queue does.
#[derive(Clone, Debug)]
pub struct Random {
    stream: Stream,
}

impl Random {
    pub(super) fn new(stream: Stream) -> Self {
        Random { stream }
    }

    #[inline]
    pub(super) fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        ask.available[self.stream.below(ask.available.len() as u64) as usize]
    }
}
