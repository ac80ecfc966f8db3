//! Copies of the gateway: which of them a request comes to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::keyed_uniform::keyed_bits;
use crate::kernel::{Duration, Stream, Streams, Time};
use crate::workload::Incoming;

/// How requests are spread over the copies of a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpreadSpec {
    /// One after the other.
    #[default]
    RoundRobin,
    /// Any, drawn for each request.
    Random,
    /// Always the same for a user, by a hash of the user.
    User,
}

/// The copies of a gateway during a run.
#[derive(Clone, Debug)]
pub struct Copies {
    count: u16,
    spread: SpreadSpec,
    next: u16,
    coins: Option<Stream>,
    /// How often they tell each other what they counted.
    sync: Option<Duration>,
    /// When they do next, where any has counted what others do not know.
    due: Time,
}

impl Copies {
    /// `count` copies, which tell each other what they counted each `sync`; at once
    /// where there is none.
    pub fn new(count: u16, spread: SpreadSpec, sync: Option<Duration>, streams: &Streams) -> Self {
        let draws = count > 1 && spread == SpreadSpec::Random;
        Copies {
            count: count.max(1),
            spread,
            next: 0,
            coins: draws.then(|| streams.stream("gateway.balance")),
            sync: sync.filter(|_| count > 1),
            due: Time::MAX,
        }
    }

    /// How many there are.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// How many keep counters of their own; 1 where what one counts all know at once.
    pub fn views(&self) -> usize {
        if self.sync.is_some() { usize::from(self.count) } else { 1 }
    }

    /// The copy that a request comes to.
    #[inline]
    pub fn pick(&mut self, incoming: &Incoming) -> u16 {
        if self.count == 1 {
            return 0;
        }
        let count = u64::from(self.count);
        match (self.spread, &mut self.coins) {
            (SpreadSpec::RoundRobin, _) => {
                let copy = self.next;
                self.next = if copy + 1 == self.count { 0 } else { copy + 1 };
                copy
            }
            (SpreadSpec::User, _) => (keyed_bits(u64::from(incoming.user.0), SALT) % count) as u16,
            (SpreadSpec::Random, coins) => {
                coins.as_mut().map_or(0, |coins| coins.below(count) as u16)
            }
        }
    }

    /// One has counted at `now` what others do not know: they will be told at the next
    /// multiple of the time.
    #[inline]
    pub fn await_sync(&mut self, now: Time) {
        if let Some(every) = self.sync.filter(|_| self.due == Time::MAX) {
            let every = every.as_nanos();
            self.due = Time((now.0 / every + 1).saturating_mul(every));
        }
    }

    /// Whether they tell each other now, before anything else happens at `now`; what they
    /// tell was counted before.
    #[inline]
    pub fn sync(&mut self, now: Time) -> bool {
        let due = now >= self.due;
        if due {
            self.due = Time::MAX;
        }
        due
    }
}

/// An arbitrary odd number (digits of the square root of 3).
const SALT: u64 = 0xbb67_ae85_84ca_a73b;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::UserId;

    fn picked(spread: SpreadSpec) -> Vec<u16> {
        let mut copies = Copies::new(3, spread, None, &Streams::new(1, 0));
        let of = |user: u32| Incoming { user: UserId(user), ..Incoming::default() };
        (0..300).map(|number| copies.pick(&of(number % 50))).collect()
    }

    #[test]
    fn requests_are_spread_as_the_file_says() {
        assert_eq!(picked(SpreadSpec::RoundRobin)[..5], [0, 1, 2, 0, 1]);
        for spread in [SpreadSpec::Random, SpreadSpec::User] {
            let picked = picked(spread);
            for copy in 0..3 {
                let share = picked.iter().filter(|it| **it == copy).count();
                assert!((50..150).contains(&share), "{spread:?}: {share}");
            }
        }
        let by_user = picked(SpreadSpec::User);
        assert_eq!(by_user[..50], by_user[50..100], "a user keeps a copy");
    }

    #[test]
    fn they_tell_each_other_at_multiples_of_the_time_where_anything_happened() {
        let sync = Some(Duration::from_secs(10));
        let mut copies = Copies::new(2, SpreadSpec::RoundRobin, sync, &Streams::new(1, 0));
        let mut synced = |at| copies.sync(Time::from_secs(at));
        assert!(!synced(100), "there is nothing to tell");
        copies.await_sync(Time::from_secs(103));
        copies.await_sync(Time::from_secs(104));
        let mut synced = |at| copies.sync(Time::from_secs(at));
        assert_eq!([109, 110, 111].map(&mut synced), [false, true, false]);
        copies.await_sync(Time::from_secs(110));
        assert_eq!([119, 125].map(|at| copies.sync(Time::from_secs(at))), [false, true]);
        let mut one = Copies::new(1, SpreadSpec::RoundRobin, sync, &Streams::new(1, 0));
        one.await_sync(Time::ZERO);
        assert_eq!((one.views(), one.sync(Time::from_secs(1000))), (1, false));
    }
}
