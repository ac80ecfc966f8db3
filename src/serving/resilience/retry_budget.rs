//! How many retries there may be in all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Duration, Time};
use crate::spec::NonNegative;

/// Retries and hedges as a share of the requests, as Finagle's retry budget has
/// it: each request adds `ratio` of a retry, each second `min_per_second`, each
/// retry takes one away. It is what ends a retry storm: without it every request
/// that an overloaded server fails comes back, and the overload stays after its
/// cause has gone (Bronson et al., "Metastable Failures in Distributed Systems",
/// `HotOS` 2021).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryBudgetSpec {
    /// Retries for each request. Default 0.2.
    pub ratio: NonNegative,
    /// Retries a second that are always there. Default 1.
    pub min_per_second: NonNegative,
    /// Of how much time what is left is kept. Default 10s.
    pub ttl: Duration,
}

impl Default for RetryBudgetSpec {
    fn default() -> Self {
        RetryBudgetSpec {
            ratio: NonNegative::try_from(0.2).expect("0.2 is not negative"),
            min_per_second: NonNegative::ONE,
            ttl: Duration::from_secs(10),
        }
    }
}

/// What is left, in billionths of a retry: whole numbers, so that no rounding
/// adds up.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    per_request: u64,
    per_second: u64,
    ttl: Duration,
    balance: u128,
    /// Requests of the present and the last span of `ttl`, by which what is kept
    /// is bounded.
    requests: [u64; 2],
    span_began: Time,
    refilled: Time,
}

const RETRY: u128 = 1_000_000_000;

impl RetryBudget {
    /// A budget that holds the minimum of one `ttl`.
    pub fn new(spec: &RetryBudgetSpec) -> Self {
        let billionths = |number: f64| (number * 1e9 + 0.5) as u64;
        let mut budget = RetryBudget {
            per_request: billionths(spec.ratio.get()),
            per_second: billionths(spec.min_per_second.get()),
            ttl: spec.ttl,
            balance: 0,
            requests: [0; 2],
            span_began: Time::ZERO,
            refilled: Time::ZERO,
        };
        budget.balance = budget.most();
        budget
    }

    /// A request comes for the first time.
    pub fn deposit(&mut self, now: Time) {
        self.advance(now);
        self.requests[0] += 1;
        self.balance = (self.balance + u128::from(self.per_request)).min(self.most());
    }

    /// Whether there may be a retry; it is taken away.
    pub fn withdraw(&mut self, now: Time) -> bool {
        self.advance(now);
        let enough = self.balance >= RETRY;
        if enough {
            self.balance -= RETRY;
        }
        enough
    }

    fn advance(&mut self, now: Time) {
        let since = u128::from(now.since(self.refilled).0);
        self.refilled = now;
        let spans = now.since(self.span_began).0 / self.ttl.0.max(1);
        if spans > 0 {
            self.requests = [0, if spans == 1 { self.requests[0] } else { 0 }];
            self.span_began += self.ttl * spans;
        }
        let refill = since * u128::from(self.per_second) / u128::from(Duration::from_secs(1).0);
        self.balance = (self.balance + refill).min(self.most());
    }

    /// What two spans of time bring.
    fn most(&self) -> u128 {
        let seconds = u128::from(self.ttl.0) * u128::from(self.per_second)
            / u128::from(Duration::from_secs(1).0);
        let requests = u128::from(self.requests[0]) + u128::from(self.requests[1]);
        seconds + requests * u128::from(self.per_request)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn budget(yaml: &str) -> RetryBudget {
        RetryBudget::new(&serde_yaml::from_str(yaml).unwrap())
    }

    #[test]
    fn one_request_in_five_may_be_tried_again() {
        let mut budget = budget("{ min_per_second: 0 }");
        assert!(!budget.withdraw(Time::ZERO));
        let mut granted = 0;
        for request in 0..1000_u64 {
            let now = Time(request * 10_000_000);
            budget.deposit(now);
            granted += u32::from(budget.withdraw(now));
        }
        assert_eq!(granted, 200);
    }

    #[test]
    fn what_is_not_used_is_not_kept_for_ever() {
        let mut budget = budget("{ ratio: 0.5, min_per_second: 1, ttl: 10s }");
        for second in 0..1000 {
            budget.deposit(Time::from_secs(second));
        }
        let now = Time::from_secs(1000);
        let granted = (0..100).filter(|_| budget.withdraw(now)).count();
        assert!((10..=20).contains(&granted), "{granted}: 10 s and the requests of 20 s");
        let later = Time::from_secs(2000);
        assert_eq!((0..100).filter(|_| budget.withdraw(later)).count(), 10);
    }

    proptest! {
        #[test]
        fn no_more_is_spent_than_was_put_in(
            steps in prop::collection::vec((0_u64..2_000_000_000, any::<bool>()), 1..200),
        ) {
            let mut budget = budget("{ ratio: 0.3, min_per_second: 2, ttl: 5s }");
            let (mut now, mut requests, mut granted) = (Time::ZERO, 0.0, 0.0);
            for (gap, comes) in steps {
                now += Duration(gap);
                if comes {
                    budget.deposit(now);
                    requests += 1.0;
                } else if budget.withdraw(now) {
                    granted += 1.0;
                }
                let most = 2.0 * (5.0 + now.as_secs_f64()) + 0.3 * requests;
                prop_assert!(granted <= most + 1e-6, "{} of {}", granted, most);
            }
        }
    }
}
