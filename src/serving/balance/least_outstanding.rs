//! The fewest requests under way.

use super::{Ask, Balance, Needs, Order};
use crate::kernel::Stream;

/// Joins the shortest queue. Ties are broken in turn.
#[derive(Clone, Debug, Default)]
pub struct LeastOutstanding {
    turn: usize,
}

impl Balance for LeastOutstanding {
    type Spec = ();

    fn needs(_spec: &()) -> Needs {
        Needs { order: Some(Order::Outstanding), ..Needs::default() }
    }

    fn new(_spec: &(), _replicas: u32, _stream: Stream) -> Self {
        LeastOutstanding::default()
    }

    #[inline]
    fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        self.turn = (self.turn + 1) % ask.among.count();
        ask.least(self.turn, Order::Outstanding)
    }
}
