//! Budgets as several copies of a gateway know them.

use super::super::budget::{Budgets, Purse, Refused, Standing};
use crate::cost::{Money, Payer, UserId};
use crate::kernel::Time;

/// Budgets as they are, and as each copy of the gateway knows them: what all had spent when
/// they last told each other, and what went through itself since.
#[derive(Clone, Debug)]
pub(super) struct Views {
    truth: Budgets,
    /// By copy; empty where all know the truth.
    copies: Vec<Budgets>,
    /// Users of whom it does not know all; some of them more than once.
    unknown: Vec<UserId>,
}

impl Views {
    pub fn new(truth: Budgets) -> Self {
        Views { truth, copies: Vec::new(), unknown: Vec::new() }
    }

    /// So many copies look.
    pub fn look_from(&mut self, copies: usize) {
        if copies > 1 {
            self.copies = vec![self.truth.clone(); copies];
        }
    }

    /// What a copy takes a user to have left.
    #[inline]
    pub fn purse(&mut self, user: UserId, copy: u16, now: Time) -> Purse {
        match self.copies.get_mut(usize::from(copy)) {
            None => self.truth.purse(user, now),
            Some(view) => view.purse(user, now),
        }
    }

    /// See [`Budgets::refuse`].
    pub fn refuse(&mut self, payer: u32, needed: Money, now: Time) -> Refused {
        self.truth.refuse(payer, needed, now)
    }

    /// See [`Budgets::waited`].
    pub fn waited(&mut self) {
        self.truth.waited();
    }

    /// See [`Budgets::spend`]: by how much this took payers beyond their limits in truth.
    #[inline]
    pub fn spend(&mut self, payer: Payer, amount: Money, now: Time) -> (Money, bool) {
        if !self.copies.is_empty() {
            self.unknown.push(payer.user);
            if let Some(view) = self.view(payer) {
                view.spend(payer.user, amount, now);
            }
        }
        self.truth.spend(payer.user, amount, now)
    }

    /// See [`Budgets::hold`].
    #[inline]
    pub fn hold(&mut self, payer: Payer, amount: Money) {
        if !self.copies.is_empty() {
            self.unknown.push(payer.user);
            if let Some(view) = self.view(payer) {
                view.hold(payer.user, amount);
            }
        }
        self.truth.hold(payer.user, amount);
    }

    fn view(&mut self, payer: Payer) -> Option<&mut Budgets> {
        self.copies.get_mut(usize::from(payer.copy?))
    }

    /// Whether a copy does not know yet what another has charged or held.
    pub fn is_out_of_sync(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// All learn the truth.
    pub fn sync(&mut self) {
        self.unknown.sort_unstable();
        self.unknown.dedup();
        for view in &mut self.copies {
            self.unknown.iter().for_each(|user| view.learn(*user, &self.truth));
        }
        self.unknown.clear();
    }

    /// See [`Budgets::held`].
    pub fn held(&self) -> Money {
        self.truth.held()
    }

    /// See [`Budgets::standings`].
    pub fn standings(
        &self,
    ) -> impl Iterator<Item = (&str, Result<&str, UserId>, [Option<Money>; 3], Standing)> {
        self.truth.standings()
    }
}
