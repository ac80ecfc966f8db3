//! What users may spend, and what they have spent of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::{Money, UserId};
use crate::kernel::Time;
use crate::spec::{Problems, nearest};

/// The name of the budget of all who have none of their own.
const DEFAULT: &str = "default";

/// Budgets by the name of a user, of a class of users, or `default` for all
/// others. Every user has a budget of their own with the limits found there:
/// classes share limits, not money.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct BudgetsSpec(pub BTreeMap<String, BudgetSpec>);

/// The most that a user may spend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetSpec {
    /// The most in a calendar day (UTC). Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily: Option<Money>,
    /// The most in a calendar month (UTC). Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly: Option<Money>,
}

impl BudgetsSpec {
    /// The name under which a user's budget is found: their own, else that of
    /// their class, else `default`; else they have no budget.
    pub fn name_of<'a>(&'a self, user: &'a str, class: Option<&'a str>) -> Option<&'a str> {
        [Some(user), class, Some(DEFAULT)]
            .into_iter()
            .flatten()
            .find(|name| self.0.contains_key(*name))
    }

    /// Warns of budgets that no user has. Unknown `names` are not checked.
    pub fn check(&self, names: Option<&[&str]>, problems: &mut Problems) {
        let Some(names) = names else { return };
        for name in self.0.keys().filter(|name| *name != DEFAULT && !names.contains(&name.as_str()))
        {
            let hint = nearest(name, names.iter().copied().chain([DEFAULT]))
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            problems.at(name.as_str(), |p| {
                p.warn(format!("no user or class of users is called `{name}`{hint}"));
            });
        }
    }
}

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
}

impl Allowance {
    /// Whether it pays for `amount`. A user without a budget is not checked.
    #[inline]
    pub fn pays(self, amount: Money) -> bool {
        match self {
            Allowance::NoBudget | Allowance::Unlimited => true,
            Allowance::Left(left) => amount <= left,
        }
    }
}

/// All users' budgets during a run. Memory grows with the number of users only;
/// a user beyond those given at first is taken in when first seen, with the
/// `default` budget.
#[derive(Clone, Debug)]
pub(super) struct Budgets {
    calendar: Calendar,
    terms: Vec<Terms>,
    /// The terms of a user who was not given at first.
    others: u32,
    accounts: Vec<Account>,
}

/// What holds for a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Terms {
    NoBudget,
    Limited(BudgetSpec),
}

/// What a user has spent in the day and the month in which they last spent
/// anything. Both begin anew when the calendar has turned, which is noticed
/// when the account is next used.
#[derive(Clone, Copy, Debug)]
struct Account {
    /// Index of the [`Terms`]: many users, few budgets.
    terms: u32,
    day: u32,
    month: u32,
    spent_today: Money,
    spent_this_month: Money,
}

impl Budgets {
    /// The budgets of `users` (name and class), from `start` on. Without a spec
    /// nothing is limited.
    pub fn new(
        spec: Option<&BudgetsSpec>,
        users: &[(String, Option<String>)],
        start: jiff::Timestamp,
    ) -> Self {
        let unlimited = BudgetsSpec([(DEFAULT.to_owned(), BudgetSpec::default())].into());
        let spec = spec.unwrap_or(&unlimited);
        let named = spec.0.values().map(|&limits| Terms::Limited(limits));
        let terms: Vec<Terms> = [Terms::NoBudget].into_iter().chain(named).collect();
        let indices: BTreeMap<&str, u32> = spec.0.keys().map(String::as_str).zip(1..).collect();
        let terms_of = |user, class| spec.name_of(user, class).map_or(0, |name| indices[name]);
        Budgets {
            calendar: Calendar::new(start),
            terms,
            others: terms_of(DEFAULT, None),
            accounts: users
                .iter()
                .map(|(user, class)| Account::new(terms_of(user, class.as_deref())))
                .collect(),
        }
    }

