//! The fewest tokens in memory or waiting for it.

use super::{Ask, Balance, Needs, Order};
use crate::kernel::Stream;

/// The replica whose requests hold or will hold the fewest tokens: what is in memory and
/// the prompts of those that wait or are on their way. Memory alone would send all that
/// comes between two steps to the same replica. Ties are broken in turn.
#[derive(Clone, Debug, Default)]
pub struct LeastKv {
    turn: usize,
}

impl Balance for LeastKv {
    type Spec = ();

    fn needs(_spec: &()) -> Needs {
        Needs { kv_tokens: true, order: Some(Order::KvTokens), ..Needs::default() }
    }

    fn new(_spec: &(), _replicas: u32, _stream: Stream) -> Self {
        LeastKv::default()
    }

    #[inline]
    fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        self.turn = (self.turn + 1) % ask.among.count();
        ask.least(self.turn, Order::KvTokens)
    }
}
