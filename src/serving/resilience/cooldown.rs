//! Leaving out a server for a while, as `LiteLLM` does.

use super::failure::{Failure, PerFailureSpec};
use super::minute::Minute;
use super::spec::ResilienceSpec;
use crate::kernel::{Duration, Time};

/// What a breaker's server is one of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// Whether there is no other that is asked under the same name.
    pub single: bool,
    /// Whether a fallback stands for that name.
    pub has_fallback: bool,
    /// How far into a minute of the clock the run begins.
    pub into_minute: Duration,
}

/// `LiteLLM`'s cooldown (version 1.110, `litellm/router_utils/cooldown_handlers.py`): after
/// it all requests come back at once. A server is left out
///
/// - where `allowed_fails` or a policy is given: at one failure more than is allowed, counted
///   for as long as the cooldown lasts from the first one on;
/// - else at once for a 429; and where more than half of at least 5 requests of this minute
///   of the clock have failed, or all of 1000.
///
/// Broken connections and requests that are too long are no failures of the server, and one
/// that is alone under its name stays, unless a number of allowed fails is given and there is
/// a fallback, or one for this kind of failure.
#[derive(Clone, Debug)]
pub struct Cooldown {
    span: Duration,
    rule: Rule,
    standing: Standing,
    until: Time,
    opened: u64,
}

#[derive(Clone, Debug)]
enum Rule {
    Allowed {
        all: u32,
        policy: PerFailureSpec,
        count: u32,
        /// When it counts from zero again.
        fresh: Time,
    },
    /// Successes and failures of this minute.
    Share(Minute),
}

/// What is allowed where only a policy is given, for kinds that it does not name.
const DEFAULT_ALLOWED: u32 = 3;
/// So many requests say something of a share of failures, and of one of 100 %.
const FEW: u64 = 5;
const MANY: u64 = 1000;

impl Cooldown {
    /// None where it would never leave anything out.
    pub fn of(spec: &ResilienceSpec, span: Duration, standing: Standing) -> Option<Self> {
        let rule = if spec.allowed_fails.is_some() || spec.allowed_fails_policy.is_some() {
            Rule::Allowed {
                all: spec.allowed_fails.unwrap_or(DEFAULT_ALLOWED),
                policy: spec.allowed_fails_policy.unwrap_or_default(),
                count: 0,
                fresh: Time::ZERO,
            }
        } else {
            Rule::Share(Minute::new(standing.into_minute))
        };
        let cooldown = Cooldown { span, rule, standing, until: Time::ZERO, opened: 0 };
        (!span.is_zero()).then_some(cooldown)
    }

    /// Whether it is over.
    pub fn admits(&self, now: Time) -> bool {
        now >= self.until
    }

    /// When it is over.
    pub fn reopens(&self) -> Option<Time> {
        Some(self.until)
    }

    /// A request was answered.
    pub fn succeeded(&mut self, now: Time) {
        if let Rule::Share(minute) = &mut self.rule {
            minute.at(now)[0] += 1;
        }
    }

    /// A request failed. True if the server is left out from now on.
    pub fn failed(&mut self, now: Time, failure: Failure) -> bool {
        if matches!(failure, Failure::Connection | Failure::ContextWindow) {
            return false;
        }
        let Standing { single, has_fallback, .. } = self.standing;
        let opens = match &mut self.rule {
            Rule::Allowed { all, policy, count, fresh } => {
                let named = policy.of(failure);
                if single && !has_fallback && named.is_none() {
                    return false;
                }
                if now >= *fresh {
                    (*count, *fresh) = (0, now.saturating_add(self.span));
                }
                *count += 1;
                *count > named.unwrap_or(*all)
            }
            Rule::Share(minute) => {
                let [answered, failed] = minute.at(now);
                *failed += 1;
                let all = *answered + *failed;
                (failure == Failure::RateLimit && !single)
                    || (*answered == 0 && all >= MANY)
                    || (2 * *failed > all && all >= FEW && !single)
            }
        };
        if opens {
            self.opened += u64::from(self.admits(now));
            self.until = now.saturating_add(self.span);
        }
        opens
    }

