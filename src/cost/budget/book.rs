//! All accounts during a run, and who pays from which.

use std::collections::BTreeMap;

use super::Allowance;
use super::account::{Account, AtLimit, Spent, Standing, Terms};
use super::members::Members;
use super::spec::{BudgetSpec, BudgetsSpec};
use crate::cost::calendar::Calendar;
use crate::cost::{CostSpec, ModelId, Money, UserId};
use crate::kernel::Time;

const NOBODY: u32 = u32::MAX;

/// All payers' budgets during a run. Memory grows with the number of users
/// only; a user beyond those given at first is taken in when first seen, with
/// the `default` budget and that of everybody.
#[derive(Clone, Debug)]
pub(in crate::cost) struct Budgets {
    calendar: Calendar,
    terms: Vec<Terms>,
    /// The terms of a user who was not given at first.
    others: u32,
    /// First those that are shared, then one for each user.
    accounts: Vec<Account>,
    /// Kind and name of the shared ones.
    shared: Vec<(&'static str, String)>,
    /// By user: team, key and everybody; empty where nothing is shared.
    also: Vec<[u32; 3]>,
    everybody: u32,
    waiting: u32,
}

/// What a request may cost, and whose account says so.
#[derive(Clone, Copy, Debug)]
pub(in crate::cost) struct Purse {
    pub allowance: Allowance,
    /// The account with the least left, if there is a limit.
    pub payer: Option<u32>,
    /// The model that a soft limit leaves.
    pub soft: Option<ModelId>,
}

/// What becomes of a request that cannot be paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cost) enum Refused {
    Reject,
    Downgrade(ModelId),
    Wait(Time),
}

