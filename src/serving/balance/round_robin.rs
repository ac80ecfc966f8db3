//! Each replica in turn.

use super::{Ask, Balance, Needs};
use crate::kernel::Stream;

/// Takes replicas in turn, leaving out those that are not available: blind to
/// load, and the even spread that most proxies begin with.
#[derive(Clone, Debug, Default)]
pub struct RoundRobin {
    next: u32,
}

impl Balance for RoundRobin {
    type Spec = ();

    fn needs(_spec: &()) -> Needs {
        Needs { only_next: true, ..Needs::default() }
    }

    fn new(_spec: &(), _replicas: u32, _stream: Stream) -> Self {
        RoundRobin::default()
    }

    #[inline]
    fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        let chosen = ask.next(self.next);
        self.next = chosen + 1;
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Among, Loads};
    use super::*;

    #[test]
    fn replicas_take_turns_and_one_that_is_away_is_left_out() {
        let mut balancer = RoundRobin::default();
        let loads = Loads::new(3, 3, Needs::default(), false);
        let mut pick = |available: &[u32]| {
            balancer.pick(&Ask { affinity: 0, loads: &loads, among: Among::List(available) })
        };
        assert_eq!([pick(&[0, 1, 2]), pick(&[0, 1, 2]), pick(&[0, 1, 2])], [0, 1, 2]);
        assert_eq!([pick(&[0, 1, 2]), pick(&[0, 2]), pick(&[0, 1, 2])], [0, 2, 0]);
    }
}
