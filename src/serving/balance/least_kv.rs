//! The fewest tokens in memory or waiting for it.

use super::Ask;

/// The replica whose requests hold or will hold the fewest tokens: what is in memory and
/// the prompts of those that wait or are on their way. Memory alone would send all that
/// comes between two steps to the same replica. Ties are broken in turn.
#[derive(Clone, Debug, Default)]
pub struct LeastKv {
    turn: usize,
}

impl LeastKv {
    #[inline]
    pub(super) fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        self.turn = (self.turn + 1) % ask.available.len();
        ask.least(self.turn, |load| load.kv_tokens)
    }
}