    /// What `user` may still spend in this day and this month.
    #[inline]
    pub fn allowance(&mut self, user: UserId, now: Time) -> Allowance {
        let (terms, account) = self.account(user, now);
        let Terms::Limited(limits) = terms else { return Allowance::NoBudget };
        let today = limits.daily.map(|limit| limit - account.spent_today);
        let this_month = limits.monthly.map(|limit| limit - account.spent_this_month);
        match today.into_iter().chain(this_month).min() {
            None => Allowance::Unlimited,
            Some(left) => Allowance::Left(left.max(Money::ZERO)),
        }
    }

    /// Notes that `user` has spent `amount`. Returns by how much this took them
    /// beyond their limits: beyond the daily or the monthly one, whichever is
    /// more.
    #[inline]
    pub fn spend(&mut self, user: UserId, amount: Money, now: Time) -> Money {
        let (terms, account) = self.account(user, now);
        account.spent_today += amount;
        account.spent_this_month += amount;
        let Terms::Limited(limits) = terms else { return Money::ZERO };
        let beyond = |limit: Option<Money>, spent: Money| {
            limit.map_or(Money::ZERO, |limit| (spent - limit).clamp(Money::ZERO, amount))
        };
        beyond(limits.daily, account.spent_today)
            .max(beyond(limits.monthly, account.spent_this_month))
    }

    /// The terms and the account of `user`, turned to the present day and month.
    #[inline]
    fn account(&mut self, user: UserId, now: Time) -> (Terms, &mut Account) {
        let index = user.0 as usize;
        if index >= self.accounts.len() {
            self.accounts.resize(index + 1, Account::new(self.others));
        }
        let (day, month) = self.calendar.day_and_month(now);
        let account = &mut self.accounts[index];
        account.turn_to(day, month);
        (self.terms[account.terms as usize], account)
    }
}

impl Account {
    fn new(terms: u32) -> Self {
        Account { terms, day: 0, month: 0, spent_today: Money::ZERO, spent_this_month: Money::ZERO }
    }

