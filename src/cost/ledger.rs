//! Who paid how much for which model.

use super::{ModelId, Money, UserId};

/// Everything that was charged, saved and refused in a run, since the last
/// [`reset_stats`](super::Optimizer::reset_stats).
///
/// Each charge is entered in three places; that the total equals the sum over
/// users and the sum over models, to the last pico-dollar, is
/// [`balances`](Ledger::balances).
#[derive(Clone, Debug)]
pub struct Ledger {
    total: Money,
    saved: Money,
    overshoot: Money,
    rejections: u64,
    models: Vec<ModelAccount>,
    users: Vec<UserAccount>,
}

/// What a model was paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelAccount {
    /// Answers charged.
    pub requests: u64,
    /// Tenths of an input token charged.
    pub input_decitokens: u64,
    /// Output tokens charged.
    pub output_tokens: u64,
    /// Money charged.
    pub charged: Money,
}

/// What a user paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserAccount {
    /// Answers charged.
    pub requests: u64,
    /// Tenths of an input token charged.
    pub input_decitokens: u64,
    /// Output tokens charged.
    pub output_tokens: u64,
    /// Money charged.
    pub charged: Money,
    /// Money that hits in a cache saved.
    pub saved: Money,
    /// Money by which charges went beyond the budget.
    pub overshoot: Money,
    /// Requests refused for want of budget.
    pub rejections: u64,
}

/// An answer to be paid for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Charge {
    pub user: UserId,
    pub model: ModelId,
    pub input_decitokens: u64,
    pub output_tokens: u32,
    pub amount: Money,
    /// How much of the amount lies beyond the user's budget.
    pub overshoot: Money,
}

impl Ledger {
    /// An empty ledger for so many models and users. More users are taken in
    /// when they are first seen.
    pub(super) fn new(models: usize, users: usize) -> Self {
        Ledger {
            total: Money::ZERO,
            saved: Money::ZERO,
            overshoot: Money::ZERO,
            rejections: 0,
            models: vec![ModelAccount::default(); models],
            users: vec![UserAccount::default(); users],
        }
    }

    /// Money charged.
    pub fn total(&self) -> Money {
        self.total
    }

    /// Money that hits in a cache saved.
    pub fn saved(&self) -> Money {
        self.saved
    }

    /// Money by which charges went beyond budgets.
    pub fn overshoot(&self) -> Money {
        self.overshoot
    }

    /// Requests refused for want of budget.
    pub fn rejections(&self) -> u64 {
        self.rejections
    }

    /// The models' accounts, by [`ModelId`].
    pub fn models(&self) -> &[ModelAccount] {
        &self.models
    }

    /// The users' accounts, by [`UserId`]: those given at first, and any seen
    /// since.
    pub fn users(&self) -> &[UserAccount] {
        &self.users
    }

    /// Whether every total equals the sum of its parts.
    pub fn balances(&self) -> bool {
        let users = |part: fn(&UserAccount) -> Money| self.users.iter().map(part).sum::<Money>();
        self.total == users(|user| user.charged)
            && self.total == self.models.iter().map(|model| model.charged).sum()
            && self.saved == users(|user| user.saved)
            && self.overshoot == users(|user| user.overshoot)
            && self.rejections == self.users.iter().map(|user| user.rejections).sum::<u64>()
    }

    #[inline]
    pub(super) fn charge(&mut self, charge: &Charge) {
        self.total += charge.amount;
        self.overshoot += charge.overshoot;
        let model = &mut self.models[charge.model.0 as usize];
        model.requests += 1;
        model.input_decitokens += charge.input_decitokens;
        model.output_tokens += u64::from(charge.output_tokens);
        model.charged += charge.amount;
        let user = self.user(charge.user);
        user.requests += 1;
        user.input_decitokens += charge.input_decitokens;
        user.output_tokens += u64::from(charge.output_tokens);
        user.charged += charge.amount;
        user.overshoot += charge.overshoot;
    }

    #[inline]
    pub(super) fn save(&mut self, user: UserId, amount: Money) {
        self.saved += amount;
        self.user(user).saved += amount;
    }

    #[inline]
    pub(super) fn reject(&mut self, user: UserId) {
        self.rejections += 1;
        self.user(user).rejections += 1;
    }

    /// Forgets everything entered so far.
    pub(super) fn reset(&mut self) {
        *self = Ledger::new(self.models.len(), self.users.len());
    }

    #[inline]
    fn user(&mut self, user: UserId) -> &mut UserAccount {
        let index = user.0 as usize;
        if index >= self.users.len() {
            self.users.resize(index + 1, UserAccount::default());
        }
        &mut self.users[index]
    }
}
