//! Whose answers serve whom, and which of them crossed from one tenant to another.

use crate::cache::{CacheSpec, Key, KeyScopes, ScopeSpec, TenantsSpec};
use crate::cost::{CostSpec, TenantKind, Tenants};
use crate::serving::ModelSpec;
use crate::workload::{User, UserId};

/// The tenant of what was there at the start, and of users who were not.
pub const NOBODY: u32 = u32::MAX;

/// Whose answers may serve a request, and whose it gets.
#[derive(Clone, Debug, Default)]
pub struct Scopes {
    by: By,
    keys: KeyScopes,
    /// Who crossings are counted by.
    tenants: Option<Tenants>,
}

/// What tells scopes apart.
#[derive(Clone, Debug, Default)]
enum By {
    /// Nothing: there is one.
    #[default]
    Nothing,
    /// Who asks. Scope 0 is of users who were not there at first.
    Users(Tenants),
    /// The model that is asked for by name. Scope 0 is of requests that ask for none.
    Models(Vec<String>),
}

impl Scopes {
    /// Those of a cache before `models`, if there is one.
    pub fn new(
        cache: Option<&CacheSpec>,
        cost: &CostSpec,
        users: &[User],
        models: &[(String, ModelSpec)],
    ) -> Self {
        let Some(cache) = cache else { return Scopes::default() };
        let tell = |kind| Tenants::of_users(kind, cost, users);
        let by = match cache.scope {
            ScopeSpec::Global => By::Nothing,
            ScopeSpec::Class => By::Users(tell(TenantKind::Class)),
            ScopeSpec::Team => By::Users(tell(TenantKind::Team)),
            ScopeSpec::Key => By::Users(tell(TenantKind::Key)),
            ScopeSpec::User => By::Users(tell(TenantKind::User)),
            ScopeSpec::Model => By::Models(models.iter().map(|(name, _)| name.clone()).collect()),
        };
        let tenants = cache.tenants.map(|tenants| {
            tell(match tenants {
                TenantsSpec::Class => TenantKind::Class,
                TenantsSpec::Team => TenantKind::Team,
                TenantsSpec::Key => TenantKind::Key,
                TenantsSpec::User => TenantKind::User,
            })
        });
        let mut scopes = Scopes { by, keys: KeyScopes::default(), tenants };
        scopes.keys = KeyScopes::new(scopes.count());
        scopes
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self.names() {
            None => 1,
            Some(names) => names.len() + 1,
        }
    }

    /// How keys are kept apart.
    pub fn keys(&self) -> KeyScopes {
        self.keys
    }

    /// The scope of a request; `pinned` is the model that it asks for by name.
    #[inline]
    pub fn of(&self, user: UserId, pinned: impl FnOnce() -> Option<u32>) -> u32 {
        match &self.by {
            By::Nothing => 0,
            By::Users(tenants) => tenants.of(user).map_or(0, |tenant| tenant + 1),
            By::Models(_) => pinned().map_or(0, |model| model + 1),
        }
    }

    /// A key in a scope.
    #[inline]
    pub fn key(&self, key: Key, scope: u32) -> Key {
        self.keys.key(key, scope)
    }

    /// A key that was put into a scope, and the scope's name, which is empty for the first;
    /// `None` where there is one scope.
    pub fn parts(&self, key: Key) -> (Key, Option<&str>) {
        let Some(names) = self.names() else { return (key, None) };
        let (key, scope) = self.keys.parts(key);
        let name = (scope as usize).checked_sub(1).and_then(|index| names.get(index));
        (key, Some(name.map_or("", String::as_str)))
    }

    /// The scope of a name, as [`parts`](Scopes::parts) gives it.
    ///
    /// # Errors
    /// If there is no such scope: what was expected.
    pub fn named(&self, name: Option<&str>) -> Result<u32, String> {
        match (self.names(), name) {
            (None, None) | (Some(_), None | Some("")) => Ok(0),
            (None, Some(_)) => Err("this cache tells nobody apart: remove the column `scope`, or \
                                    set `cache.scope`"
                .to_owned()),
            (Some(names), Some(name)) => {
                let found = names.iter().position(|known| known == name);
                found.map(|index| index as u32 + 1).ok_or_else(|| {
                    let known = names.iter().map(String::as_str);
                    let hint = crate::spec::nearest(name, known)
                        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                    format!("there is no scope `{name}`{hint}")
                })
            }
        }
    }

    /// Who is told apart; `None` where nobody is.
    fn names(&self) -> Option<&[String]> {
        match &self.by {
            By::Nothing => None,
            By::Users(tenants) => Some(tenants.names()),
            By::Models(names) => Some(names),
        }
    }

    /// The tenant of a user, where crossings are counted.
    #[inline]
    pub fn tenant(&self, user: UserId) -> u32 {
        self.tenants.as_ref().and_then(|tenants| tenants.of(user)).unwrap_or(NOBODY)
    }

    /// Whether a user gets an answer that was made for another tenant.
    #[inline]
    pub fn crosses(&self, user: UserId, made_for: u32) -> bool {
        made_for != NOBODY && self.tenant(user) != made_for
    }
}