    #[inline]
    fn turn_to(&mut self, day: u32, month: u32) {
        if self.day != day {
            self.day = day;
            self.spent_today = Money::ZERO;
        }
        if self.month != month {
            self.month = month;
            self.spent_this_month = Money::ZERO;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Duration;

    const ANN: UserId = UserId(0);

    fn usd(usd: f64) -> Money {
        Money::from_usd(usd)
    }

    fn left(usd: f64) -> Allowance {
        Allowance::Left(Money::from_usd(usd))
    }

    fn read(yaml: &str) -> BudgetsSpec {
        serde_yaml::from_str(yaml).unwrap()
    }

    fn budgets(yaml: &str, start: &str) -> Budgets {
        let users = [("ann".to_owned(), Some("vip".to_owned())), ("bob".to_owned(), None)];
        Budgets::new(Some(&read(yaml)), &users, start.parse().unwrap())
    }

    fn days(days: u64) -> Time {
        Time::ZERO + Duration::from_secs(86_400) * days
    }

    #[test]
    fn a_name_comes_before_a_class_and_a_class_before_the_default() {
        let spec = read("{ default: { daily: 1 }, vip: { daily: 2 }, ann: { daily: 3 } }");
        assert_eq!(spec.name_of("ann", Some("vip")), Some("ann"));
        assert_eq!(spec.name_of("bob", Some("vip")), Some("vip"));
        assert_eq!(spec.name_of("bob", Some("basic")), Some("default"));
        assert_eq!(spec.name_of("bob", None), Some("default"));
        assert_eq!(read("{ vip: {} }").name_of("bob", None), None);
    }

    #[test]
    fn a_day_s_spend_is_forgotten_at_midnight_and_a_month_s_on_the_first() {
        // 2024 is a leap year: 27, 28 and 29 February, then March.
        let mut budgets = budgets("{ ann: { daily: $1, monthly: $2.5 } }", "2024-02-27T00:00:00Z");
        for (day, before, after) in
            [(0, 1.0, 0.1), (1, 1.0, 0.1), (2, 0.7, 0.0), (3, 1.0, 0.1), (4, 1.0, 0.1)]
        {
            assert_eq!(budgets.allowance(ANN, days(day)), left(before), "day {day}");
            budgets.spend(ANN, usd(0.9), days(day));
            assert_eq!(budgets.allowance(ANN, days(day)), left(after), "day {day}");
        }
    }

    #[test]
    fn the_year_s_end_resets_a_month() {
        let mut budgets = budgets("{ ann: { monthly: $5 } }", "2025-12-31T23:59:59Z");
        budgets.spend(ANN, usd(4.0), Time::ZERO);
        assert_eq!(budgets.allowance(ANN, Time(999_999_999)), left(1.0));
        assert_eq!(budgets.allowance(ANN, Time(1_000_000_000)), left(5.0));
    }

    #[test]
    fn an_account_unused_for_exactly_a_year_is_reset_too() {
        let mut budgets = budgets("{ ann: { daily: $1, monthly: $5 } }", "2026-05-05T00:00:00Z");
        budgets.spend(ANN, usd(1.0), Time::ZERO);
        assert_eq!(budgets.allowance(ANN, days(365)), left(1.0));
    }

    #[test]
    fn overshoot_is_what_a_charge_adds_beyond_the_nearer_limit() {
        let mut budgets = budgets("{ ann: { daily: $1, monthly: $2 } }", "2026-01-30T00:00:00Z");
        let now = Time::ZERO;
        assert_eq!(budgets.spend(ANN, usd(0.9), now), usd(0.0));
        assert_eq!(budgets.spend(ANN, usd(0.3), now), usd(0.2), "daily by 0.2");
        assert_eq!(budgets.spend(ANN, usd(1.0), now), usd(1.0), "daily by 1.0, monthly by 0.2");
        assert_eq!(budgets.allowance(ANN, now), left(0.0));
        assert_eq!(budgets.spend(ANN, usd(0.5), days(1)), usd(0.5), "monthly by 0.5, daily by 0");
        assert_eq!(budgets.spend(ANN, usd(0.5), days(2)), usd(0.0), "February");
    }

    #[test]
    fn users_without_a_budget_and_budgets_without_a_limit_are_told_apart() {
        let mut budgets = budgets("{ vip: {} }", "2026-01-01T00:00:00Z");
        assert_eq!(budgets.allowance(ANN, Time::ZERO), Allowance::Unlimited);
        assert_eq!(budgets.allowance(UserId(1), Time::ZERO), Allowance::NoBudget);
        assert_eq!(budgets.allowance(UserId(7), Time::ZERO), Allowance::NoBudget);
        assert_eq!(budgets.spend(UserId(7), usd(1e6), Time::ZERO), Money::ZERO);
        let mut free = Budgets::new(None, &[], "2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(free.allowance(UserId(3), Time::ZERO), Allowance::Unlimited);
    }

    #[test]
    fn a_user_seen_later_has_the_default_budget_alone() {
        let mut budgets = budgets("{ default: { daily: $1 } }", "2026-01-01T00:00:00Z");
        budgets.spend(UserId(9), usd(0.25), Time::ZERO);
        assert_eq!(budgets.allowance(UserId(9), Time::ZERO), left(0.75));
        assert_eq!(budgets.allowance(UserId(8), Time::ZERO), left(1.0));
    }

    #[test]
    fn a_budget_for_nobody_is_questioned() {
        let spec = read("{ default: {}, vpi: {}, ann: {} }");
        let mut problems = Problems::default();
        spec.check(None, &mut problems);
        assert!(problems.list().is_empty());
        spec.check(Some(&["ann", "vip"]), &mut problems);
        let found = &problems.list()[0];
        assert_eq!((problems.list().len(), found.path.to_string().as_str()), (1, "vpi"));
        assert_eq!(found.message, "no user or class of users is called `vpi`; did you mean `vip`?");
    }

    #[test]
    fn a_misspelt_limit_is_refused() {
        let error = serde_yaml::from_str::<BudgetsSpec>("{ ann: { dayly: 1 } }").unwrap_err();
        assert!(error.to_string().contains("unknown field `dayly`"), "{error}");
    }
}
