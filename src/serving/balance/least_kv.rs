//! The fewest tokens in memory.

use super::Ask;

/// The replica whose requests hold the fewest tokens. Ties are broken in turn.
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
