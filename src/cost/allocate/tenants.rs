//! Who the tenants are.

use std::collections::BTreeMap;

use super::{AllocateSpec, AmongSpec};
use crate::cost::budget::{DEFAULT, Members};
use crate::cost::{ModelId, SharedBudgetSpec, UserId};

/// What requests are told apart by, and the tenants' names.
#[derive(Clone, Debug)]
pub(super) struct Tenants {
    pub names: Vec<String>,
    /// By user; empty where each model is a tenant.
    of_users: Vec<u32>,
}

impl Tenants {
    /// Those that a spec tells apart: of users (name and class), of teams with
    /// their members, or of models.
    pub fn new(
        spec: &AllocateSpec,
        users: &[(String, Option<String>)],
        teams: &BTreeMap<String, SharedBudgetSpec>,
        models: &[&str],
    ) -> Self {
        if spec.among == AmongSpec::Models {
            let names = models.iter().map(|name| (*name).to_owned()).collect();
            return Tenants { names, of_users: Vec::new() };
        }
        let mut names: Vec<String> = Vec::new();
        let mut indices: BTreeMap<&str, u32> = BTreeMap::new();
        let members = Members::of(teams);
        let mut of_users = Vec::with_capacity(users.len());
        for (user, class) in users {
            let class = class.as_deref();
            let name = match spec.among {
                AmongSpec::Users => user.as_str(),
                AmongSpec::Teams => members.first(user, class).map_or(DEFAULT, |(name, _)| name),
                AmongSpec::Classes | AmongSpec::Models => class.unwrap_or(DEFAULT),
            };
            let index = *indices.entry(name).or_insert_with(|| {
                names.push(name.to_owned());
                names.len() as u32 - 1
            });
            of_users.push(index);
        }
        Tenants { names, of_users }
    }

    /// Whether each model is a tenant.
    #[inline]
    pub fn are_models(&self) -> bool {
        self.of_users.is_empty()
    }

    /// The tenant of a request, by the user who asks and the model that is asked. A
    /// user who was not there at first belongs to none.
    #[inline]
    pub fn of(&self, user: UserId, model: ModelId) -> Option<usize> {
        let index = if self.are_models() {
            model.0
        } else {
            self.of_users.get(user.0 as usize).copied()?
        };
        Some(index as usize).filter(|index| *index < self.names.len())
    }
}
