//! What may be spent, and what has been spent of it.
//!
//! A request has up to four payers: its user, the user's team, the key that the
//! user asks with, and everybody together. Each is an account with limits of
//! its own, and a request is affordable if every one of them can pay. What a
//! request under way is expected to cost can be held until its bill is there.

mod account;
mod book;
mod members;
mod spec;
#[cfg(test)]
mod tests;
mod window;

pub use account::Standing;
pub use members::members;
pub use spec::{
    AtLimitSpec, AtSoftSpec, BudgetSpec, BudgetsSpec, ChargeSpec, DEFAULT, QueueSpec, ReserveSpec,
    SharedBudgetSpec,
};

pub(super) use book::{Budgets, Purse, Refused};
pub(super) use members::Members;
pub(super) use spec::{check_members, check_name, check_shared, is_default};

use super::Money;

/// What a user may still spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// There are budgets, but none for this user.
    NoBudget,
    /// Nothing limits this user.
    Unlimited,
    /// So much; never less than nothing, so that what is free can always be
    /// had.
    Left(Money),
    /// Nothing can be had, not even for free: a quota of tokens is used up.
    Nothing,
}

impl Allowance {
    /// How much is left, where anything limits it.
    pub fn least(self) -> Option<Money> {
        match self {
            Allowance::NoBudget | Allowance::Unlimited => None,
            Allowance::Left(left) => Some(left),
            Allowance::Nothing => Some(Money::ZERO),
        }
    }

    /// How many pico-dollars it pays for, `u64::MAX` at most.
    #[inline]
    pub(super) fn most_picos(self) -> u64 {
        match self {
            Allowance::Left(left) => left.picos().clamp(0, u64::MAX.into()) as u64,
            Allowance::NoBudget | Allowance::Unlimited => u64::MAX,
            Allowance::Nothing => 0,
        }
    }

    /// Whether it pays for `amount`. A user without a budget is not checked.
    #[inline]
    pub fn pays(self, amount: Money) -> bool {
        match self {
            Allowance::NoBudget | Allowance::Unlimited => true,
            Allowance::Left(left) => amount <= left,
            Allowance::Nothing => false,
        }
    }
}
