//! Users told apart by what they belong to.

use std::collections::BTreeMap;

use super::budget::{DEFAULT, Members};
use super::{CostSpec, SharedBudgetSpec, UserId};
use crate::workload::User;

/// What users are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantKind {
    /// The class of a user.
    Class,
    /// The first team of `cost.teams` that a user shares; who is in none is of the team
    /// `default`.
    Team,
    /// The first key of `cost.keys` that a user asks with; who has none asks with the key
    /// `default`.
    Key,
    /// Each user by itself.
    User,
}

/// The tenants of a system: each user is of one.
#[derive(Clone, Debug, Default)]
pub struct Tenants {
    names: Vec<String>,
    of_users: Vec<u32>,
}

impl Tenants {
    /// Tells users (name and class) apart; `shared` are the budgets of teams or of keys,
    /// whichever `kind` asks for. Tenants are numbered as users are met.
    pub fn new<'u>(
        kind: TenantKind,
        users: impl Iterator<Item = (&'u str, Option<&'u str>)>,
        shared: &BTreeMap<String, SharedBudgetSpec>,
    ) -> Self {
        let members = Members::of(shared);
        let mut tenants = Tenants::default();
        let mut indices: BTreeMap<String, u32> = BTreeMap::new();
        for (user, class) in users {
            let name = match kind {
                TenantKind::User => user,
                TenantKind::Class => class.unwrap_or(DEFAULT),
                TenantKind::Team | TenantKind::Key => {
                    members.first(user, class).map_or(DEFAULT, |(name, _)| name)
                }
            };
            let index = *indices.entry(name.to_owned()).or_insert_with(|| {
                tenants.names.push(name.to_owned());
                tenants.names.len() as u32 - 1
            });
            tenants.of_users.push(index);
        }
        tenants
    }

    /// Tells the users of a workload apart by the teams and keys of a `cost` block.
    pub fn of_users(kind: TenantKind, cost: &CostSpec, users: &[User]) -> Self {
        let shared = if kind == TenantKind::Team { &cost.teams } else { &cost.keys };
        let users = users.iter().map(|user| (user.name.as_str(), Some(&*user.class)));
        Tenants::new(kind, users, shared)
    }

    /// Their names, by number.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of a user's tenant. A user who was not there at first belongs to none.
    #[inline]
    pub fn of(&self, user: UserId) -> Option<u32> {
        self.of_users.get(user.0 as usize).copied()
    }
}
