//! Each replica in turn.

use super::Ask;

/// Takes replicas in turn, leaving out those that are not available: blind to
/// load, and the even spread that most proxies begin with.
#[derive(Clone, Debug, Default)]
pub struct RoundRobin {
    next: u32,
}

impl RoundRobin {
    #[inline]
    pub(super) fn pick(&mut self, ask: &Ask<'_>) -> u32 {
        let place = ask.available.partition_point(|replica| *replica < self.next);
        let chosen = ask.available.get(place).copied().unwrap_or(ask.available[0]);
        self.next = chosen + 1;
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_take_turns_and_one_that_is_away_is_left_out() {
        let mut balancer = RoundRobin::default();
        let mut pick =
            |available: &[u32]| balancer.pick(&Ask { affinity: 0, loads: &[], available });
        assert_eq!([pick(&[0, 1, 2]), pick(&[0, 1, 2]), pick(&[0, 1, 2])], [0, 1, 2]);
        assert_eq!([pick(&[0, 1, 2]), pick(&[0, 2]), pick(&[0, 1, 2])], [0, 2, 0]);
    }
}