impl Budgets {
    /// The budgets of `users` (name and class), from `start` on. Without a spec
    /// nothing is limited.
    pub fn new(
        spec: &CostSpec,
        models: &[&str],
        users: &[(String, Option<String>)],
        start: jiff::Timestamp,
    ) -> Self {
        let unlimited = BudgetsSpec([(super::DEFAULT.to_owned(), BudgetSpec::default())].into());
        let own = spec.budgets.as_ref().unwrap_or(&unlimited);
        let mut terms = vec![Terms::none()];
        terms.extend(own.0.values().map(|limits| Terms::new(limits, models, start)));
        let indices: BTreeMap<&str, u32> = own.0.keys().map(String::as_str).zip(1..).collect();
        let terms_of = |user, class| own.name_of(user, class).map_or(0, |name| indices[name]);
        let mut budgets = Budgets {
            calendar: Calendar::new(start),
            terms,
            others: terms_of(super::DEFAULT, None),
            accounts: Vec::new(),
            shared: Vec::new(),
            also: Vec::new(),
            everybody: NOBODY,
            waiting: 0,
        };
        let mut share = |kind: &'static str, name: &str, limits: &BudgetSpec| {
            budgets.accounts.push(Account::new(budgets.terms.len() as u32));
            budgets.terms.push(Terms::new(limits, models, start));
            budgets.shared.push((kind, name.to_owned()));
            budgets.accounts.len() as u32 - 1
        };
        let mut also = vec![[NOBODY; 3]; users.len()];
        for (slot, (kind, all)) in
            [("team", &spec.teams), ("key", &spec.keys)].into_iter().enumerate()
        {
            let accounts: Vec<u32> =
                all.iter().map(|(name, shared)| share(kind, name, &shared.budget)).collect();
            let members = Members::of(all);
            for ((user, class), also) in users.iter().zip(&mut also) {
                if let Some((_, index)) = members.last(user, class.as_deref()) {
                    also[slot] = accounts[index];
                }
            }
        }
        if let Some(global) = &spec.global {
            let everybody = share("global", "global", global);
            for also in &mut also {
                also[2] = everybody;
            }
            budgets.everybody = everybody;
        }
        if !budgets.shared.is_empty() {
            budgets.also = also;
        }
        let own = users.iter().map(|(user, class)| Account::new(terms_of(user, class.as_deref())));
        budgets.accounts.extend(own);
        budgets
    }

    /// What `user` may still spend.
    #[inline]
    pub fn purse(&mut self, user: UserId, now: Time) -> Purse {
        let (mut limited, mut budget, mut payer, mut soft) = (false, false, None, None);
        let (mut least, mut used_up) = (Money::MAX, false);
        let payers = self.payers(user);
        // Who asks with a team's key is not held to a budget of their own.
        let of_team = self.accounts.get(payers[1] as usize);
        let of_team = of_team.is_some_and(|team| self.terms[team.terms as usize].while_any);
        let asked = payers.into_iter().skip(usize::from(of_team));
        for index in asked.filter(|index| *index != NOBODY) {
            let account = &mut self.accounts[index as usize];
            let terms = &self.terms[account.terms as usize];
            if !terms.limited {
                budget |= terms.budget;
                continue;
            }
            account.turn_to(terms, &mut self.calendar, now);
            (limited, budget) = (true, true);
            let mut left = account.left();
            if terms.while_any {
                used_up |= left <= Money::ZERO;
                left = if left > Money::ZERO { Money::MAX } else { left };
            }
            if left < least {
                (least, payer) = (left, Some(index));
            }
            if terms.at_soft.is_some() && account.is_soft(terms) {
                soft = terms.at_soft;
            }
        }
        let allowance = match (limited, budget) {
            _ if used_up => Allowance::Nothing,
            (true, _) => Allowance::Left(least.max(Money::ZERO)),
            (false, true) => Allowance::Unlimited,
            (false, false) => Allowance::NoBudget,
        };
        Purse { allowance, payer, soft }
    }

    /// What becomes of a request that the account `payer` cannot pay for, which
    /// needs so much at least.
    #[cold]
    pub fn refuse(&mut self, payer: u32, needed: Money, now: Time) -> Refused {
        let account = &mut self.accounts[payer as usize];
        let terms = &self.terms[account.terms as usize];
        account.exhaust(now);
        match terms.at_limit {
            AtLimit::Reject => Refused::Reject,
            AtLimit::Downgrade(model) => Refused::Downgrade(model),
            AtLimit::Queue(limit) if self.waiting >= limit => Refused::Reject,
            AtLimit::Queue(_) => {
                let until = account.begins_anew(terms, needed, &mut self.calendar, now);
                until.filter(|until| *until > now).map_or(Refused::Reject, |until| {
                    self.waiting += 1;
                    Refused::Wait(until)
                })
            }
        }
    }

    /// A request has waited for its budget.
    pub fn waited(&mut self) {
        self.waiting -= 1;
    }

    /// Notes that `user` has spent `amount`. Returns by how much this took the
    /// payers beyond their limits (the most of any limit), and whether it passed a
    /// soft one.
    #[inline]
    pub fn spend(&mut self, user: UserId, amount: Money, now: Time) -> (Money, bool) {
        let mut worst = Spent::default();
        for index in self.payers(user).into_iter().filter(|index| *index != NOBODY) {
            let account = &mut self.accounts[index as usize];
            let terms = &self.terms[account.terms as usize];
            account.turn_to(terms, &mut self.calendar, now);
            let spent = account.spend(terms, amount, now);
            worst.overshoot = worst.overshoot.max(spent.overshoot);
            worst.alerted |= spent.alerted;
        }
        (worst.overshoot, worst.alerted)
    }

    /// Holds `amount` for a request of `user`; a negative one lets go of it.
    #[inline]
    pub fn hold(&mut self, user: UserId, amount: Money) {
        for index in self.payers(user).into_iter().filter(|index| *index != NOBODY) {
            self.accounts[index as usize].hold(amount);
        }
    }

    /// Takes over from `other`, of the same payers, what it knows of those of `user`.
    pub fn learn(&mut self, user: UserId, other: &Budgets) {
        for index in self.payers(user).into_iter().filter(|index| *index != NOBODY) {
            if let Some(account) = other.accounts.get(index as usize) {
                self.accounts[index as usize].clone_from(account);
            }
        }
    }

    /// Money held by users.
    pub fn held(&self) -> Money {
        self.accounts[self.shared.len()..].iter().map(Account::held).sum()
    }

    /// The shared budgets and those of users that have a limit: kind, name (of a
    /// user, the number), limits of a day, a month and `max_budget`, and what
    /// became of them.
    pub fn standings(
        &self,
    ) -> impl Iterator<Item = (&str, Result<&str, UserId>, [Option<Money>; 3], Standing)> {
        let shared = self.shared.len();
        self.accounts.iter().enumerate().filter_map(move |(index, account)| {
            let terms = &self.terms[account.terms as usize];
            let limits = terms.limits_given();
            let name = match self.shared.get(index) {
                Some((kind, name)) => (*kind, Ok(name.as_str())),
                None if terms.limited => ("user", Err(UserId((index - shared) as u32))),
                None => return None,
            };
            Some((name.0, name.1, limits, account.standing))
        })
    }

    /// The accounts that pay for `user`.
    #[inline]
    fn payers(&mut self, user: UserId) -> [u32; 4] {
        let own = self.shared.len() + user.0 as usize;
        if own >= self.accounts.len() {
            self.accounts.resize(own + 1, Account::new(self.others));
        }
        let also = match self.also.get(user.0 as usize) {
            Some(also) => *also,
            None => [NOBODY, NOBODY, self.everybody],
        };
        [own as u32, also[0], also[1], also[2]]
    }
}

impl Terms {
    fn limits_given(&self) -> [Option<Money>; 3] {
        let none = Terms::none().limits[0];
        self.limits.map(|limit| (limit != none).then_some(limit))
    }
}
