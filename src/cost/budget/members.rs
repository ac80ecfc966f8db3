//! Who shares a budget.

use std::collections::{BTreeMap, HashMap};

use super::SharedBudgetSpec;

/// Who belongs to which of the budgets that several share: by the names of users and
/// of classes, so that finding a user's does not walk them all.
#[derive(Debug)]
pub(in crate::cost) struct Members<'s> {
    names: Vec<&'s str>,
    /// By a word that is a user's name or a class's: the first and the last budget that
    /// lists it.
    listed: HashMap<&'s str, (usize, usize)>,
    /// Budgets without a list, which those of the class of their name share.
    of_classes: HashMap<&'s str, usize>,
}

impl<'s> Members<'s> {
    pub fn of(budgets: &'s BTreeMap<String, SharedBudgetSpec>) -> Self {
        let (mut listed, mut of_classes) = (HashMap::new(), HashMap::new());
        for (index, (name, shared)) in budgets.iter().enumerate() {
            if shared.members.is_empty() {
                of_classes.insert(name.as_str(), index);
            }
            for member in &shared.members {
                listed.entry(member.as_str()).or_insert((index, index)).1 = index;
            }
        }
        Members { names: budgets.keys().map(String::as_str).collect(), listed, of_classes }
    }

    /// The first budget that a user (name and class) shares: its name and its index.
    pub fn first(&self, user: &str, class: Option<&str>) -> Option<(&'s str, usize)> {
        self.all(user, class).map(|(first, _)| first).min().map(|index| (self.names[index], index))
    }

    /// The last one.
    pub fn last(&self, user: &str, class: Option<&str>) -> Option<(&'s str, usize)> {
        self.all(user, class).map(|(_, last)| last).max().map(|index| (self.names[index], index))
    }

    fn all(&self, user: &str, class: Option<&str>) -> impl Iterator<Item = (usize, usize)> {
        let listed = [Some(user), class].map(|word| self.listed.get(word?).copied());
        let of_class = class.and_then(|class| self.of_classes.get(class));
        listed.into_iter().flatten().chain(of_class.map(|index| (*index, *index)))
    }
}

/// By user (name and class), the number of the budget that it shares, by name; `None` for those
/// who share none.
pub fn members<'u>(
    budgets: &'u BTreeMap<String, SharedBudgetSpec>,
    users: impl Iterator<Item = (&'u str, Option<&'u str>)> + 'u,
) -> impl Iterator<Item = Option<usize>> + 'u {
    let members = Members::of(budgets);
    users.map(move |(user, class)| members.last(user, class).map(|(_, index)| index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name_by_class_and_by_a_class_named_like_the_budget() {
        let shared = |members: &[&str]| SharedBudgetSpec {
            members: members.iter().map(|member| (*member).to_owned()).collect(),
            ..SharedBudgetSpec::default()
        };
        let budgets = [("a", &["ann", "vip"][..]), ("b", &[]), ("c", &["ann", "bob"])];
        let budgets = budgets.map(|(name, members)| (name.to_owned(), shared(members))).into();
        let members = Members::of(&budgets);
        let of = |user, class| {
            [members.first(user, class), members.last(user, class)]
                .map(|it| it.map(|(name, _)| name))
        };
        assert_eq!(of("ann", None), [Some("a"), Some("c")]);
        assert_eq!(of("bob", Some("vip")), [Some("a"), Some("c")]);
        assert_eq!(of("eve", Some("b")), [Some("b"), Some("b")]);
        assert_eq!(of("b", None), [None, None]);
        assert_eq!(of("eve", None), [None, None]);
    }
}