    /// Counts from zero again.
    pub fn reset_stats(&mut self) {
        self.opened = 0;
    }

    /// How often it began.
    pub const fn opened(&self) -> u64 {
        self.opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tenths: u64) -> Time {
        Time(tenths * 100_000_000)
    }

    fn cooldown(yaml: &str, single: bool, has_fallback: bool) -> Cooldown {
        let spec: ResilienceSpec = serde_yaml::from_str(yaml).unwrap();
        let standing = Standing { single, has_fallback, into_minute: Duration::ZERO };
        Cooldown::of(&spec, spec.cooldown_time, standing).unwrap()
    }

    /// The peer's own run (`benches/litellm_peer.py`, `allowed_fails_spaced`): failures at
    /// 2.91, 3.32, 4.15 and 4.97 s leave nobody out, those at 1.66, 2.08 and 2.49 do.
    #[test]
    fn failures_count_from_the_first_for_as_long_as_the_cooldown() {
        let mut open = cooldown("{ allowed_fails: 2, cooldown_time: 1s }", false, false);
        let fails = [29, 33, 41, 49].map(|t| open.failed(at(t), Failure::InternalServerError));
        assert_eq!(fails, [false; 4]);
        let mut open = cooldown("{ allowed_fails: 2, cooldown_time: 1s }", false, false);
        let fails = [17, 21, 25].map(|t| open.failed(at(t), Failure::Timeout));
        assert_eq!(fails, [false, false, true]);
        assert!(!open.admits(at(34)) && open.admits(at(35)), "all at once, and without a trial");
        assert_eq!(open.opened(), 1);
    }

    #[test]
    fn without_a_number_a_429_is_enough_and_half_of_five_requests() {
        let mut all = cooldown("{}", false, false);
        assert!(all.failed(at(0), Failure::RateLimit));
        let mut all = cooldown("{}", false, false);
        let fails: Vec<bool> =
            (0..5).map(|t| all.failed(at(t), Failure::InternalServerError)).collect();
        assert_eq!(fails, [false, false, false, false, true]);
        let mut half = cooldown("{}", false, false);
        (0..50).for_each(|t| half.succeeded(at(t)));
        assert!((0..50).all(|t| !half.failed(at(t), Failure::ServiceUnavailable)));
        assert!(half.failed(at(99), Failure::ServiceUnavailable), "51 of 101");
        assert!(!half.failed(at(600), Failure::Timeout), "another minute");
    }

    #[test]
    fn one_that_is_alone_stays_unless_a_fallback_stands() {
        let mut alone = cooldown("{ allowed_fails: 1 }", true, false);
        assert!((0..9).all(|t| !alone.failed(at(t), Failure::InternalServerError)));
        let mut backed = cooldown("{ allowed_fails: 1 }", true, true);
        assert!(!backed.failed(at(0), Failure::Timeout) && backed.failed(at(1), Failure::Timeout));
        let mut named =
            cooldown("{ allowed_fails_policy: { TimeoutErrorAllowedFails: 1 } }", true, false);
        assert!((0..9).all(|t| !named.failed(at(t), Failure::InternalServerError)));
        assert!(!named.failed(at(9), Failure::Timeout) && named.failed(at(10), Failure::Timeout));
        let mut none = cooldown("{}", true, false);
        assert!((0..900).all(|t| !none.failed(at(t % 500), Failure::RateLimit)));
    }

    #[test]
    fn what_is_not_the_server_s_fault_is_not_counted() {
        let mut open = cooldown("{ allowed_fails: 0 }", false, false);
        assert!(!open.failed(at(0), Failure::Connection));
        assert!(!open.failed(at(0), Failure::ContextWindow));
        assert!(open.failed(at(0), Failure::Timeout));
    }
}
