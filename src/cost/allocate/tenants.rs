//! Who a fixed amount is divided among.

use std::collections::BTreeMap;

use super::{AllocateSpec, AmongSpec};
use crate::cost::{self, ModelId, SharedBudgetSpec, TenantKind, UserId};

/// What requests are told apart by.
#[derive(Clone, Debug)]
pub(super) enum Tenants {
    /// The user who asks.
    Users(cost::Tenants),
    /// The model that is asked, by its name.
    Models(Vec<String>),
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
        let kind = match spec.among {
            AmongSpec::Models => {
                return Tenants::Models(models.iter().map(|name| (*name).to_owned()).collect());
            }
            AmongSpec::Users => TenantKind::User,
            AmongSpec::Teams => TenantKind::Team,
            AmongSpec::Classes => TenantKind::Class,
        };
        let users = users.iter().map(|(user, class)| (user.as_str(), class.as_deref()));
        Tenants::Users(cost::Tenants::new(kind, users, teams))
    }

    /// Their names, by number.
    pub fn names(&self) -> &[String] {
        match self {
            Tenants::Users(tenants) => tenants.names(),
            Tenants::Models(names) => names,
        }
    }

    /// Whether each model is a tenant.
    #[inline]
    pub fn are_models(&self) -> bool {
        matches!(self, Tenants::Models(_))
    }

    /// The tenant of a request, by the user who asks and the model that is asked. A
    /// user who was not there at first belongs to none.
    #[inline]
    pub fn of(&self, user: UserId, model: ModelId) -> Option<usize> {
        match self {
            Tenants::Users(tenants) => tenants.of(user).map(|index| index as usize),
            Tenants::Models(names) => Some(model.0 as usize).filter(|index| *index < names.len()),
        }
    }
}
