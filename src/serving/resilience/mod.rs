//! What a gateway does where models fail: one file for each means.
//!
//! | means | file |
//! |---|---|
//! | time between retries | [`backoff`] |
//! | when a second attempt is made | [`hedge`] |
//! | how many retries there may be in all | [`retry_budget`] |
//! | leaving out a server that fails | [`breaker`]: with a trial ([`half_open`]), without ([`cooldown`]) |
//! | kinds of failures | [`failure`] |
//! | so many requests and tokens a minute | [`token_bucket`] |
//! | turning away the less urgent first | [`admission`] |
//!
//! Timeouts, retries, hedges and fallbacks need the clock and are in the system
//! (`system::upstream`). Names are `LiteLLM`'s where it has them.

pub mod admission;
pub mod backoff;
pub mod breaker;
mod client_limits;
pub mod cooldown;
pub mod failure;
pub mod fallbacks;
pub mod half_open;
pub mod hedge;
pub mod minute;
pub mod retry_budget;
mod spec;
pub mod token_bucket;

pub use admission::AdmissionSpec;
pub use backoff::{Backoff, BackoffRule, BackoffSpec};
pub use breaker::Breaker;
pub use client_limits::{Admitted, ClientLimits};
pub use cooldown::Standing;
pub use failure::{Failure, PerFailureSpec};
pub use fallbacks::Chains;
pub use hedge::{HedgeDelay, HedgeSpec};
pub use minute::Minute;
pub use retry_budget::{RetryBudget, RetryBudgetSpec};
pub use spec::{CooldownSpec, Per, RateLimitSpec, ResilienceSpec};
pub use token_bucket::{Limits, TokenBucket};
