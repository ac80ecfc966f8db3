//! A circuit breaker with a trial.

use std::collections::VecDeque;

use crate::kernel::{Duration, Time};

/// Failures count for so long.
const WINDOW: Duration = Duration::from_secs(60);

/// A circuit breaker before one replica, `LiteLLM`'s cooldown with a trial:
///
/// ```text
/// closed ── more than `allowed_fails` within a minute ──► open
///   ▲                                                      │ `cooldown_time`
///   └────── the trial succeeds ── half open ◄──────────────┘
///                                    └── it fails ──► open
/// ```
#[derive(Clone, Debug)]
pub struct HalfOpen {
    allowed_fails: u32,
    cooldown: Duration,
    state: State,
    /// When the last failures were, at most one more than are allowed.
    fails: VecDeque<Time>,
    /// How often it opened.
    opened: u64,
}

/// What a breaker does with requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Lets them through.
    Closed,
    /// Keeps them away until then.
    Open(Time),
    /// Waits for how its one trial ends.
    Trying,
}

impl HalfOpen {
    /// A closed breaker.
    pub fn new(allowed_fails: u32, cooldown: Duration) -> Self {
        HalfOpen {
            allowed_fails,
            cooldown,
            state: State::Closed,
            fails: VecDeque::new(),
            opened: 0,
        }
    }

    /// Whether a request may go through at `now`.
    #[inline]
    pub fn admits(&self, now: Time) -> bool {
        match self.state {
            State::Closed => true,
            State::Open(until) => now >= until,
            State::Trying => false,
        }
    }

    /// When it will let one through again; `None` where only an outcome decides.
    pub fn reopens(&self) -> Option<Time> {
        match self.state {
            State::Open(until) => Some(until),
            _ => None,
        }
    }

    /// A request goes through; true if that closes the way for others.
    pub fn sent(&mut self) -> bool {
        let tries = matches!(self.state, State::Open(_));
        if tries {
            self.state = State::Trying;
        }
        tries
    }

    /// A request came to nothing that says anything of the replica: it was called
    /// off. A trial then is one no more.
    pub fn called_off(&mut self, now: Time) {
        if self.state == State::Trying {
            self.state = State::Open(now);
        }
    }

    /// A request was answered. True if the way is open again by that.
    pub fn succeeded(&mut self) -> bool {
        let closes = self.state == State::Trying;
        if closes {
            self.state = State::Closed;
            self.fails.clear();
        }
        closes
    }

    /// A request failed. True if it opened the breaker.
    pub fn failed(&mut self, now: Time) -> bool {
        if matches!(self.state, State::Open(_)) {
            // Sent before it opened: nothing new.
            return false;
        }
        self.fails.push_back(now);
        if self.fails.len() > self.allowed_fails as usize + 1 {
            self.fails.pop_front();
        }
        let many = self.fails.len() > self.allowed_fails as usize;
        let recent = self.fails.front().is_some_and(|first| now.since(*first) < WINDOW);
        let opens = self.state == State::Trying || (many && recent);
        if opens {
            self.state = State::Open(now.saturating_add(self.cooldown));
            self.fails.clear();
            self.opened += 1;
        }
        opens
    }

    /// Counts from zero again; its state stays.
    pub fn reset_stats(&mut self) {
        self.opened = 0;
    }

    /// How often it opened.
    pub const fn opened(&self) -> u64 {
        self.opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Time {
        Time::from_secs(secs)
    }

    #[test]
    fn it_opens_at_one_failure_more_than_allowed_and_closes_after_a_good_trial() {
        let mut breaker = HalfOpen::new(2, Duration::from_secs(30));
        assert!(!breaker.failed(at(0)) && !breaker.failed(at(1)));
        assert!(breaker.admits(at(1)));
        assert!(breaker.failed(at(2)), "the third within a minute");
        assert!(!breaker.admits(at(31)) && breaker.admits(at(32)));
        assert_eq!(breaker.reopens(), Some(at(32)));
        assert!(!breaker.failed(at(5)), "those under way change nothing");
        assert!(breaker.sent() && !breaker.admits(at(40)), "one trial at a time");
        assert!(breaker.succeeded() && breaker.admits(at(40)));
        assert!(!breaker.failed(at(41)), "it counts from zero again");
        assert_eq!(breaker.opened(), 1);
    }

    #[test]
    fn a_bad_trial_opens_it_again_at_once() {
        let mut breaker = HalfOpen::new(5, Duration::from_secs(10));
        assert_eq!((0..6).filter(|second| breaker.failed(at(*second))).count(), 1);
        assert!(breaker.sent());
        assert!(breaker.failed(at(20)));
        assert!(!breaker.admits(at(29)) && breaker.admits(at(30)));
    }

    #[test]
    fn failures_more_than_a_minute_apart_are_borne() {
        let mut breaker = HalfOpen::new(1, Duration::from_secs(10));
        assert!((0..100).all(|turn| !breaker.failed(at(turn * 60))));
        assert!(breaker.failed(at(99 * 60 + 59)));
    }

    #[test]
    fn a_trial_that_is_called_off_makes_way_for_another() {
        let mut breaker = HalfOpen::new(0, Duration::from_secs(10));
        assert!(breaker.failed(at(0)) && breaker.sent());
        breaker.called_off(at(12));
        assert!(breaker.admits(at(12)));
    }
}
