//! Whose answers may serve whom.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Key;

/// Whose answers may serve a request: all, or those that were made for the same tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScopeSpec {
    /// All.
    #[default]
    Global,
    /// Those made for users of the same class.
    Class,
    /// Those made for the same team of `cost.teams`; users of no team share theirs.
    Team,
    /// Those made for the same API key of `cost.keys`; users without a key share theirs.
    Key,
    /// Those made for the same user.
    User,
    /// Those of requests that asked for the same model by name (a step's `model`);
    /// requests that leave the choice to `cost.select` share theirs. `LiteLLM`'s keys
    /// have the model's name in them.
    Model,
}

/// By whom crossings are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantsSpec {
    /// The class of a user.
    Class,
    /// The team of `cost.teams`; users of no team are one.
    Team,
    /// The API key of `cost.keys`; users without a key are one.
    Key,
    /// Each user.
    User,
}

/// Keys of equal questions in several scopes, kept apart without a collision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyScopes(u64);

impl Default for KeyScopes {
    fn default() -> Self {
        KeyScopes::new(1)
    }
}

impl KeyScopes {
    /// For scopes below `count`. With one scope a key is its own.
    pub fn new(count: usize) -> Self {
        // Odd, so that the product goes around 64 bits without meeting itself.
        KeyScopes(count.max(1) as u64 | 1)
    }

    /// The key in a scope.
    #[inline]
    pub const fn key(self, key: Key, scope: u32) -> Key {
        Key(key.0.wrapping_mul(self.0).wrapping_add(scope as u64))
    }

    /// The key that was put into a scope, and the scope; of keys that did not go around.
    #[inline]
    pub const fn parts(self, key: Key) -> (Key, u32) {
        (Key(key.0 / self.0), (key.0 % self.0) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_scope_changes_no_key_and_several_give_back_what_they_took() {
        assert_eq!(KeyScopes::new(1).key(Key(7), 0), Key(7));
        for count in [1, 2, 3, 10, 1000] {
            let scopes = KeyScopes::new(count);
            let mut seen = std::collections::BTreeSet::new();
            for key in [0, 1, 2, 999, 1 << 40] {
                for scope in 0..count as u32 {
                    let found = scopes.key(Key(key), scope);
                    assert_eq!(scopes.parts(found), (Key(key), scope));
                    assert!(seen.insert(found));
                }
            }
        }
    }
}
