//! Who paid how much for which model.

use super::{ModelId, Money, UserId};

/// Everything that was charged, saved and refused in a run, since the last
/// [`reset_stats`](super::Optimizer::reset_stats).
///
/// Each charge is entered in three places; that the total equals the sum over
/// users and servers, and the sum over models and fees, to the last pico-dollar,
/// is [`balances`](Ledger::balances).
#[derive(Clone, Debug)]
pub struct Ledger {
    total: Money,
    fees: Money,
    servers: Money,
    held: Money,
    saved: Money,
    overshoot: Money,
    rejections: u64,
    alerts: u64,
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
    /// Money for its servers by the hour, which no user is charged.
    pub servers: Money,
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
    /// Of the money charged, that for judges and the like.
    pub fees: Money,
    /// Money held for requests under way.
    pub held: Money,
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
            fees: Money::ZERO,
            servers: Money::ZERO,
            held: Money::ZERO,
            saved: Money::ZERO,
            overshoot: Money::ZERO,
            rejections: 0,
            alerts: 0,
            models: vec![ModelAccount::default(); models],
            users: vec![UserAccount::default(); users],
        }
    }

    /// Money charged, for tokens, fees and servers.
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

    /// How often soft limits were passed.
    pub fn alerts(&self) -> u64 {
        self.alerts
    }

    /// Of the money charged, that for judges and the like: for no model's tokens.
    pub fn fees(&self) -> Money {
        self.fees
    }

    /// Of the money charged, that for servers by the hour, which is no user's.
    pub fn servers(&self) -> Money {
        self.servers
    }

    /// Money held for requests under way.
    pub fn held(&self) -> Money {
        self.held
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

    /// Whether a total is more than can be counted. Totals only grow, so that one that
    /// overflowed stays at [`Money::MAX`].
    pub fn overflowed(&self) -> bool {
        [self.total, self.saved, self.overshoot].contains(&Money::MAX)
    }

    /// Whether every total equals the sum of its parts; not asked of one that
    /// [`overflowed`](Ledger::overflowed).
    pub fn balances(&self) -> bool {
        let users = |part: fn(&UserAccount) -> Money| self.users.iter().map(part).sum::<Money>();
        let models = |part: fn(&ModelAccount) -> Money| self.models.iter().map(part).sum::<Money>();
        self.total == users(|user| user.charged) + self.servers
            && self.total == models(|model| model.charged) + self.fees + self.servers
            && self.servers == models(|model| model.servers)
            && self.fees == users(|user| user.fees)
            && self.held == users(|user| user.held)
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

    /// Money of a user for something other than a model's tokens.
    #[inline]
    pub(super) fn fee(&mut self, user: UserId, amount: Money, overshoot: Money) {
        self.total += amount;
        self.fees += amount;
        self.overshoot += overshoot;
        let user = self.user(user);
        user.charged += amount;
        user.fees += amount;
        user.overshoot += overshoot;
    }

    /// Money for a model's servers.
    pub(super) fn serve(&mut self, model: ModelId, amount: Money) {
        self.total += amount;
        self.servers += amount;
        self.models[model.0 as usize].servers += amount;
    }

    /// Holds money for a request under way; a negative amount lets go of it.
    #[inline]
    pub(super) fn hold(&mut self, user: UserId, amount: Money) {
        self.held += amount;
        self.user(user).held += amount;
    }

    #[inline]
    pub(super) fn alert(&mut self) {
        self.alerts += 1;
    }

    /// Forgets everything entered so far, but what is held.
    pub(super) fn reset(&mut self) {
        let before = std::mem::replace(self, Ledger::new(self.models.len(), self.users.len()));
        self.held = before.held;
        for (user, before) in self.users.iter_mut().zip(&before.users) {
            user.held = before.held;
        }
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
