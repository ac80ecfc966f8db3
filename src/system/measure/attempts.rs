//! What became of attempts.

/// What became of measured requests' attempts, where a request may have several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts {
    /// Attempts that were sent to a replica, which took or refused them.
    pub sent: u64,
    /// Attempts that never came to one: none was up, the queue before all of them was
    /// full, or they were given up while they waited there.
    pub unsent: u64,
    /// Further ones after a failure, with the same model.
    pub retries: u64,
    /// Retries and hedges for which nothing was left in the budget.
    pub retries_denied: u64,
    /// Attempts made beside another.
    pub hedges: u64,
    /// Of these, those that were faster than it.
    pub hedges_won: u64,
    /// Turns to the next model after one failed for good.
    pub fallbacks: u64,
    /// Models next in turn that the budget did not pay for.
    pub fallbacks_denied: u64,
    /// Attempts given up for the time they took.
    pub timeouts: u64,
    /// Attempts refused by the provider (429).
    pub throttled: u64,
    /// Attempts lost in a crash.
    pub crashed: u64,
    /// Requests refused by a limit of their client.
    pub rate_limited: u64,
    /// Requests turned away so that others are served in time.
    pub shed: u64,
}
