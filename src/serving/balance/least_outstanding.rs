//! The fewest requests under way.

use super::Ask;

/// Joins the shortest queue. Ties are broken in turn.
#[derive(Clone, Debug, Default)]
pub struct LeastOutstanding {
    turn: usize,
}

impl LeastOutstanding {
    #[inline]
    pub(super) fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        self.turn = (self.turn + 1) % ask.available.len();
        ask.least(self.turn, |load| load.outstanding)
    }
}
