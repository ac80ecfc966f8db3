//! An amount divided anew each interval of a run.

use std::collections::BTreeMap;

use super::part::{Part, divide};
use super::tenants::Tenants;
use super::{AllocateSpec, RuleSpec};
use crate::cost::{ModelId, Money, SharedBudgetSpec, UserId};
use crate::kernel::Time;

/// A division of money or tokens under way, in pico-dollars or tenths of a token.
#[derive(Clone, Debug)]
pub struct Allocation {
    total: f64,
    /// Whether tokens are divided, not money.
    tokens: bool,
    every: u64,
    interval: u64,
    rule: RuleSpec,
    tenants: Tenants,
    parts: Vec<Part>,
    /// What is left of each part in the present interval.
    left: Vec<f64>,
}

impl Allocation {
    /// The division of a checked spec among users (name and class), the teams that
    /// they are in, or models.
    pub fn new(
        spec: &AllocateSpec,
        users: &[(String, Option<String>)],
        teams: &BTreeMap<String, SharedBudgetSpec>,
        models: &[&str],
    ) -> Self {
        let tenants = Tenants::new(spec, users, teams, models);
        let total = match (spec.money, spec.tokens) {
            (Some(money), _) => money.picos() as f64,
            (None, tokens) => tokens.unwrap_or(0) as f64 * 10.0,
        };
        let mut allocation = Allocation {
            total,
            tokens: spec.money.is_none(),
            every: spec.every.as_nanos().max(1),
            interval: 0,
            rule: spec.by,
            parts: tenants.names().iter().map(|name| Part::new(name, spec)).collect(),
            tenants,
            left: Vec::new(),
        };
        allocation.divide();
        allocation
    }

    /// Whether tokens are divided, not money.
    pub fn is_of_tokens(&self) -> bool {
        self.tokens
    }

    /// Whether each model is a tenant.
    pub fn is_among_models(&self) -> bool {
        self.tenants.are_models()
    }

    /// Divides anew if an interval is over.
    #[inline]
    pub fn turn_to(&mut self, now: Time) {
        let interval = now.as_nanos() / self.every;
        if interval != self.interval {
            self.interval = interval;
            self.divide();
        }
    }

    fn divide(&mut self) {
        self.left = divide(self.rule, self.total, &mut self.parts);
        for (part, given) in self.parts.iter_mut().zip(&self.left) {
            part.given_in_all += given;
        }
    }

    /// What is left of the part of a request's tenant: pico-dollars or tenths of a
    /// token. Of a user who came later there is no tenant, and nothing is limited.
    #[inline]
    pub fn left(&self, user: UserId, model: ModelId) -> f64 {
        self.tenants.of(user, model).map_or(f64::INFINITY, |index| self.left[index])
    }

    /// Notes what a request asks for, whether it is had or not.
    #[inline]
    pub fn want(&mut self, user: UserId, model: ModelId, amount: f64) {
        if let Some(index) = self.tenants.of(user, model) {
            self.parts[index].want(amount);
        }
    }

    /// Notes what a request has used.
    #[inline]
    pub fn spend(&mut self, user: UserId, model: ModelId, money: Money, decitokens: u64) {
        let amount = if self.tokens { decitokens as f64 } else { money.picos() as f64 };
        if let Some(index) = self.tenants.of(user, model) {
            self.left[index] -= amount;
            self.parts[index].used_in_all += amount;
        }
    }

    /// The tenants.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

#[cfg(test)]
mod tests {
    use super::super::fairness;
    use super::*;
    use crate::stats::jain;

    const MODEL: ModelId = ModelId(0);

    fn allocation(yaml: &str) -> Allocation {
        let users = [("ann", "vip"), ("bob", "default"), ("eve", "vip")]
            .map(|(user, class)| (user.to_owned(), Some(class.to_owned())));
        let team = SharedBudgetSpec {
            members: vec!["bob".to_owned(), "eve".to_owned()],
            ..SharedBudgetSpec::default()
        };
        let teams = [("search".to_owned(), team)].into();
        Allocation::new(&serde_yaml::from_str(yaml).unwrap(), &users, &teams, &["small", "large"])
    }

    fn lefts(it: &Allocation) -> [f64; 3] {
        [0, 1, 2].map(|user| it.left(UserId(user), MODEL) / 10.0)
    }

    #[test]
    fn parts_follow_what_was_wanted_in_the_last_interval() {
        let mut by_wish = allocation("{ tokens: 100, every: 1h, by: proportional }");
        assert_eq!(lefts(&by_wish), [50.0, 50.0, 50.0], "nobody has asked yet");
        by_wish.want(UserId(0), MODEL, 300.0);
        by_wish.want(UserId(1), MODEL, 100.0);
        by_wish.spend(UserId(2), MODEL, Money::ZERO, 200);
        assert_eq!(lefts(&by_wish), [30.0, 50.0, 30.0], "classes share");
        by_wish.turn_to(Time::from_secs(3600));
        assert_eq!(lefts(&by_wish), [75.0, 25.0, 75.0]);
        by_wish.turn_to(Time::from_secs(3 * 3600));
        assert_eq!(lefts(&by_wish), [50.0, 50.0, 50.0], "nobody asked again");
        assert_eq!(by_wish.parts()[0].given_in_all, 50.0 * 10.0 + 750.0 + 500.0);
    }

    #[test]
    fn money_among_users_is_divided_max_min_fair() {
        let mut fair = allocation("{ money: $9, every: 1h, among: users }");
        assert_eq!(fair.left(UserId(2), MODEL), 3e12);
        for (user, usd) in [(0, 1.0), (1, 5.0), (2, 9.0)] {
            fair.want(UserId(user), MODEL, usd * 1e12);
            fair.spend(UserId(user), MODEL, Money::from_usd(1.0), 0);
        }
        fair.turn_to(Time::from_secs(3600));
        assert_eq!([0, 1, 2].map(|user| fair.left(UserId(user), MODEL) / 1e12), [1.0, 4.0, 4.0]);
        assert!((fairness(fair.parts()) - jain([1.0, 0.2, 1.0 / 9.0])).abs() < 1e-12);
        assert_eq!(fair.left(UserId(99), MODEL), f64::INFINITY);
    }

    #[test]
    fn teams_and_models_are_tenants_too() {
        let mut teams =
            allocation("{ tokens: 90, among: teams, by: fixed, weights: { search: 2 } }");
        assert_eq!(lefts(&teams), [30.0, 60.0, 60.0], "ann is in no team");
        teams.spend(UserId(1), MODEL, Money::ZERO, 100);
        assert_eq!(lefts(&teams), [30.0, 50.0, 50.0]);
        let mut models = allocation("{ tokens: 90, among: models, weights: { large: 2 } }");
        models.spend(UserId(1), ModelId(1), Money::ZERO, 100);
        assert_eq!(lefts(&models), [30.0; 3]);
        assert_eq!(models.left(UserId(0), ModelId(1)), 500.0);
    }
}
