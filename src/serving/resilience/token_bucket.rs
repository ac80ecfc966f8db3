//! So many requests and tokens a minute.

use crate::kernel::{Duration, Time};
use crate::spec::Problems;

/// Reports limits that let nothing through.
pub fn check(rpm: Option<u64>, tpm: Option<u64>, problems: &mut Problems) {
    for (name, limit) in [("rpm", rpm), ("tpm", tpm)] {
        if limit == Some(0) {
            problems.at(name, |p| {
                p.error_help("nothing would ever get through", "leave it out for no limit");
            });
        }
    }
}

const MINUTE: u128 = 60_000_000_000;

/// A token bucket that holds a minute's worth and fills up evenly. All of it is
/// whole numbers: what is in it is kept times the nanoseconds of a minute.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    per_minute: u64,
    level: u128,
    filled: Time,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(per_minute: u64) -> Self {
        TokenBucket { per_minute, level: u128::from(per_minute) * MINUTE, filled: Time::ZERO }
    }

    fn fill(&mut self, now: Time) {
        let since = u128::from(now.since(self.filled).0);
        let full = u128::from(self.per_minute) * MINUTE;
        self.level = (self.level + since * u128::from(self.per_minute)).min(full);
        self.filled = now;
    }

    /// Whether `tokens` are in it at `now`. More than it ever holds are taken for
    /// as many as it holds.
    pub fn has(&mut self, now: Time, tokens: u64) -> bool {
        self.fill(now);
        self.level >= self.cost(tokens)
    }

    /// Takes out `tokens` that it [`has`](TokenBucket::has).
    pub fn take(&mut self, tokens: u64) {
        debug_assert!(self.level >= self.cost(tokens), "only what is there is taken");
        self.level -= self.cost(tokens).min(self.level);
    }

    /// Takes out what is there of `tokens`.
    fn drain(&mut self, tokens: u64) {
        self.level -= self.cost(tokens).min(self.level);
    }

    /// How long until `tokens` are in it, if none are taken out.
    pub fn wait(&mut self, now: Time, tokens: u64) -> Duration {
        self.fill(now);
        let missing = self.cost(tokens).saturating_sub(self.level);
        let wait = missing.div_ceil(u128::from(self.per_minute.max(1)));
        Duration(u64::try_from(wait).unwrap_or(u64::MAX))
    }

    fn cost(&self, tokens: u64) -> u128 {
        u128::from(tokens.min(self.per_minute)) * MINUTE
    }
}

/// Buckets of requests and of tokens, both of which must have enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    requests: Option<TokenBucket>,
    tokens: Option<TokenBucket>,
}

impl Limits {
    /// Full buckets; none where there is no limit.
    pub fn new(rpm: Option<u64>, tpm: Option<u64>) -> Self {
        Limits { requests: rpm.map(TokenBucket::new), tokens: tpm.map(TokenBucket::new) }
    }

    /// How long until a request of `tokens` may go through, if no other does.
    pub fn wait(&mut self, now: Time, tokens: u64) -> Duration {
        let requests = self.requests.as_mut().map(|bucket| bucket.wait(now, 1));
        let tokens = self.tokens.as_mut().map(|bucket| bucket.wait(now, tokens));
        requests.max(tokens).unwrap_or(Duration::ZERO)
    }

    /// Counts a request of `tokens` that went through though it may not.
    pub fn drain(&mut self, tokens: u64) {
        self.requests.iter_mut().for_each(|bucket| bucket.drain(1));
        self.tokens.iter_mut().for_each(|bucket| bucket.drain(tokens));
    }

    /// Whether a request of `tokens` may go through; it is counted if so.
    pub fn admit(&mut self, now: Time, tokens: u64) -> bool {
        let enough = self.requests.as_mut().is_none_or(|bucket| bucket.has(now, 1))
            && self.tokens.as_mut().is_none_or(|bucket| bucket.has(now, tokens));
        if enough {
            self.requests.iter_mut().for_each(|bucket| bucket.take(1));
            self.tokens.iter_mut().for_each(|bucket| bucket.take(tokens));
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How long a bucket of `per_minute` takes to fill by `tokens`.
    fn time_to_fill(per_minute: u64, tokens: u64) -> Duration {
        let nanos = u128::from(tokens) * MINUTE;
        Duration(u64::try_from(nanos.div_ceil(u128::from(per_minute.max(1)))).unwrap_or(u64::MAX))
    }

    #[test]
    fn after_a_minute_s_worth_at_once_they_come_one_by_one() {
        let mut limits = Limits::new(Some(60), None);
        let admitted = (0..100).filter(|_| limits.admit(Time::ZERO, 1)).count();
        assert_eq!(admitted, 60);
        assert_eq!(time_to_fill(60, 1), Duration::from_secs(1));
        assert!(!limits.admit(Time(999_999_999), 1));
        assert!(limits.admit(Time::from_secs(1), 1));
    }

    #[test]
    fn a_request_that_one_bucket_refuses_takes_nothing_from_the_other() {
        let mut limits = Limits::new(Some(2), Some(100));
        assert!(limits.admit(Time::ZERO, 90));
        assert!(!limits.admit(Time::ZERO, 20));
        assert!(limits.admit(Time::ZERO, 10));
        assert!(!limits.admit(Time::ZERO, 0));
    }

    #[test]
    fn more_than_a_bucket_holds_is_let_through_when_it_is_full() {
        let mut limits = Limits::new(None, Some(100));
        assert!(limits.admit(Time::ZERO, 1000));
        assert!(!limits.admit(Time::from_secs(59), 1000));
        assert!(limits.admit(Time::from_secs(60), 1000));
    }

    proptest! {
        /// In any span of time at most a bucketful and what runs in meanwhile.
        #[test]
        fn no_span_sees_more_than_its_share(
            limit in 1_u64..10_000,
            steps in prop::collection::vec((0_u64..5_000_000_000, 1_u64..3000), 1..200),
        ) {
            let mut bucket = TokenBucket::new(limit);
            let mut now = Time::ZERO;
            let mut taken: Vec<(Time, u64)> = Vec::new();
            for (gap, tokens) in steps {
                now += Duration(gap);
                let tokens = tokens.min(limit);
                if bucket.has(now, tokens) {
                    bucket.take(tokens);
                    taken.push((now, tokens));
                }
            }
            for (first, (from, _)) in taken.iter().enumerate() {
                let mut sum = 0;
                for (to, tokens) in &taken[first..] {
                    sum += u128::from(*tokens);
                    let span = u128::from(to.since(*from).0);
                    prop_assert!(sum * MINUTE <= u128::from(limit) * (MINUTE + span));
                }
            }
        }

        /// It never refuses what its rate and its level allow.
        #[test]
        fn who_waits_for_it_to_fill_is_let_through(limit in 1_u64..100_000, tokens: u64) {
            let mut bucket = TokenBucket::new(limit);
            bucket.take(limit);
            let tokens = 1 + tokens % limit;
            let ready = Time::ZERO + time_to_fill(limit, tokens);
            prop_assert!(!bucket.has(Time(ready.0 - 1), tokens));
            prop_assert!(bucket.has(ready, tokens));
        }
    }
}
