//! An amount divided anew each interval of a run.

use super::{AllocateSpec, AmongSpec, Claim, RuleSpec, jain};
use crate::cost::{Money, UserId};
use crate::kernel::Time;

/// What a tenant has of the amount, in pico-dollars or tenths of a token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// The tenant's name.
    pub name: String,
    weight: f64,
    /// Of the present interval.
    given: f64,
    used: f64,
    wanted: f64,
    /// Of all intervals so far.
    pub given_in_all: f64,
    /// Used in all.
    pub used_in_all: f64,
    /// Asked for in all, whether it was had or not.
    pub wanted_in_all: f64,
}

/// A division under way.
#[derive(Clone, Debug)]
pub struct Allocation {
    total: f64,
    /// Whether tokens are divided, not money.
    tokens: bool,
    every: u64,
    interval: u64,
    rule: RuleSpec,
    parts: Vec<Part>,
    /// By user.
    tenants: Vec<u32>,
}

impl Allocation {
    /// The division of a checked spec among users (name and class).
    pub fn new(spec: &AllocateSpec, users: &[(String, Option<String>)]) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        let mut tenants = Vec::with_capacity(users.len());
        for (user, class) in users {
            let name = match spec.among {
                AmongSpec::Classes => class.as_deref().unwrap_or(crate::cost::budget::DEFAULT),
                AmongSpec::Users => user.as_str(),
            };
            let known = match spec.among {
                AmongSpec::Classes => parts.iter().position(|part| part.name == name),
                AmongSpec::Users => None,
            };
            tenants.push(known.unwrap_or(parts.len()) as u32);
            if known.is_none() {
                let weight = spec.weights.get(name).map_or(1.0, |weight| weight.get());
                parts.push(Part { name: name.to_owned(), weight, ..Part::default() });
            }
        }
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
            parts,
            tenants,
        };
        allocation.divide();
        allocation
    }

    /// Whether tokens are divided, not money.
    pub fn is_of_tokens(&self) -> bool {
        self.tokens
    }

    /// Divides anew if an interval is over: by what was wanted in the last one, or
    /// as if all wanted everything where that was nothing.
    #[inline]
    pub fn turn_to(&mut self, now: Time) {
        let interval = now.as_nanos() / self.every;
        if interval != self.interval {
            self.interval = interval;
            self.divide();
        }
    }

    fn divide(&mut self) {
        let nothing = self.parts.iter().all(|part| part.wanted == 0.0);
        let claim = |part: &Part| Claim {
            wanted: if nothing { self.total } else { part.wanted },
            weight: part.weight,
        };
        let claims: Vec<Claim> = self.parts.iter().map(claim).collect();
        let given = self.rule.divide(self.total, &claims);
        for (part, given) in self.parts.iter_mut().zip(given) {
            (part.given, part.used, part.wanted) = (given, 0.0, 0.0);
            part.given_in_all += given;
        }
    }

    /// What is left of a user's part: pico-dollars or tenths of a token.
    #[inline]
    pub fn left(&self, user: UserId) -> f64 {
        self.part(user).map_or(f64::INFINITY, |part| part.given - part.used)
    }

    /// Notes what a user asks for, whether it is had or not.
    #[inline]
    pub fn want(&mut self, user: UserId, amount: f64) {
        if let Some(part) = self.part_mut(user) {
            part.wanted += amount;
            part.wanted_in_all += amount;
        }
    }

    /// Notes what a user has used.
    #[inline]
    pub fn spend(&mut self, user: UserId, money: Money, decitokens: u64) {
        let amount = if self.tokens { decitokens as f64 } else { money.picos() as f64 };
        if let Some(part) = self.part_mut(user) {
            part.used += amount;
            part.used_in_all += amount;
        }
    }

    /// Of a user who came later there is no tenant, and nothing is limited.
    #[inline]
    fn part(&self, user: UserId) -> Option<&Part> {
        self.parts.get(*self.tenants.get(user.0 as usize)? as usize)
    }

    #[inline]
    fn part_mut(&mut self, user: UserId) -> Option<&mut Part> {
        self.parts.get_mut(*self.tenants.get(user.0 as usize)? as usize)
    }

    /// The tenants.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Jain's index of what each tenant got of what it wanted.
    pub fn fairness(&self) -> f64 {
        let wanting = self.parts.iter().filter(|part| part.wanted_in_all > 0.0);
        let shares: Vec<f64> =
            wanting.map(|part| (part.used_in_all / part.wanted_in_all).min(1.0)).collect();
        jain(&shares)
    }

    /// The utility of what was used, as a share of that of everything wanted:
    /// `weight x wanted x ln(1 + used / wanted)`, summed over tenants.
    pub fn utility(&self) -> f64 {
        let worth = |part: &Part, used: f64| {
            part.weight * part.wanted_in_all * libm::log1p((used / part.wanted_in_all).min(1.0))
        };
        let wanting = || self.parts.iter().filter(|part| part.wanted_in_all > 0.0);
        let had: f64 = wanting().map(|part| worth(part, part.used_in_all)).sum();
        had / wanting().map(|part| worth(part, part.wanted_in_all)).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Vec<(String, Option<String>)> {
        [("ann", "vip"), ("bob", "default"), ("eve", "vip")]
            .map(|(user, class)| (user.to_owned(), Some(class.to_owned())))
            .into()
    }

    fn allocation(yaml: &str) -> Allocation {
        Allocation::new(&serde_yaml::from_str(yaml).unwrap(), &users())
    }

    #[test]
    fn parts_follow_what_was_wanted_in_the_last_interval() {
        let mut by_wish = allocation("{ tokens: 100, every: 1h, by: proportional }");
        let lefts = |it: &Allocation| [0, 1, 2].map(|user| it.left(UserId(user)) / 10.0);
        assert_eq!(lefts(&by_wish), [50.0, 50.0, 50.0], "nobody has asked yet");
        by_wish.want(UserId(0), 300.0);
        by_wish.want(UserId(1), 100.0);
        by_wish.spend(UserId(2), Money::ZERO, 200);
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
        assert_eq!(fair.left(UserId(2)), 3e12);
        for (user, usd) in [(0, 1.0), (1, 5.0), (2, 9.0)] {
            fair.want(UserId(user), usd * 1e12);
            fair.spend(UserId(user), Money::from_usd(1.0), 0);
        }
        fair.turn_to(Time::from_secs(3600));
        assert_eq!([0, 1, 2].map(|user| fair.left(UserId(user)) / 1e12), [1.0, 4.0, 4.0]);
        assert!((fair.fairness() - jain(&[1.0, 0.2, 1.0 / 9.0])).abs() < 1e-12);
        assert_eq!(fair.left(UserId(99)), f64::INFINITY);
    }
}
